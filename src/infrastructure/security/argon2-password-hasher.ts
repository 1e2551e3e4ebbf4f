import { randomBytes } from 'node:crypto';

import { hash, verify, type Options } from '@node-rs/argon2';

import { normalizePassword } from '#application/domain/password-rules.js';
import type { PasswordHasher } from '#application/ports/password-hasher.js';

import { ConcurrencyLimit } from './concurrency-limit.js';

interface HasherOptions {
  /** How many passwords are worked on at once, each in a thread of libuv's pool. */
  readonly concurrency: number;
  /** How many may wait for that. */
  readonly maxWaiting?: number;
}

/** OWASP's Password Storage Cheat Sheet for argon2id, the package's default kind: 19 MiB, two passes, one lane. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } satisfies Options;

/**
 * Hashes with argon2id (RFC 9106) off the event loop. A hash that can't be read, and none at all, cost what a good one
 * costs and are answered with no. Both methods throw `overloaded` when too many callers wait.
 */
export function createArgon2PasswordHasher({ concurrency, maxWaiting = 200 }: HasherOptions): PasswordHasher {
  const limit = new ConcurrencyLimit({ concurrency, maxWaiting, retryAfterSeconds: 5 });
  const hashOfNobody = makeHashOfNobody();
  return {
    hash: (password) => limit.run(() => hash(normalizePassword(password), parameters)),
    verify: (storedHash, given) =>
      limit.run(async () => {
        const password = normalizePassword(given);
        if (storedHash !== undefined) {
          const verdict = await verify(storedHash, password).catch(() => undefined);
          if (verdict !== undefined) return verdict;
        }
        await verify(hashOfNobody, password);
        return false;
      }),
  };
}

/** A hash in the form that argon2 prints (PHC string), with random bytes for salt and digest: no password fits it. */
function makeHashOfNobody(): string {
  const { memoryCost, timeCost, parallelism } = parameters;
  const salt = unpaddedBase64(randomBytes(16));
  const digest = unpaddedBase64(randomBytes(32));
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${salt}$${digest}`;
}

function unpaddedBase64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/u, '');
}
