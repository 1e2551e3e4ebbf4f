import { createSecretKey, type KeyObject } from 'node:crypto';

/** What a peer is started with: the same that the service gets. */
export interface PeerSettings {
  readonly port: number;
  readonly databaseUrl: string;
  readonly jwtSecret: string;
  readonly jwtKey: KeyObject;
  /** `info` writes a line for each request, as the service does; at `warn` nobody does. */
  readonly logLevel: string;
  /** As many connections as the service may open. */
  readonly connections: number;
}

/** Reads the environment of a peer. Throws when something is missing. */
export function readPeerSettings(): PeerSettings {
  const read = (name: string): string => {
    const value = process.env[name];
    if (value === undefined) throw new Error(`${name} is missing`);
    return value;
  };
  const jwtSecret = read('JWT_SECRET');
  return {
    port: Number(read('PORT')),
    databaseUrl: read('DATABASE_URL'),
    jwtSecret,
    jwtKey: createSecretKey(jwtSecret, 'utf8'),
    logLevel: read('LOG_LEVEL'),
    connections: Number(read('DB_POOL_MAX')),
  };
}
