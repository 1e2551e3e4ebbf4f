import type { SealedCredentials } from '../domain/vehicle-credentials.js';
import type { Vehicle } from '../domain/vehicle.js';

/** A vehicle's credentials, sealed with a key. */
export interface SealedEntry {
  readonly vehicleId: string;
  readonly sealed: SealedCredentials;
}

/** Where the sealed credentials are. What everybody may know of them is a part of the vehicle. */
export interface VehicleCredentialRepository {
  /** Noted: the vehicle's new credentials. Throws `ConcurrentChange` at the commit when its stored version is not the one before. */
  readonly put: (vehicle: Vehicle, sealed: SealedCredentials) => void;
  /** Noted: the vehicle has no credentials any more. Throws as `put` does. */
  readonly remove: (vehicle: Vehicle) => void;
  /** Those that are sealed with another key, by vehicle id, locked until the unit ends. */
  readonly lockSealedOtherwise: (
    keyId: string,
    after: string | undefined,
    limit: number,
  ) => Promise<readonly SealedEntry[]>;
  /** Noted: the same credentials, sealed with another key. Not a change of the vehicle. */
  readonly reseal: (entry: SealedEntry) => void;
}
