import type { Command } from '../domain/command.js';
import { ApplicationError } from '../domain/errors.js';
import type { Clock } from '../ports/clock.js';
import type { Lease } from '../ports/command-queue.js';
import type { UnitsOfWork, Work } from '../ports/unit-of-work.js';
import type { AnnounceStep } from '../record/announce-step.js';
import type { AuditAct } from '../record/audit-act.js';
import { dispatcherName, recordEnd } from '../record/record-end.js';

interface Dependencies {
  readonly units: UnitsOfWork;
  readonly clock: Clock;
  readonly announce: AnnounceStep;
  readonly audit: AuditAct;
  readonly lease: Lease;
  readonly readsPerVehicle: number;
}

/** Takes commands that may start now under this instance's lease, `limit` at most. */
export function claimCommands({ units, clock, announce, audit, lease, readsPerVehicle }: Dependencies) {
  /** Claims whose commit was not answered: the database went away. They may be ours, and nobody else would run them. */
  let unanswered: readonly Command[] = [];

  return async (limit: number): Promise<readonly Command[]> => {
    if (unanswered.length > 0) return adopt();
    let claimed: readonly Command[] = [];
    try {
      return await units.withUnit('write', async (work) => {
        const ready = await work.commandQueue.lockReady(limit, readsPerVehicle);
        claimed = ready.flatMap((command) => claim(work, command));
        return claimed;
      });
    } catch (error) {
      if (error instanceof ApplicationError && error.kind === 'unavailable') unanswered = claimed;
      throw error;
    }
  };

  async function adopt(): Promise<readonly Command[]> {
    const held = unanswered.map(({ id, record }) => ({ commandId: id, leaseNumber: record.leaseNumber }));
    const renewed = await units.withUnit('write', (work) => work.commandQueue.renew(lease, held));
    const ours = new Set(renewed.map(({ commandId }) => commandId));
    const adopted = unanswered.filter(({ id }) => ours.has(id));
    unanswered = [];
    return adopted;
  }

  function claim(work: Work, command: Command): readonly Command[] {
    const at = clock.now();
    if (command.record.cancelRequestedAt !== undefined) {
      // The wish came while it was on its way back into the queue from a vehicle that is away.
      const step = command.move({ to: 'cancelled', at, actor: dispatcherName, reason: 'cancel-requested' });
      work.commands.advance(step);
      recordEnd(work, step, audit);
      announce(work, step);
      return [];
    }
    const step = command.claim({ at, actor: dispatcherName, reason: 'claimed' });
    work.commandQueue.lease(step, lease);
    announce(work, step);
    return [step.after];
  }
}
