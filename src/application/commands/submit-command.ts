import type { Catalogue } from '../catalogue/catalogue.js';
import type { UserActor } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { ClaimedCommand } from '../ports/command-queue.js';
import type { StartingPlaces } from '../ports/starting-places.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import {
  acceptCommand,
  resolveOrder,
  type AcceptanceDependencies,
  type Submission,
  type SubmitCommandInput,
} from './accept-command.js';

interface Dependencies extends AcceptanceDependencies {
  readonly catalogue: Catalogue;
  readonly startingPlaces: StartingPlaces;
}

/**
 * Accepts a command for a vehicle: durable and audited when it resolves, dispatched after that. A read that nothing waits
 * before is stored as in progress, and begins at once.
 * Throws `invalid-request` with pointers, `role-insufficient`, `vehicle-not-found`, `vehicle-retired`, `vehicle-offline`,
 * `queueing-not-allowed` or `idempotency-key-reused`.
 */
export function submitCommand(dependencies: Dependencies) {
  const { catalogue, startingPlaces } = dependencies;
  const accept = acceptCommand(dependencies);
  return async (units: UnitsOfWork, actor: UserActor, input: SubmitCommandInput): Promise<Submission> => {
    const order = resolveOrder(catalogue, actor, input);
    const place = order.safety === 'safe' ? startingPlaces.take(input.vehicleId) : undefined;
    let lease = place?.lease;
    let claimed: ClaimedCommand | undefined;
    try {
      const submission = await units.withUnit('write', async (work) => {
        const acceptance = await accept(work, actor, order, lease);
        claimed = acceptance.claimed;
        // It runs again when the lane was not free after all: then the command waits in it.
        lease = undefined;
        return acceptance.submission;
      });
      if (claimed !== undefined) place?.begin(claimed);
      return submission;
    } catch (error) {
      if (claimed !== undefined && error instanceof ApplicationError && error.kind === 'unavailable') {
        place?.doubt(claimed);
      }
      throw error;
    } finally {
      place?.giveBack();
    }
  };
}
