/** What dispatchers tell each other. */
export type DispatchSignal = { readonly kind: 'wake' } | { readonly kind: 'cancel'; readonly commandId: string };

/**
 * Nudges for the dispatchers of this and of all other instances. The row is the truth: a lost nudge makes something
 * late, never lost.
 */
export interface DispatchSignals {
  /** Never throws and never waits. This instance hears it at once, others as soon as they can. */
  readonly send: (signal: DispatchSignal) => void;
  readonly listen: (listener: (signal: DispatchSignal) => void) => void;
  readonly close: () => Promise<void>;
}
