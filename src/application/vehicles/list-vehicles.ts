import { visibleVehicles } from '../access/visibility.js';
import type { KnownActor } from '../domain/actor.js';
import type { Vehicle } from '../domain/vehicle.js';
import type { Page, PageRequest } from '../ports/paging.js';
import type { Work } from '../ports/unit-of-work.js';
import type { VehicleFilter } from '../ports/vehicle-repository.js';

/** A page of the vehicles that the actor may see, newest first. */
export async function listVehicles(
  work: Pick<Work, 'vehicles'>,
  actor: KnownActor,
  filter: Omit<VehicleFilter, 'scope'>,
  page: PageRequest,
): Promise<Page<Vehicle>> {
  // The scope has the last word, and no spread before it: see ADR 10.
  return work.vehicles.list(Object.assign({}, filter, { scope: visibleVehicles(actor) }), page);
}
