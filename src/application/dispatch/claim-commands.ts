import { authorRights } from '../access/author-rights.js';
import type { Catalogue } from '../catalogue/catalogue.js';
import type { Command, TransitionReason } from '../domain/command.js';
import { ApplicationError } from '../domain/errors.js';
import type { Clock } from '../ports/clock.js';
import type { ClaimedCommand, DueCommand, Lease } from '../ports/command-queue.js';
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
  readonly readsPerVehicle: number;
}

/** What a claim took, and what it left. */
export interface Claim {
  readonly claimed: readonly ClaimedCommand[];
  /** Whether commands may still wait in the queue: for a place, for their lane, or for a better time. */
  readonly areLeft: boolean;
}

/** Takes commands under this instance's lease. */
export interface Claims {
  /** Takes those that may start now, `limit` at most. One whose author has lost the right to it is cancelled instead. */
  readonly claim: (limit: number) => Promise<Claim>;
  /** One that may have been stored under the lease, which nobody knows: the next claim finds it if it was. */
  readonly doubt: (claimed: ClaimedCommand) => void;
}

/** Claims from the queue, for one instance. */
export function claimCommands({
  catalogue,
  units,
  clock,
  announce,
  audit,
  lease,
  readsPerVehicle,
}: Dependencies): Claims {
  const mayStillRun = authorRights(catalogue);
  /** Claims whose commit was not answered: the database went away. They may be ours, and nobody else would run them. */
  let unanswered: readonly ClaimedCommand[] = [];

  async function claimReady(limit: number): Promise<Claim> {
    if (unanswered.length > 0) return { claimed: await adopt(), areLeft: true };
    let claimed: readonly ClaimedCommand[] = [];
    try {
      return await units.withUnit('write', async (work) => {
        const [ready, waiting] = await Promise.all([
          work.commandQueue.lockReady(limit, readsPerVehicle),
          work.commandQueue.countPending(limit + 1),
        ]);
        claimed = ready.flatMap((due) => claim(work, due));
        return { claimed, areLeft: waiting > ready.length };
      });
    } catch (error) {
      if (error instanceof ApplicationError && error.kind === 'unavailable') {
        unanswered = [...unanswered, ...claimed];
      }
      throw error;
    }
  }

  async function adopt(): Promise<readonly ClaimedCommand[]> {
    const asked = unanswered;
    const held = asked.map(({ command: { id, record } }) => ({ commandId: id, leaseNumber: record.leaseNumber }));
    const renewed = await units.withUnit('write', (work) => work.commandQueue.renew(lease, held));
    const ours = new Set(renewed.map(({ commandId }) => commandId));
    unanswered = unanswered.filter((claimed) => !asked.includes(claimed));
    return asked.filter(({ command }) => ours.has(command.id));
  }

  function claim(work: Work, due: DueCommand): readonly ClaimedCommand[] {
    const { command, vehicle } = due;
    if (command.record.cancelRequestedAt !== undefined) {
      // The wish came while it was on its way back into the queue from a vehicle that is away.
      return cancel(work, command, 'cancel-requested');
    }
    if (!mayStillRun(due)) return cancel(work, command, 'access-revoked');
    const step = command.claim({ at: clock.now(), actor: dispatcherName, reason: 'claimed' });
    work.commandQueue.lease(step, lease);
    announce(work, step);
    return [{ command: step.after, vehicle }];
  }

  function cancel(work: Work, command: Command, reason: TransitionReason): readonly ClaimedCommand[] {
    const step = command.move({ to: 'cancelled', at: clock.now(), actor: dispatcherName, reason });
    work.commands.advance(step);
    recordEnd(work, step, audit);
    announce(work, step);
    return [];
  }

  return {
    claim: claimReady,
    doubt: (claimed) => {
      unanswered = [...unanswered, claimed];
    },
  };
}
