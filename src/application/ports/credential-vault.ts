import type { SealedCredentials, VehicleCredentials } from '../domain/vehicle-credentials.js';

/** Seals credentials of vehicles, so that whoever gets the database alone gets none of them. */
export interface CredentialVault {
  /** The key that is sealed with. Others only open. */
  readonly keyId: string;
  /** Seals credentials for one vehicle at one origin (RFC 6454). Twice the same gives two different results. */
  readonly seal: (credentials: VehicleCredentials, vehicleId: string, origin: string) => SealedCredentials;
  /** Throws `CredentialsUnreadable`. Keep what it gives nowhere. */
  readonly open: (sealed: SealedCredentials, vehicleId: string) => VehicleCredentials;
}
