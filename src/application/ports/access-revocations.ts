import type { UserActor } from '../domain/actor.js';
import type { Revocation } from '../domain/revocation.js';

/** What an access token says of the access that it gives. */
export type GivenAccess = Pick<UserActor, 'userId' | 'sessionId' | 'accessVersion' | 'accessUntil'>;

/**
 * Whose access has ended although the token hasn't. Kept in memory, so that asking costs nothing. This instance knows at
 * once, the others within 5 s, with or without a channel between them.
 */
export interface AccessRevocations {
  /** For after the commit. Never throws and never waits. */
  readonly announce: (revocations: readonly Revocation[]) => void;
  /** Throws `database-unavailable` as long as it can't know. */
  readonly isRevoked: (access: GivenAccess) => boolean;
  /** Calls the listener after it has learnt of something new, from whomever. */
  readonly onNews: (listener: () => void) => void;
}
