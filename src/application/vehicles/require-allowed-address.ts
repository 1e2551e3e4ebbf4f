import { ApplicationError } from '../domain/errors.js';
import type { VehicleAddresses } from '../ports/vehicle-addresses.js';

/** Throws `invalid-request` for a base URL that no vehicle may have. */
export function requireAllowedAddress(addresses: VehicleAddresses, sovdBaseUrl: string): void {
  const message = addresses.objectionTo(sovdBaseUrl);
  if (message === undefined) return;
  throw new ApplicationError('invalid-request', 'The address of the vehicle is not allowed.', {
    complaints: [{ pointer: '/sovd_base_url', message }],
  });
}
