import { join } from 'node:path';

import type { EnvironmentName } from './environment-name.js';
import { Secret } from './secret.js';
import type { SettingsReader } from './settings-reader.js';

/** The algorithms with which access tokens can be signed (RFC 7518 section 3.2). */
export const jwtAlgorithms = ['HS256', 'HS384', 'HS512'] as const;

/** One of them. */
export type JwtAlgorithm = (typeof jwtAlgorithms)[number];

/** The secret that signs access tokens: given, or made by the service and kept in a file. */
export type JwtSecretSource =
  { readonly kind: 'given'; readonly secret: Secret } | { readonly kind: 'generated'; readonly file: string };

/** Access tokens. */
export interface JwtSettings {
  readonly secret: JwtSecretSource;
  readonly algorithm: JwtAlgorithm;
  readonly expirationMinutes: number;
}

/** How many failed logins cost nothing, and how long the delays can get that grow from there. */
export interface LoginSettings {
  /** For an account from one address. */
  readonly freeTries: number;
  readonly freeTriesPerAddress: number;
  /** For an account from all addresses together. */
  readonly freeTriesPerAccount: number;
  readonly maxDelaySeconds: number;
}

/** Who gets in. */
export interface SecuritySettings {
  readonly jwt: JwtSettings;
  /** How many passwords are hashed at once. Each takes a thread of libuv's pool (4 by default) and 19 MiB. */
  readonly passwordHashConcurrency: number;
  readonly logins: LoginSettings;
  /** How often an instance looks for sessions and accesses that ended and that nobody told it of. */
  readonly revocationsPollMillis: number;
}

/** What a secret needs at least (RFC 7518 section 3.2: as many bits as HS256 puts out). */
export const minSecretBytes = 32;

/** The value that `.env.example` shows. Everybody can read it, so it signs nothing. */
const sampleSecret = 'replace-this-with-the-output-of--openssl-rand-base64-48';

const tries = { minimum: 1, maximum: 1_000_000 };

/** Reads the security settings. */
export function readSecuritySettings(
  reader: SettingsReader,
  environment: EnvironmentName,
  dataDirectory: string,
): SecuritySettings {
  return {
    jwt: {
      secret: readJwtSecret(reader, environment) ?? { kind: 'generated', file: join(dataDirectory, 'jwt-secret') },
      algorithm: reader.choice('JWT_ALGORITHM', jwtAlgorithms, 'HS256'),
      expirationMinutes: reader.wholeNumber('JWT_EXPIRATION_MINUTES', { fallback: 15, minimum: 1, maximum: 1440 }),
    },
    logins: {
      freeTries: reader.wholeNumber('LOGIN_FREE_TRIES', { fallback: 5, ...tries }),
      freeTriesPerAddress: reader.wholeNumber('LOGIN_FREE_TRIES_PER_ADDRESS', { fallback: 50, ...tries }),
      freeTriesPerAccount: reader.wholeNumber('LOGIN_FREE_TRIES_PER_ACCOUNT', { fallback: 100, ...tries }),
      maxDelaySeconds: reader.wholeNumber('LOGIN_MAX_DELAY_SECONDS', { fallback: 900, minimum: 1, maximum: 86_400 }),
    },
    revocationsPollMillis: reader.wholeNumber('REVOCATIONS_POLL_MS', { fallback: 2000, minimum: 100, maximum: 60_000 }),
    passwordHashConcurrency: reader.wholeNumber('PASSWORD_HASH_CONCURRENCY', { fallback: 2, minimum: 1, maximum: 64 }),
  };
}

function readJwtSecret(reader: SettingsReader, environment: EnvironmentName): JwtSecretSource | undefined {
  const text = reader.text('JWT_SECRET');
  if (text === undefined) {
    if (environment === 'production') {
      reader.complain('JWT_SECRET', `is required in production: at least ${minSecretBytes} random bytes`);
    }
    return undefined;
  }
  if (text.trim() === sampleSecret) {
    reader.complain('JWT_SECRET', 'must be a secret of your own, not the sample of .env.example');
    return undefined;
  }
  if (Buffer.byteLength(text) < minSecretBytes) {
    reader.complain('JWT_SECRET', `must be at least ${minSecretBytes} bytes long`);
    return undefined;
  }
  return { kind: 'given', secret: new Secret(text) };
}
