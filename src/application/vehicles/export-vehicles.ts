import { visibleVehicles } from '../access/visibility.js';
import type { UserActor } from '../domain/actor.js';
import type { Vehicle } from '../domain/vehicle.js';
import type { Cursor } from '../ports/paging.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import type { VehicleFilter } from '../ports/vehicle-repository.js';
import type { AuditAct } from '../record/audit-act.js';
import { filterDetails } from '../record/filter-details.js';

interface Dependencies {
  readonly audit: AuditAct;
}

/** How many vehicles are read, and held, at once. Few enough to be garbage before they have grown old, and so soon gone. */
const pageSize = 100;

/**
 * The vehicles that the actor may see, newest first, in parts of a hundred. What may be seen is asked anew for each part. That
 * somebody takes them away is on record before the first is read. Holds no connection while the reader takes its time.
 */
export function exportVehicles({ audit }: Dependencies) {
  return async function* (
    units: UnitsOfWork,
    actor: UserActor,
    filter: Omit<VehicleFilter, 'scope'>,
  ): AsyncGenerator<readonly Vehicle[], void, undefined> {
    await units.withUnit('write', (work) => {
      const act = { action: 'vehicle.export', entityType: 'vehicle', outcome: 'success' } as const;
      work.auditLog.append(audit(actor, { ...act, details: filterDetails(filter) }));
      return Promise.resolve();
    });
    const scoped = { ...filter, scope: visibleVehicles(actor) };
    let after: Cursor | undefined;
    do {
      const page = await units.withUnit('read', (work) => work.vehicles.list(scoped, { limit: pageSize, after }));
      if (page.items.length > 0) yield page.items;
      after = page.next;
    } while (after !== undefined);
  };
}
