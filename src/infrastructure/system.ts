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

/** UUIDv7 (RFC 9562 section 5.7), each greater than the ones before in this process. */
export const uuidV7Identifiers: Identifiers = { next: () => v7() };
