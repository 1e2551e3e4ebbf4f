import { createSecureContext, type SecureContext } from 'node:tls';

import { VehicleLinkFailure } from '#application/domain/sovd/exchange.js';
import type { VehicleCredentials } from '#application/domain/vehicle-credentials.js';
import type { CredentialVault } from '#application/ports/credential-vault.js';
import type { Log } from '#application/ports/log.js';
import type { VehicleTarget } from '#application/ports/vehicle-link.js';

/** Whom a vehicle sees when it is spoken to. Credentials stay sealed but for the moment in which they are used. */
export class VehicleIdentity {
  /** Another one for other credentials; empty for none. */
  readonly revision: string;

  constructor(
    private readonly parts: { readonly vault: CredentialVault; readonly log: Log },
    private readonly target: VehicleTarget,
    private readonly origin: string,
  ) {
    const { credentials } = target;
    // Its beginning holds the IV and the tag, which are never the same twice.
    this.revision = credentials === undefined ? '' : Buffer.from(credentials.bytes).toString('base64', 0, 32);
  }

  /** The header fields of a request, names and values in turn. Throws a `VehicleLinkFailure`. */
  headers(): readonly string[] {
    const credentials = this.open();
    return credentials?.kind === 'bearer' ? ['authorization', `Bearer ${credentials.token}`] : [];
  }

  /**
   * What a TLS connection to the vehicle is made with; undefined when that is the same as to any other. What is trusted
   * otherwise is left out when the credentials name an authority. Throws a `VehicleLinkFailure`.
   */
  secureContext(trusted: readonly string[] | undefined): SecureContext | undefined {
    const credentials = this.open();
    if (credentials === undefined) return undefined;
    const { certificateAuthority } = credentials;
    if (credentials.kind === 'bearer' && certificateAuthority === undefined) return undefined;
    const authorities = certificateAuthority === undefined ? trusted : [certificateAuthority];
    try {
      return createSecureContext({
        ...(authorities === undefined ? {} : { ca: [...authorities] }),
        ...(credentials.kind === 'bearer' ? {} : { cert: credentials.certificate, key: credentials.privateKey }),
      });
    } catch (error) {
      throw this.unusable('The credentials of the vehicle cannot be used for TLS. Set them again.', error);
    }
  }

  private open(): VehicleCredentials | undefined {
    const { credentials, vehicleId } = this.target;
    if (credentials === undefined) return undefined;
    if (credentials.origin !== this.origin) {
      throw this.unusable('The credentials of the vehicle were set for another address. Set them again.');
    }
    try {
      return this.parts.vault.open(credentials, vehicleId);
    } catch (error) {
      throw this.unusable('The credentials of the vehicle cannot be read. Nothing was sent.', error);
    }
  }

  private unusable(message: string, cause?: unknown): VehicleLinkFailure {
    const fields = { err: cause, vehicle_id: this.target.vehicleId, key_id: this.target.credentials?.keyId };
    this.parts.log.error(fields, message);
    return new VehicleLinkFailure('vehicle-credentials-unusable', message, true, false, undefined, cause);
  }
}
