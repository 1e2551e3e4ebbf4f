import type { LightAbortSignal } from './light-abort-signal.js';

/** Time. */
export interface Clock {
  readonly now: () => Date;
  /** Resolves after a while, or at once when the signal aborts. Never rejects. */
  readonly sleep: (milliseconds: number, signal?: LightAbortSignal) => Promise<void>;
  /** Calls back once, after a while. What it returns calls that off. */
  readonly after: (milliseconds: number, callback: () => void) => () => void;
}
