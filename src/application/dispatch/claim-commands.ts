import type { Command } from '../domain/command.js';
import type { Clock } from '../ports/clock.js';
import type { Lease } from '../ports/command-queue.js';
import type { UnitsOfWork, Work } from '../ports/unit-of-work.js';
import type { AnnounceStep } from '../record/announce-step.js';
import type { AuditAct } from '../record/audit-act.js';
import { dispatcherName, recordEnd } from './record-end.js';

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
  return async (limit: number): Promise<readonly Command[]> =>
    units.withUnit('write', async (work) => {
      const ready = await work.commandQueue.lockReady(limit, readsPerVehicle);
      const at = clock.now();
      return ready.flatMap((command) => {
        if (command.record.cancelRequestedAt !== undefined) return cancel(work, command, at);
        const step = command.claim({ at, actor: dispatcherName, reason: 'claimed' });
        work.commandQueue.lease(step, lease);
        announce(work, step);
        return [step.after];
      });
    });

  /** It came back from a vehicle that was away, and somebody had wished meanwhile that it ends. */
  function cancel(work: Work, command: Command, at: Date): readonly Command[] {
    const step = command.move({ to: 'cancelled', at, actor: dispatcherName, reason: 'cancel-requested' });
    work.commands.advance(step);
    recordEnd(work, step, audit);
    announce(work, step);
    return [];
  }
}
