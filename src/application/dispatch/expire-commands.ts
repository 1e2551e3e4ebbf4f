import type { Clock } from '../ports/clock.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import type { AnnounceStep } from '../record/announce-step.js';
import type { AuditAct } from '../record/audit-act.js';
import { dispatcherName, recordEnd } from '../record/record-end.js';

interface Dependencies {
  readonly units: UnitsOfWork;
  readonly clock: Clock;
  readonly announce: AnnounceStep;
  readonly audit: AuditAct;
}

/** Ends pending commands whose time is over: they were certainly not carried out. Gives how many there were. */
export function expireCommands({ units, clock, announce, audit }: Dependencies) {
  return async (limit: number): Promise<number> =>
    units.withUnit('write', async (work) => {
      const expired = await work.commandQueue.lockExpired(limit);
      const at = clock.now();
      for (const command of expired) {
        const step = command.move({ to: 'expired', at, actor: dispatcherName, reason: 'expired' });
        work.commands.advance(step);
        recordEnd(work, step, audit);
        announce(work, step);
      }
      return expired.length;
    });
}
