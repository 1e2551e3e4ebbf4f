import { authorRights } from '../access/author-rights.js';
import type { Catalogue } from '../catalogue/catalogue.js';
import type { Command, Move } from '../domain/command.js';
import type { Clock } from '../ports/clock.js';
import type { ClaimedCommand, Lease } from '../ports/command-queue.js';
import type { UnitsOfWork, Work } from '../ports/unit-of-work.js';
import type { AnnounceStep } from '../record/announce-step.js';
import type { AuditAct } from '../record/audit-act.js';
import { dispatcherName, recordEnd } from '../record/record-end.js';

interface Dependencies {
  readonly catalogue: Catalogue;
  readonly units: UnitsOfWork;
  readonly clock: Clock;
  readonly announce: AnnounceStep;
  readonly audit: AuditAct;
  readonly lease: Lease;
}

/** A command that brings down each instance that runs it is not run for ever. */
const maxTakeOvers = 20;

/**
 * Takes over what instances left behind that died. A read runs again, under a lease of this instance: those are given back;
 * one whose author has lost the right to it is cancelled.
 * What may have changed the vehicle ends as `outcome_unknown` and is never sent again.
 */
export function takeOverCommands(dependencies: Dependencies) {
  const { units, clock, announce, audit, lease } = dependencies;
  const mayStillRun = authorRights(dependencies.catalogue);
  return async (limit: number, held: readonly string[]): Promise<readonly ClaimedCommand[]> =>
    units.withUnit('write', async (work) => {
      const abandoned = await work.commandQueue.lockAbandoned(limit, held);
      const taken: ClaimedCommand[] = [];
      for (const due of abandoned) {
        const { command, vehicle } = due;
        const mayRun = mayStillRun(due);
        if (mayRun && (await canRunAgain(work, command))) taken.push({ command: again(work, command), vehicle });
        else end(work, command, mayRun);
      }
      return taken;
    });

  function again(work: Work, command: Command): Command {
    const step = command.claim({ at: clock.now(), actor: dispatcherName, reason: 'taken-over' });
    work.commandQueue.lease(step, lease);
    announce(work, step);
    return step.after;
  }

  function end(work: Work, command: Command, mayRun: boolean): void {
    const step = command.move({ ...endOf(command, mayRun), at: clock.now(), actor: dispatcherName });
    work.commands.advance(step);
    recordEnd(work, step, audit);
    announce(work, step);
  }
}

async function canRunAgain(work: Work, { id, changesVehicle, record }: Command): Promise<boolean> {
  if (changesVehicle || record.cancelRequestedAt !== undefined) return false;
  // Attempts at a vehicle that is away count too, and say nothing about what the command does to an instance.
  if (record.attempts <= maxTakeOvers) return true;
  const transitions = await work.commands.listTransitions(id, 0, record.lastEventNumber);
  return transitions.filter(({ reason }) => reason === 'taken-over').length < maxTakeOvers;
}

function endOf(command: Command, mayRun: boolean): Pick<Move, 'to' | 'reason' | 'error'> {
  if (command.changesVehicle) {
    const message = 'The service instance that had sent the command died before the vehicle answered.';
    return { to: 'outcome_unknown', reason: 'instance-lost', error: { code: 'dispatch-interrupted', message } };
  }
  if (command.record.cancelRequestedAt !== undefined) return { to: 'cancelled', reason: 'cancel-requested' };
  if (!mayRun) return { to: 'cancelled', reason: 'access-revoked' };
  const message = `The command was taken over ${maxTakeOvers} times and never came to an end.`;
  return { to: 'failed', reason: 'instance-lost', error: { code: 'dispatch-interrupted', message } };
}
