import { join } from 'node:path';

import type { EnvironmentName } from './environment-name.js';
import { Secret } from './secret.js';
import type { SettingsReader } from './settings-reader.js';

/** A key that credentials of vehicles are sealed with. */
export interface CredentialKey {
  readonly id: string;
  /** 32 bytes in base64. */
  readonly secret: Secret;
}

/** The keys: given, the one that seals first; or one that is made by the service and kept in a file. */
export type CredentialKeySource =
  | { readonly kind: 'given'; readonly keys: readonly CredentialKey[] }
  | { readonly kind: 'generated'; readonly file: string };

/** Credentials of vehicles. */
export interface CredentialSettings {
  readonly keys: CredentialKeySource;
}

const keyBytes = 32;
const expectation = `one or more of id:key with commas between them, each key ${keyBytes} random bytes in base64 or hexadecimal`;

/** Reads the settings of vehicle credentials. */
export function readCredentialSettings(
  reader: SettingsReader,
  environment: EnvironmentName,
  dataDirectory: string,
): CredentialSettings {
  const name = 'CREDENTIALS_KEYS';
  const keys = reader.list(name, expectation, (text) => toKey(text) !== undefined).flatMap((text) => toKey(text) ?? []);
  if (new Set(keys.map(({ id }) => id)).size < keys.length)
    reader.complain(name, 'must give each key an id of its own');
  if (keys.length > 0) return { keys: { kind: 'given', keys } };
  if (environment === 'production' && !reader.hasComplaint(name)) {
    reader.complain(name, `is required in production: ${expectation}`);
  }
  return { keys: { kind: 'generated', file: join(dataDirectory, 'credentials-key') } };
}

function toKey(text: string): CredentialKey | undefined {
  const [, id, base64, hex] =
    /^([A-Za-z0-9][\w.-]{0,63}):(?:([A-Za-z0-9+/]{43}=)|([\da-f]{64}))(?![\s\S])/iu.exec(text) ?? [];
  if (id === undefined) return undefined;
  const bytes = hex === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(hex, 'hex');
  return bytes.length === keyBytes ? { id, secret: new Secret(bytes.toString('base64')) } : undefined;
}
