import { visibleVehicles } from '../access/visibility.js';
import type { KnownActor } from '../domain/actor.js';
import type { Fleet } from '../domain/fleet.js';
import type { Visible } from '../domain/visibility-scope.js';
import type { Page, PageRequest } from '../ports/paging.js';
import type { Work } from '../ports/unit-of-work.js';

/** A page of the fleets whose vehicles the actor may see, newest first. */
export async function listFleets(
  work: Pick<Work, 'fleets'>,
  actor: KnownActor,
  page: PageRequest,
): Promise<Page<Visible<Fleet>>> {
  return work.fleets.list(visibleVehicles(actor), page);
}
