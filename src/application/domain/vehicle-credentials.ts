/** The ways in which the service proves to a vehicle who it is. */
export const credentialKinds = ['bearer', 'client-certificate'] as const;

/** One of the ways. */
export type CredentialKind = (typeof credentialKinds)[number];

/** A token that stands in the `Authorization` header of every request (RFC 6750). */
export interface BearerCredentials {
  readonly kind: 'bearer';
  readonly token: string;
  /** PEM certificates that alone are trusted for this vehicle; the system's when absent. */
  readonly certificateAuthority?: string;
}

/** A certificate that is shown when a TLS connection is made. */
export interface ClientCertificateCredentials {
  readonly kind: 'client-certificate';
  /** PEM: the certificate, and behind it those that lead to its authority. */
  readonly certificate: string;
  /** PEM, not encrypted. */
  readonly privateKey: string;
  /** PEM certificates that alone are trusted for this vehicle; the system's when absent. */
  readonly certificateAuthority?: string;
}

/** What the service proves itself to a vehicle with. A secret: only who sets it and who speaks to the vehicle ever has it. */
export type VehicleCredentials = BearerCredentials | ClientCertificateCredentials;

/** Credentials as they are kept: without the key nobody can read them. */
export interface SealedCredentials {
  readonly keyId: string;
  /** The origin (RFC 6454) that they were set for; they are sent nowhere else. */
  readonly origin: string;
  readonly bytes: Uint8Array;
}

/** What everybody may know of a client certificate. */
export interface CertificateFacts {
  /** SHA-256 of the certificate, in lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly expiresAt: Date;
}

/** What everybody may know of credentials. */
export interface CredentialSummary {
  readonly kind: CredentialKind;
  readonly origin: string;
  readonly updatedAt: Date;
  readonly certificate: CertificateFacts | undefined;
}

/** Sealed credentials can't be opened: their key is gone, they are another vehicle's, or somebody changed them. */
export class CredentialsUnreadable extends Error {
  constructor(reason: string, cause?: unknown) {
    super(`the credentials of a vehicle cannot be read: ${reason}`, cause === undefined ? undefined : { cause });
    this.name = 'CredentialsUnreadable';
  }
}
