import type { LightAbortSignal } from '#application/ports/light-abort-signal.js';
import { once } from 'node:events';

import type { Response } from 'express';

/** A reader to whom not one byte could be sent for so long is gone, or as good as gone. */
const stuckReaderMillis = 30_000;

/** Waits until the reader has taken what was written. False: it is gone or stuck, or the signal aborted. */
export async function isDrained(response: Response, signal: LightAbortSignal): Promise<boolean> {
  // Starts again whenever the system takes some bytes: a large piece may need its time on a slow way.
  response.setTimeout(stuckReaderMillis);
  const isTaken = await new Promise<boolean>((resolve) => {
    const end = (isDrainedNow: boolean): void => {
      response.off('drain', take).off('error', lose);
      signal.removeEventListener('abort', lose);
      resolve(isDrainedNow);
    };
    const take = (): void => end(true);
    const lose = (): void => end(false);
    response.once('drain', take).once('error', lose);
    signal.addEventListener('abort', lose, { once: true });
    if (signal.aborted) lose();
  });
  response.setTimeout(0);
  return isTaken;
}

/** Ends an answer. What is still on its way out belongs to it, and so does a reader who never takes it. */
export async function endAnswer(response: Response): Promise<void> {
  if (response.closed) return;
  const closed = once(response, 'close').catch(() => undefined);
  response.setTimeout(stuckReaderMillis);
  response.end();
  await closed;
}

/** Breaks an answer off whose reader is stuck, so that whoever waits for the reader hears of it. */
export function refuseStuckReader(response: Response): void {
  response.once('timeout', () => response.destroy());
}
