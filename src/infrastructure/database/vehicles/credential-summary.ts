import type { CredentialKind, CredentialSummary } from '#application/domain/vehicle-credentials.js';

/** What everybody may know of credentials, as JSON holds it. */
export interface CredentialSummaryRow {
  readonly kind: CredentialKind;
  readonly origin: string;
  readonly updated_at: string;
  readonly certificate: { readonly fingerprint: string; readonly expires_at: string } | null;
}

/** The summary as it is stored. */
export function toCredentialSummaryRow(summary: CredentialSummary): CredentialSummaryRow {
  const { kind, origin, updatedAt, certificate } = summary;
  return {
    kind,
    origin,
    updated_at: updatedAt.toISOString(),
    certificate:
      certificate === undefined
        ? null
        : { fingerprint: certificate.fingerprint, expires_at: certificate.expiresAt.toISOString() },
  };
}

/** The summary as it was stored. */
export function toCredentialSummary(row: CredentialSummaryRow): CredentialSummary {
  const { kind, origin, updated_at: updatedAt, certificate } = row;
  return {
    kind,
    origin,
    updatedAt: new Date(updatedAt),
    certificate:
      certificate === null
        ? undefined
        : { fingerprint: certificate.fingerprint, expiresAt: new Date(certificate.expires_at) },
  };
}
