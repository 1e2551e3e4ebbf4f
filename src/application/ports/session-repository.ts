import type { Revocation } from '../domain/revocation.js';
import type { Login, Session } from '../domain/session.js';
import type { Page, PageRequest } from './paging.js';
import type { PurgeStep } from './purge-step.js';

/** Logins and their refresh tokens. */
export interface SessionRepository {
  readonly findByRefreshTokenHash: (hash: string) => Promise<Session | undefined>;
  /** Whether the login that a family stands for still stands: not revoked, not expired, its user active. */
  readonly isFamilyAlive: (familyId: string) => Promise<boolean>;
  /** The login that a family stands for, while it stands. */
  readonly findLogin: (familyId: string) => Promise<Login | undefined>;
  /** A user's logins that stand, newest first. */
  readonly listLogins: (userId: string, page: PageRequest) => Promise<Page<Login>>;
  /** Noted. */
  readonly add: (session: Session) => void;
  /** Noted: the token was used; two uses at the same time are a `ConcurrentChange` for one of them. */
  readonly rotate: (session: Session, at: Date) => void;
  /** Noted: no token of the family works any more. */
  readonly revokeFamily: (familyId: string) => void;
  /**
   * Ends all logins of a user, or all but one, within the unit's transaction, and gives the ids of their families. Whoever
   * has locked the user before misses none.
   */
  readonly revokeFamiliesOf: (userId: string, exceptFamilyId?: string) => Promise<readonly string[]>;
  /** What was revoked in the last so many seconds, by the clock of the database: sessions, and accesses of users. */
  readonly listRevocations: (seconds: number) => Promise<readonly Revocation[]>;
  /** Deletes sessions that can't be used any more, at most so many, within the unit's transaction. */
  readonly purgeExpired: (limit: number) => Promise<PurgeStep>;
}
