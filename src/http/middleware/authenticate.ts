import type { KeyObject } from 'node:crypto';

import type { Request, RequestHandler, Response } from 'express';
import { LRUCache } from 'lru-cache';
import { Passport } from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { z } from 'zod';

import type { UserActor } from '#application/domain/actor.js';
import { ApplicationError } from '#application/domain/errors.js';
import { roles } from '#application/domain/user.js';
import type { AccessRevocations } from '#application/ports/access-revocations.js';

import { contextOf } from './request-context.js';

/** With what access tokens are checked. */
export interface AccessTokenVerification {
  readonly key: KeyObject;
  readonly algorithm: 'HS256' | 'HS384' | 'HS512';
  readonly issuer: string;
  readonly audience: string;
}

/** The claims that a token must have; it is signed by us, so this only refuses those of another time. */
const claimsSchema = z.object({
  sub: z.guid(),
  sid: z.guid(),
  username: z.string(),
  role: z.enum(roles),
  /** Tokens of a time before there were versions are older than all of them. */
  ver: z.int().nonnegative().default(0),
  exp: z.int(),
});

type Claims = z.output<typeof claimsSchema>;

/** A client uses its token for many requests; what was verified once stays so until the token ends. */
const rememberedTokens = 2000;

/**
 * Gives the actor of a request, or throws `not-authenticated`, `token-expired`, `invalid-token` or `session-ended`. Asks no
 * database.
 */
export type Authenticate = (request: Request, response: Response) => Promise<UserActor>;

/** Checks the bearer token (RFC 6750) with passport-jwt, and that its access was not revoked. */
export function authenticate(
  verification: AccessTokenVerification,
  revocations: Pick<AccessRevocations, 'isRevoked'>,
): Authenticate {
  const check = remembering(verifier(verification, { ignoreExpiration: false }));
  return async (request, response) => {
    const actor = toActor(await check(request, response), request);
    if (revocations.isRevoked(actor)) throw sessionEnded();
    return actor;
  };
}

/** As `authenticate`, for who wants to leave: the token may have expired, and its session may have ended. */
export function authenticateLeaving(verification: AccessTokenVerification): Authenticate {
  const check = verifier(verification, { ignoreExpiration: true });
  return async (request, response) => toActor(await check(request, response), request);
}

/** A token is good, but the access that it gave is over. */
export function sessionEnded(): ApplicationError {
  return new ApplicationError(
    'session-ended',
    'The session has ended, or the account has changed. Get a new access token with the refresh token, or log in again.',
  );
}

type Verify = (request: Request, response: Response) => Promise<Claims>;

function verifier(
  { key, algorithm, issuer, audience }: AccessTokenVerification,
  { ignoreExpiration }: { readonly ignoreExpiration: boolean },
): Verify {
  const passport = new Passport();
  const options = {
    jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
    // A KeyObject is what the verification takes; a text would be made into one anew for each token. Only the types lack it.
    secretOrKey: key as unknown as Buffer,
    algorithms: [algorithm],
    issuer,
    audience,
    ignoreExpiration,
  };
  passport.use(
    new Strategy(options, (payload: unknown, done) => {
      const claims = claimsSchema.safeParse(payload);
      done(null, claims.success ? claims.data : false);
    }),
  );
  return (request, response) =>
    new Promise((resolve, reject) => {
      const decide = (error: unknown, claims: Claims | false | undefined, info: unknown): void => {
        if (error instanceof Error) reject(error);
        else if (claims === false || claims === undefined) reject(refusal(request, info));
        else resolve(claims);
      };
      const handler = passport.authenticate('jwt', { session: false }, decide) as RequestHandler;
      void handler(request, response, reject);
    });
}

/** Verifies a token once, as long as it hasn't ended. */
function remembering(verify: Verify): Verify {
  const verified = new LRUCache<string, Claims>({ max: rememberedTokens });
  return async (request, response) => {
    const header = request.headers.authorization ?? '';
    const known = verified.get(header);
    if (known !== undefined && Date.now() < known.exp * 1000) return known;
    const claims = await verify(request, response);
    verified.set(header, claims);
    return claims;
  };
}

function toActor(claims: Claims, request: Request): UserActor {
  return {
    kind: 'user',
    userId: claims.sub,
    username: claims.username,
    role: claims.role,
    sessionId: claims.sid,
    accessVersion: claims.ver,
    accessUntil: new Date(claims.exp * 1000),
    origin: contextOf(request).origin,
  };
}

function refusal(request: Request, info: unknown): ApplicationError {
  if (request.get('authorization') === undefined) {
    return new ApplicationError('not-authenticated', 'Send an access token: Authorization: Bearer <token>.');
  }
  if (info instanceof Error && info.name === 'TokenExpiredError') {
    return new ApplicationError('token-expired', 'The access token has expired. Get a new one with the refresh token.');
  }
  return new ApplicationError('invalid-token', 'The access token is not valid. Log in again.');
}
