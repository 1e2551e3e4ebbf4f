import type { Command } from '../domain/command.js';
import type { Clock } from '../ports/clock.js';
import type { Lease } from '../ports/command-queue.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import type { AnnounceStep } from '../record/announce-step.js';
import { dispatcherName } from './record-end.js';

interface Dependencies {
  readonly units: UnitsOfWork;
  readonly clock: Clock;
  readonly announce: AnnounceStep;
  readonly lease: Lease;
  readonly readsPerVehicle: number;
}

/** Takes commands that may start now under this instance's lease, `limit` at most. */
export function claimCommands({ units, clock, announce, lease, readsPerVehicle }: Dependencies) {
  return async (limit: number): Promise<readonly Command[]> =>
    units.withUnit('write', async (work) => {
      const ready = await work.commandQueue.lockReady(limit, readsPerVehicle);
      const at = clock.now();
      return ready.map((command) => {
        const step = command.claim({ at, actor: dispatcherName, reason: 'claimed' });
        work.commandQueue.lease(step, lease);
        announce(work, step);
        return step.after;
      });
    });
}
