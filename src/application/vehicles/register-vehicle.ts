import type { Actor } from '../domain/actor.js';
import { Vehicle, type VehicleDescription } from '../domain/vehicle.js';
import type { Clock } from '../ports/clock.js';
import type { Identifiers } from '../ports/identifiers.js';
import type { VehicleAddresses } from '../ports/vehicle-addresses.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';
import { requireAllowedAddress } from './require-allowed-address.js';

interface Dependencies {
  readonly clock: Clock;
  readonly identifiers: Identifiers;
  readonly audit: AuditAct;
  readonly vehicleAddresses: VehicleAddresses;
}

/** Adds a vehicle to the registry. An address that no vehicle may have is an `invalid-request`; a VIN that is registered already is `vin-taken` at the commit. */
export function registerVehicle({ clock, identifiers, audit, vehicleAddresses }: Dependencies) {
  return (work: Pick<Work, 'vehicles' | 'auditLog'>, actor: Actor, input: VehicleDescription): Promise<Vehicle> => {
    requireAllowedAddress(vehicleAddresses, input.sovdBaseUrl);
    const vehicle = Vehicle.register(identifiers.next(), input, clock.now());
    work.vehicles.add(vehicle);
    work.auditLog.append(
      audit(actor, {
        action: 'vehicle.register',
        entityType: 'vehicle',
        entityId: vehicle.id,
        vehicleId: vehicle.id,
        outcome: 'success',
        details: { vin: vehicle.vin },
      }),
    );
    return Promise.resolve(vehicle);
  };
}
