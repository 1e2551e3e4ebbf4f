/**
 * Tells, once, that something has to end: the part of an AbortSignal (WHATWG DOM, 3.2) that this code uses, so that every
 * AbortSignal is one.
 */
export interface LightAbortSignal {
  readonly aborted: boolean;
  /** What it was aborted with. */
  readonly reason: Error;
  /** Throws the reason if it is aborted. */
  readonly throwIfAborted: () => void;
  /** The listener is called once, when it aborts; never when it has. */
  readonly addEventListener: (type: 'abort', listener: () => void, options?: { readonly once: boolean }) => void;
  readonly removeEventListener: (type: 'abort', listener: () => void) => void;
}
