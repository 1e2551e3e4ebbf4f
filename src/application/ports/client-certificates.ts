import type { InputComplaint } from '../domain/errors.js';
import type { CertificateFacts, VehicleCredentials } from '../domain/vehicle-credentials.js';

/** What an examination found: all that is wrong, or the facts of the certificate if there is one. */
export type Examination =
  | { readonly kind: 'unusable'; readonly complaints: readonly InputComplaint[] }
  | { readonly kind: 'usable'; readonly certificate: CertificateFacts | undefined };

/** Reads certificates and keys. */
export interface ClientCertificates {
  /**
   * Whether credentials can be used: certificates and key can be read, belong together, and have not expired. Pointers are those
   * of a request body: `/certificate`, `/private_key`, `/certificate_authority`. Nothing of a key is in the messages.
   */
  readonly examine: (credentials: VehicleCredentials, now: Date) => Examination;
}
