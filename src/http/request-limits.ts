import type { Request, Response } from 'express';

import { ApplicationError } from '#application/domain/errors.js';

import { contextOf } from './middleware/request-context.js';

/** What a caller has left, after this request was counted. */
export interface Allowance {
  readonly policy: 'user' | 'address';
  readonly quota: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Until the count begins anew. */
  readonly resetSeconds: number;
  /** How many requests above the quota this one is; 0 when it isn't. */
  readonly excess: number;
}

/** Counts requests, of each user and of each address that came without one. Costs no more than a look into a table. */
export interface RequestLimits {
  readonly countUser: (userId: string) => Allowance;
  readonly countAddress: (ipAddress: string | undefined) => Allowance;
}

/** Counts a request of somebody who has not logged in, and tells what is left. Throws `rate-limited`. */
export function countAnonymous(limits: RequestLimits, request: Request, response: Response): void {
  const allowance = limits.countAddress(contextOf(request).origin.ipAddress);
  tell(response, allowance);
  if (allowance.excess > 0) throw tooManyRequests(allowance);
}

/**
 * Counts a request of a user, tells what is left, and gives the refusal if that is nothing. Only the first refusal of a
 * window is worth a line in the audit log; a flood must not become a flood of writes.
 */
export function countUser(
  limits: RequestLimits,
  userId: string,
  response: Response,
): { readonly error: ApplicationError; readonly isFirst: boolean } | undefined {
  const allowance = limits.countUser(userId);
  tell(response, allowance);
  return allowance.excess > 0 ? { error: tooManyRequests(allowance), isFirst: allowance.excess === 1 } : undefined;
}

/** The fields of draft-ietf-httpapi-ratelimit-headers-10. */
function tell(response: Response, { policy, quota, windowSeconds, remaining, resetSeconds }: Allowance): void {
  response.setHeader('RateLimit-Policy', `"${policy}";q=${quota};w=${windowSeconds}`);
  response.setHeader('RateLimit', `"${policy}";r=${remaining};t=${resetSeconds}`);
}

function tooManyRequests({ quota, windowSeconds, resetSeconds }: Allowance): ApplicationError {
  return new ApplicationError('rate-limited', `More than ${quota} requests in ${windowSeconds} s are too many.`, {
    retryAfterSeconds: resetSeconds,
  });
}
