import type { LightAbortSignal } from '#application/ports/light-abort-signal.js';
/** Waits, at most until one of the signals aborts. Never rejects, and leaves no timer and no listener behind. */
export function pause(milliseconds: number, signals: readonly LightAbortSignal[]): Promise<void> {
  if (milliseconds <= 0 || signals.some((signal) => signal.aborted)) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    for (const signal of signals) signal.addEventListener('abort', end);
  });
}
