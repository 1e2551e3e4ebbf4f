import { requireVehicle } from '../access/visibility.js';
import type { KnownActor } from '../domain/actor.js';
import type { Vehicle, VehicleDescription } from '../domain/vehicle.js';
import type { Clock } from '../ports/clock.js';
import type { VehicleAddresses } from '../ports/vehicle-addresses.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';
import { requireAllowedAddress } from './require-allowed-address.js';

interface Dependencies {
  readonly clock: Clock;
  readonly audit: AuditAct;
  readonly vehicleAddresses: VehicleAddresses;
}

/** What may be changed of a vehicle: everything but its VIN. */
export type VehicleChanges = Partial<Omit<VehicleDescription, 'vin'>>;

/** Changes the description of a vehicle. Throws `vehicle-not-found`, `vehicle-retired` or, for the address, `invalid-request`. */
export function changeVehicle({ clock, audit, vehicleAddresses }: Dependencies) {
  return async (
    work: Pick<Work, 'vehicles' | 'auditLog'>,
    actor: KnownActor,
    vehicleId: string,
    changes: VehicleChanges,
  ): Promise<Vehicle> => {
    const known = await requireVehicle(work, actor, vehicleId);
    if (changes.sovdBaseUrl !== undefined) requireAllowedAddress(vehicleAddresses, changes.sovdBaseUrl);
    const vehicle = known.change(changes, clock.now());
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
