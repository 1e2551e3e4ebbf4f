import type { Actor } from '../domain/actor.js';
import type { CommandStep } from '../domain/command.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AuditAct } from './audit-act.js';

/** The name under which the dispatcher stands in transitions and in the audit log. */
export const dispatcherName = 'dispatcher';

const dispatcher: Actor = { kind: 'service', name: dispatcherName };

/** Notes the end of a command in the audit log, when the step is one. Whoever ended it is the actor. */
export function recordEnd(
  work: Pick<Work, 'auditLog'>,
  { after, transitions }: CommandStep,
  audit: AuditAct,
  actor: Actor = dispatcher,
): void {
  if (!after.isFinal) return;
  const { record } = after;
  work.auditLog.append(
    audit(actor, {
      action: 'command.end',
      entityType: 'command',
      entityId: record.id,
      vehicleId: record.vehicleId,
      commandId: record.id,
      outcome: record.status === 'completed' ? 'success' : 'failure',
      details: {
        command_name: record.name,
        status: record.status,
        error_code: record.errorCode ?? null,
        reason: transitions.at(-1)?.reason ?? null,
      },
    }),
  );
}
