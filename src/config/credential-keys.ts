import { createHash } from 'node:crypto';

import type { CredentialKey, CredentialKeySource } from './credential-settings.js';
import { loadOrMakeSecret } from './jwt-secret.js';
import { Secret } from './secret.js';

/** The keys of vehicle credentials, the one that seals first: as they were given, or out of a file. Throws as `loadOrMakeSecret` does. */
export async function obtainCredentialKeys(source: CredentialKeySource): Promise<readonly CredentialKey[]> {
  if (source.kind === 'given') return source.keys;
  const secret = await loadOrMakeSecret(source.file);
  const key = createHash('sha256').update(secret.reveal()).digest('base64');
  return [{ id: 'generated', secret: new Secret(key) }];
}
