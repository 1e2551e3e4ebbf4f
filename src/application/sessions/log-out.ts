import type { AnonymousActor, UserActor } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { AccessRevocations } from '../ports/access-revocations.js';
import type { RefreshTokens } from '../ports/access-tokens.js';
import type { Clock } from '../ports/clock.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';

interface Dependencies {
  readonly refreshTokens: RefreshTokens;
  readonly accessRevocations: AccessRevocations;
  readonly clock: Clock;
  readonly audit: AuditAct;
}

/** Who leaves, and what of theirs ends. */
export interface LogOutInput {
  /** Shows whose session it is, where no access token does. */
  readonly refreshToken: string | undefined;
  readonly scope: 'this-session' | 'all-sessions';
}

type Leaving = Pick<Work, 'users' | 'sessions' | 'auditLog' | 'afterCommit'>;

/**
 * Ends a session, or all sessions of its user. What has ended already needs no further end, but only a session that stands
 * may end the others. Throws `not-authenticated`, `invalid-refresh-token`, or `session-ended`.
 */
export function logOut({ refreshTokens, accessRevocations, clock, audit }: Dependencies) {
  return async (work: Leaving, caller: AnonymousActor | UserActor, input: LogOutInput): Promise<void> => {
    const actor = caller.kind === 'user' ? caller : await holderOf(work, caller, input.refreshToken);
    const login = await work.sessions.findLogin(actor.sessionId);
    if (input.scope === 'this-session') {
      if (login !== undefined) endThis(work, actor);
    } else if (login === undefined) {
      throw new ApplicationError('session-ended', 'The session has ended. Log in again to end the others.');
    } else {
      await endAll(work, actor);
    }
  };

  function endThis(work: Leaving, actor: UserActor): void {
    const { sessionId } = actor;
    work.sessions.revokeFamily(sessionId);
    work.auditLog.append(
      audit(actor, { action: 'session.log-out', entityType: 'session', entityId: sessionId, outcome: 'success' }),
    );
    work.afterCommit(() => accessRevocations.announce([{ kind: 'session', sessionId }]));
  }

  async function endAll(work: Leaving, actor: UserActor): Promise<void> {
    // Held, so that no login that is under way slips through.
    await work.users.loadToChange(actor.userId);
    const ended = await work.sessions.revokeFamiliesOf(actor.userId);
    work.auditLog.append(
      audit(actor, {
        action: 'session.log-out-all',
        entityType: 'user',
        entityId: actor.userId,
        outcome: 'success',
        details: { ended_sessions: ended.length },
      }),
    );
    work.afterCommit(() => accessRevocations.announce(ended.map((sessionId) => ({ kind: 'session', sessionId }))));
  }

  /** The owner of a refresh token, used up or not. */
  async function holderOf(
    work: Pick<Work, 'users' | 'sessions'>,
    { origin }: AnonymousActor,
    refreshToken: string | undefined,
  ): Promise<UserActor> {
    if (refreshToken === undefined) {
      throw new ApplicationError('not-authenticated', 'Send the access token, or the refresh token in the body.');
    }
    const session = await work.sessions.findByRefreshTokenHash(refreshTokens.hash(refreshToken));
    const user = session === undefined ? undefined : await work.users.load(session.userId);
    if (session === undefined || user === undefined) {
      throw new ApplicationError('invalid-refresh-token', 'The refresh token is not one of ours, or it is long over.');
    }
    const { id: userId, username, role, accessVersion } = user;
    const access = { sessionId: session.familyId, accessVersion, accessUntil: clock.now() };
    return { kind: 'user', userId, username, role, ...access, origin };
  }
}
