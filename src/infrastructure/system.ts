import { randomFillSync } from 'node:crypto';

import { v7 } from 'uuid';

import type { Clock } from '#application/ports/clock.js';
import type { Identifiers } from '#application/ports/identifiers.js';

/** The longest that a timer of Node takes; above it fires at once. */
const maxTimerMillis = 2_147_483_647;

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, Math.min(milliseconds, maxTimerMillis));
      signal?.addEventListener('abort', end, { once: true });
    }),
  after: (milliseconds, callback) => {
    const timer = setTimeout(callback, Math.min(milliseconds, maxTimerMillis));
    return () => clearTimeout(timer);
  },
};

/**
 * Collects at once, of what was made a moment ago, what nobody needs any more: within a millisecond or a few, the more of it is
 * still needed. Only where a program may ask for it (`--expose-gc`).
 */
export function collectYoungObjects(): void {
  globalThis.gc?.({ type: 'minor' });
}

/** A call for thousands of random bytes takes hardly longer than one for the sixteen of an id. */
const randomBytes = Buffer.alloc(4096);
let usedBytes = randomBytes.length;

/** The time of the last id, and its number: those of a millisecond are counted on (RFC 9562 section 6.2, method 1). */
let lastMillis = 0;
let lastNumber = 0;

/** UUIDv7 (RFC 9562 section 5.7), each greater than the ones before in this process. */
export const uuidV7Identifiers: Identifiers = {
  next: () => {
    if (usedBytes === randomBytes.length) {
      randomFillSync(randomBytes);
      usedBytes = 0;
    }
    const random = randomBytes.subarray(usedBytes, usedBytes + 16);
    usedBytes += 16;
    const now = Date.now();
    lastNumber = now > lastMillis ? random.readInt32BE(6) & 0x7fff_ffff : (lastNumber + 1) | 0;
    lastMillis = Math.max(now, lastNumber === 0 ? lastMillis + 1 : lastMillis);
    return v7({ msecs: lastMillis, seq: lastNumber, random });
  },
};
