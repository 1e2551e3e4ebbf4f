import { requireVehicle } from '../access/visibility.js';
import type { KnownActor } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { VehicleCredentials } from '../domain/vehicle-credentials.js';
import type { Vehicle } from '../domain/vehicle.js';
import type { ClientCertificates } from '../ports/client-certificates.js';
import type { Clock } from '../ports/clock.js';
import type { CredentialVault } from '../ports/credential-vault.js';
import type { Work } from '../ports/unit-of-work.js';
import type { AuditAct } from '../record/audit-act.js';

interface Dependencies {
  readonly clock: Clock;
  readonly audit: AuditAct;
  readonly credentialVault: CredentialVault;
  readonly clientCertificates: ClientCertificates;
}

/**
 * Gives a vehicle credentials in the place of those it had, for the origin that it has now. Throws `vehicle-not-found`,
 * `vehicle-retired`, or `invalid-request` for what can't be used.
 */
export function setVehicleCredentials({ clock, audit, credentialVault, clientCertificates }: Dependencies) {
  return async (
    work: Pick<Work, 'vehicles' | 'vehicleCredentials' | 'auditLog'>,
    actor: KnownActor,
    vehicleId: string,
    credentials: VehicleCredentials,
  ): Promise<Vehicle> => {
    const known = await requireVehicle(work, actor, vehicleId);
    const now = clock.now();
    const { origin, protocol } = new URL(known.sovdBaseUrl);
    if (credentials.kind === 'client-certificate' && protocol !== 'https:') {
      throw unusable([
        { pointer: '/kind', message: 'must be another one, since the address of the vehicle is not https' },
      ]);
    }
    const examination = clientCertificates.examine(credentials, now);
    if (examination.kind === 'unusable') throw unusable(examination.complaints);
    const { certificate } = examination;
    const vehicle = known.withCredentials({ kind: credentials.kind, origin, updatedAt: now, certificate }, now);
    work.vehicleCredentials.put(vehicle, credentialVault.seal(credentials, vehicle.id, origin));
    work.auditLog.append(
      audit(actor, {
        action: 'vehicle.set-credentials',
        entityType: 'vehicle',
        entityId: vehicle.id,
        vehicleId: vehicle.id,
        outcome: 'success',
        details: {
          kind: credentials.kind,
          origin,
          ...(certificate === undefined ? {} : { certificate_fingerprint: certificate.fingerprint }),
        },
      }),
    );
    return vehicle;
  };
}

function unusable(complaints: ApplicationError['complaints']): ApplicationError {
  return new ApplicationError('invalid-request', 'The credentials cannot be used; see errors.', { complaints });
}
