import { createSecretKey } from 'node:crypto';

import jwt from 'jsonwebtoken';

import type { Caller } from './statements.js';

/** What a peer is started with. */
export const environment = {
  databaseUrl: process.env['DATABASE_URL'] ?? '',
  port: Number(process.env['PORT']),
  secret: process.env['JWT_SECRET'] ?? '',
  maxConnections: 30,
};

const key = createSecretKey(Buffer.from(environment.secret));

/** How tokens are checked, as the service does it. */
export const tokenRules = { algorithms: ['HS256'], issuer: 'sovd-fleet', audience: 'sovd-fleet-api' } as const;

/** Who asks; undefined when the token is not valid. */
export function callerOf(authorization: string | undefined): Caller | undefined {
  if (authorization?.startsWith('Bearer ') !== true) return undefined;
  try {
    return jwt.verify(authorization.slice(7), key, { ...tokenRules, algorithms: ['HS256'] }) as unknown as Caller;
  } catch {
    return undefined;
  }
}

/** Tells whoever started the peer that it takes requests. */
export function tellReady(): void {
  process.stdout.write('ready\n');
  process.once('SIGTERM', () => process.exit(0));
}
