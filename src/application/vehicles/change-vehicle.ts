import { requireVehicle } from '../access/visibility.js';
import type { Actor } from '../domain/actor.js';
import type { Vehicle, VehicleDescription } from '../domain/vehicle.js';
import type { Clock } from '../ports/clock.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';

interface Dependencies {
  readonly clock: Clock;
  readonly audit: AuditAct;
}

/** What may be changed of a vehicle: everything but its VIN. */
export type VehicleChanges = Partial<Omit<VehicleDescription, 'vin'>>;

/** Changes the description of a vehicle. Throws `vehicle-not-found` or `vehicle-retired`. */
export function changeVehicle({ clock, audit }: Dependencies) {
  return async (
    work: Pick<Work, 'vehicles' | 'auditLog'>,
    actor: Actor,
    vehicleId: string,
    changes: VehicleChanges,
  ): Promise<Vehicle> => {
    const vehicle = (await requireVehicle(work, actor, vehicleId)).change(changes, clock.now());
    work.vehicles.save(vehicle);
    work.auditLog.append(
      audit(actor, {
        action: 'vehicle.change',
        entityType: 'vehicle',
        entityId: vehicle.id,
        vehicleId: vehicle.id,
        outcome: 'success',
        details: { changed: Object.keys(changes) },
      }),
    );
    return vehicle;
  };
}
