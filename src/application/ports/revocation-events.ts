import type { Revocation } from '../domain/revocation.js';

/**
 * Tells other instances of revocations. Best effort: they may come late, twice or never, so everybody looks into the
 * database now and then.
 */
export interface RevocationEvents {
  /** For other instances: this one knows. Never throws and never waits. */
  readonly publishRevocations: (revocations: readonly Revocation[]) => void;
  /** Calls the listener with what other instances publish. */
  readonly listenForRevocations: (listener: (revocations: readonly Revocation[]) => void) => void;
}
