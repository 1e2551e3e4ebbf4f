import { createHmac, randomBytes } from 'node:crypto';

import type { ModeModel, Requirements } from './car-model.js';
import { negativeResponse, preconditionNotFulfilled, SovdError } from './sovd-error.js';

/** What each mode can be set to; the first value is the one that it falls back to. */
const modeValues = {
  session: ['default', 'extended', 'programming'],
  security: ['locked', 'level1'],
  dtcsetting: ['on', 'off'],
} as const satisfies Record<ModeModel['id'], readonly string[]>;

const secret = 'sovd-fleet simulator';
const maxWrongKeys = 3;
const lockedOutMillis = 10_000;
const securityAccess = 0x27;

/** The key that unlocks a seed: the first 4 bytes of HMAC-SHA-256 over its bytes, as lower-case hex. */
export function securityKey(seedHex: string): string {
  return createHmac('sha256', secret).update(Buffer.from(seedHex, 'hex')).digest('hex').slice(0, 8);
}

/**
 * The diagnostic session, security access and fault setting of an entity, each falling back when its time is over.
 *
 * Security: locked → (seed asked for) → level1 with the right key. It needs a session other than the default one,
 * and is locked again when the session ends. Three wrong keys close it for ten seconds.
 */
export class ModeStates {
  readonly #values = new Map<ModeModel['id'], { readonly value: string; readonly expiresAt: number }>();
  #seed: string | undefined;
  #wrongKeys = 0;
  #closedUntil = 0;

  valueOf(id: ModeModel['id']): string {
    if (id === 'security' && this.valueOf('session') === 'default') return modeValues.security[0];
    const state = this.#values.get(id);
    return state !== undefined && state.expiresAt > Date.now() ? state.value : modeValues[id][0];
  }

  /** Sets a mode for a time; the value must be one of `allowedValues`. */
  set(id: ModeModel['id'], value: string, expiresInSeconds: number): void {
    if (id === 'session' && value !== this.valueOf('session')) this.#values.delete('security');
    this.#values.set(id, { value, expiresAt: Date.now() + expiresInSeconds * 1000 });
  }

  allowedValues(id: ModeModel['id']): readonly string[] {
    return modeValues[id];
  }

  /** A fresh seed for security access. Throws 409 in the default session, 403 after too many wrong keys. */
  requestSeed(): string {
    if (this.valueOf('session') === 'default') {
      throw preconditionNotFulfilled('Security access needs the extended session.', { session: 'extended' });
    }
    if (Date.now() < this.#closedUntil) throw securityRefusal(403, 0x37, 'Too many wrong keys; wait and try again.');
    this.#seed = randomBytes(4).toString('hex');
    return this.#seed;
  }

  /** Unlocks with the key of the last seed. A seed serves once. */
  unlock(level: string, key: string | undefined, expiresInSeconds: number): void {
    const seed = this.#seed;
    this.#seed = undefined;
    if (seed === undefined) throw securityRefusal(409, 0x24, 'Ask for a seed first.');
    if (key === undefined || normalHex(key) !== securityKey(seed)) throw this.#wrongKey();
    this.#wrongKeys = 0;
    this.set('security', level, expiresInSeconds);
  }

  /** Throws when the session or the security state isn't the one that is needed. */
  demand(required: Requirements): void {
    const session = this.valueOf('session');
    if (required.session !== undefined && session !== required.session) {
      throw preconditionNotFulfilled(`This needs the ${required.session} session.`, { session });
    }
    if (required.security !== undefined && this.valueOf('security') !== required.security) {
      const message = `This needs security access ${required.security}.`;
      throw new SovdError(403, { error_code: 'insufficient-access-rights', message });
    }
  }

  #wrongKey(): SovdError {
    this.#wrongKeys += 1;
    if (this.#wrongKeys < maxWrongKeys) return securityRefusal(403, 0x35, 'The key is wrong.');
    this.#wrongKeys = 0;
    this.#closedUntil = Date.now() + lockedOutMillis;
    return securityRefusal(403, 0x36, 'Too many wrong keys.');
  }
}

function securityRefusal(status: number, responseCode: number, message: string): SovdError {
  return new SovdError(status, negativeResponse(securityAccess, responseCode, message));
}

function normalHex(key: string): string {
  return key.toLowerCase().replaceAll('0x', '').replaceAll(/\s/gu, '');
}
