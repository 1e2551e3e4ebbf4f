/** Time. */
export interface Clock {
  readonly now: () => Date;
  /** Resolves after a while, or at once when the signal aborts. Never rejects. */
  readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** Calls back once, after a while. What it returns calls that off. */
  readonly after: (milliseconds: number, callback: () => void) => () => void;
}
