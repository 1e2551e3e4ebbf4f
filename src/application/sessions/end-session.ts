import type { UserActor } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { AccessRevocations } from '../ports/access-revocations.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';

interface Dependencies {
  readonly accessRevocations: AccessRevocations;
  readonly audit: AuditAct;
}

/** Ends one of the actor's own sessions. Throws `session-not-found` for any other. */
export function endSession({ accessRevocations, audit }: Dependencies) {
  return async (
    work: Pick<Work, 'sessions' | 'auditLog' | 'afterCommit'>,
    actor: UserActor,
    sessionId: string,
  ): Promise<void> => {
    const login = await work.sessions.findLogin(sessionId);
    if (login?.userId !== actor.userId) {
      throw new ApplicationError('session-not-found', 'You have no such session, or it has ended.');
    }
    work.sessions.revokeFamily(sessionId);
    work.auditLog.append(
      audit(actor, { action: 'session.end', entityType: 'session', entityId: sessionId, outcome: 'success' }),
    );
    work.afterCommit(() => accessRevocations.announce([{ kind: 'session', sessionId }]));
  };
}
