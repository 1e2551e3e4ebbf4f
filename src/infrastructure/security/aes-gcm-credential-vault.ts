import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';

import {
  CredentialsUnreadable,
  type SealedCredentials,
  type VehicleCredentials,
} from '#application/domain/vehicle-credentials.js';
import type { CredentialVault } from '#application/ports/credential-vault.js';
import type { CredentialKey } from '#config/credential-settings.js';

const algorithm = 'aes-256-gcm';
const formatVersion = 1;
const ivBytes = 12;
const tagBytes = 16;
const headBytes = 1 + ivBytes + tagBytes;

/**
 * AES-256-GCM (NIST SP 800-38D) with a random IV for each sealing: a byte for the format, the IV, the tag, the ciphertext. Vehicle,
 * origin and key are authenticated along with it, so that nothing of one vehicle can be put in the place of another's. The first
 * key seals, all of them open. Throws without a key.
 */
export function openCredentialVault(keys: readonly CredentialKey[]): CredentialVault {
  const byId = new Map(keys.map(({ id, secret }) => [id, createSecretKey(secret.reveal(), 'base64')]));
  const [first] = byId;
  if (first === undefined) throw new Error('a vault needs a key');
  const [keyId, sealingKey] = first;

  function seal(credentials: VehicleCredentials, vehicleId: string, origin: string): SealedCredentials {
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv(algorithm, sealingKey, iv, { authTagLength: tagBytes });
    cipher.setAAD(contextOf(keyId, vehicleId, origin));
    const plain = Buffer.from(JSON.stringify(credentials));
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    plain.fill(0);
    return { keyId, origin, bytes: Buffer.concat([Buffer.of(formatVersion), iv, cipher.getAuthTag(), sealed]) };
  }

  function open({ keyId: usedKeyId, origin, bytes }: SealedCredentials, vehicleId: string): VehicleCredentials {
    const key = byId.get(usedKeyId);
    if (key === undefined) throw new CredentialsUnreadable(`there is no key ${usedKeyId}`);
    if (bytes[0] !== formatVersion || bytes.length <= headBytes) throw new CredentialsUnreadable('not in our format');
    try {
      const decipher = createDecipheriv(algorithm, key, bytes.subarray(1, 1 + ivBytes), { authTagLength: tagBytes });
      decipher.setAAD(contextOf(usedKeyId, vehicleId, origin));
      decipher.setAuthTag(bytes.subarray(1 + ivBytes, headBytes));
      const plain = Buffer.concat([decipher.update(bytes.subarray(headBytes)), decipher.final()]);
      const credentials = JSON.parse(plain.toString()) as VehicleCredentials;
      plain.fill(0);
      return credentials;
    } catch (error) {
      throw new CredentialsUnreadable('they are not what was sealed for this vehicle with this key', error);
    }
  }

  return { keyId, seal, open };
}

function contextOf(keyId: string, vehicleId: string, origin: string): Buffer {
  return Buffer.from(JSON.stringify(['sovd-fleet vehicle credentials', formatVersion, keyId, vehicleId, origin]));
}
