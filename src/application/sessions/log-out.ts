import type { UserActor } from '../domain/actor.js';
import type { Clock } from '../ports/clock.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';

interface Dependencies {
  readonly clock: Clock;
  readonly audit: AuditAct;
}

/** Ends the session that the actor came with. Its refresh token is dead at once. */
export function logOut({ clock, audit }: Dependencies) {
  return (work: Pick<Work, 'sessions' | 'auditLog'>, actor: UserActor): Promise<void> => {
    work.sessions.revokeFamily(actor.sessionId, clock.now());
    const act = {
      action: 'session.log-out',
      entityType: 'session',
      entityId: actor.sessionId,
      outcome: 'success',
    } as const;
    work.auditLog.append(audit(actor, act));
    return Promise.resolve();
  };
}
