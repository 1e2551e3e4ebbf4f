import { requireCommand } from '../access/visibility.js';
import type { UserActor } from '../domain/actor.js';
import type { Command, KnownOutcome } from '../domain/command.js';
import { ApplicationError } from '../domain/errors.js';
import type { Clock } from '../ports/clock.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AnnounceStep } from '../record/announce-step.js';
import type { AuditAct } from '../record/audit-act.js';
import { recordEnd } from '../record/record-end.js';

interface Dependencies {
  readonly clock: Clock;
  readonly audit: AuditAct;
  readonly announce: AnnounceStep;
}

/** What somebody found out about a command whose outcome nobody could know. */
export interface Finding {
  readonly outcome: KnownOutcome;
  /** How they know, in their words. */
  readonly reason: string;
}

/**
 * Says how a command ended of which nobody could know it. Works once: a late answer of the vehicle, or somebody else, may be
 * faster. Throws `command-not-found`, `role-insufficient` or `outcome-not-unknown`.
 */
export function settleCommand({ clock, audit, announce }: Dependencies) {
  return async (
    work: Pick<Work, 'commands' | 'auditLog' | 'afterCommit'>,
    actor: UserActor,
    commandId: string,
    { outcome, reason }: Finding,
  ): Promise<Command> => {
    const command = await requireCommand(work, actor, commandId, 'engineer');
    if (command.status !== 'outcome_unknown') {
      throw new ApplicationError('outcome-not-unknown', `The command is ${command.status}.`, {
        extensions: { command_status: command.status },
      });
    }
    const step = command.settle(outcome, { at: clock.now(), by: actor.username, reason });
    work.commands.advance(step);
    work.auditLog.append(
      audit(actor, {
        action: 'command.settle',
        entityType: 'command',
        entityId: command.id,
        vehicleId: command.record.vehicleId,
        commandId: command.id,
        outcome: 'success',
        details: { status: outcome, reason },
      }),
    );
    recordEnd(work, step, audit, actor);
    announce(work, step);
    return step.after;
  };
}
