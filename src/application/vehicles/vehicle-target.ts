import type { VehicleTarget } from '../ports/vehicle-link.js';
import type { VehicleWithCredentials } from '../ports/vehicle-repository.js';

/** A vehicle as the vehicle link has to know it. */
export function vehicleTarget({ vehicle, credentials }: VehicleWithCredentials): VehicleTarget {
  const target = { vehicleId: vehicle.id, baseUrl: vehicle.sovdBaseUrl };
  return credentials === undefined ? target : { ...target, credentials };
}
