import { requireCommand } from '../access/visibility.js';
import type { UserActor } from '../domain/actor.js';
import type { Command } from '../domain/command.js';
import { ApplicationError } from '../domain/errors.js';
import type { Clock } from '../ports/clock.js';
import type { DispatchSignals } from '../ports/dispatch-signals.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AnnounceStep } from '../record/announce-step.js';
import type { AuditAct } from '../record/audit-act.js';
import { recordEnd } from '../record/record-end.js';

interface Dependencies {
  readonly clock: Clock;
  readonly dispatchSignals: DispatchSignals;
  readonly audit: AuditAct;
  readonly announce: AnnounceStep;
}

/**
 * What became of the wish. `cancelled`: the command had not started, and never will. `requested`: it is under way; it ends
 * as cancelled only if the vehicle can still be stopped, else it goes on, and its transitions say so.
 */
export interface Cancellation {
  readonly outcome: 'cancelled' | 'requested';
  readonly command: Command;
}

/** Cancels a command, or asks for it. Throws `command-not-found`, `role-insufficient` or `command-already-final`. */
export function cancelCommand({ clock, dispatchSignals, audit, announce }: Dependencies) {
  return async (
    work: Pick<Work, 'commands' | 'auditLog' | 'afterCommit'>,
    actor: UserActor,
    commandId: string,
  ): Promise<Cancellation> => {
    const command = await requireCommand(work, actor, commandId, 'engineer');
    if (command.isFinal) {
      throw new ApplicationError('command-already-final', `The command has ended as ${command.status}.`, {
        extensions: { command_status: command.status },
      });
    }
    const now = clock.now();
    work.auditLog.append(
      audit(actor, {
        action: 'command.cancel',
        entityType: 'command',
        entityId: command.id,
        vehicleId: command.record.vehicleId,
        commandId: command.id,
        outcome: 'success',
        details: { status: command.status },
      }),
    );
    if (command.status === 'in_progress') {
      work.commands.requestCancel(command.id, now);
      work.afterCommit(() => dispatchSignals.send({ kind: 'cancel', commandId: command.id }));
      return { outcome: 'requested', command };
    }
    const step = command.move({ to: 'cancelled', at: now, actor: actor.username, reason: 'cancel-requested' });
    work.commands.advance(step);
    recordEnd(work, step, audit, actor);
    announce(work, step);
    // Its lane may be free for the next one now.
    work.afterCommit(() => dispatchSignals.send({ kind: 'wake' }));
    return { outcome: 'cancelled', command: step.after };
  };
}
