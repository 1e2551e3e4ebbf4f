import type { Session } from '../domain/session.js';

/** Logins and their refresh tokens. */
export interface SessionRepository {
  readonly findByRefreshTokenHash: (hash: string) => Promise<Session | undefined>;
  /** Whether the login that a family stands for still stands: not revoked, not expired, its user active. */
  readonly isFamilyAlive: (familyId: string) => Promise<boolean>;
  /** Noted. */
  readonly add: (session: Session) => void;
  /** Noted: the token was used; two uses at the same time are a `ConcurrentChange` for one of them. */
  readonly rotate: (session: Session, at: Date) => void;
  /** Noted: no token of the family works any more. */
  readonly revokeFamily: (familyId: string, at: Date) => void;
}
