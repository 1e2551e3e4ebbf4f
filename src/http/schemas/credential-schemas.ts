import { z } from 'zod';

import {
  credentialKinds,
  type CredentialSummary,
  type VehicleCredentials,
} from '#application/domain/vehicle-credentials.js';

import { timestamp } from './plain-text.js';
import { timestampText } from './timestamp-text.js';

const maxPemCharacters = 65_536;

const pem = (description: string) =>
  z
    .string()
    .min(1)
    .max(maxPemCharacters)
    .meta({ description: `${description} In PEM (RFC 7468).` });

const certificateAuthority = pem(
  'Certificates that alone are trusted for this vehicle; those of the system when left out.',
);

const bearer = z
  .strictObject({
    kind: z.literal('bearer'),
    token: z
      .string()
      .max(4096)
      .regex(/^[\w.~+/-]+=*(?![\s\S])/u, 'must be a bearer token: letters, digits and - . _ ~ + /, then = (RFC 6750)')
      .meta({ description: 'Sent to the vehicle as `Authorization: Bearer …`.', writeOnly: true }),
    certificate_authority: certificateAuthority.optional(),
  })
  .meta({ id: 'BearerCredentials' });

const clientCertificate = z
  .strictObject({
    kind: z.literal('client-certificate'),
    certificate: pem('The certificate, and behind it those that lead to its authority.'),
    private_key: pem('The key of the certificate, not encrypted.').meta({ writeOnly: true }),
    certificate_authority: certificateAuthority.optional(),
  })
  .meta({ id: 'ClientCertificateCredentials' });

/** Body that sets credentials. */
export const credentialsBody = z
  .discriminatedUnion('kind', [bearer, clientCertificate])
  .meta({ id: 'VehicleCredentials' });

/** What everybody may know of a vehicle's credentials. */
export const credentialSummarySchema = z
  .object({
    kind: z.enum(credentialKinds).meta({ examples: ['client-certificate'] }),
    origin: z.string().meta({
      description: 'The only origin that they are sent to. After the vehicle has moved they have to be set again.',
      examples: ['https://car-17.example'],
    }),
    updated_at: timestamp,
    certificate: z
      .object({
        fingerprint: z.string().meta({ description: 'SHA-256 in hexadecimal.', examples: ['3a'.repeat(32)] }),
        expires_at: timestamp,
      })
      .nullable()
      .meta({ description: 'The client certificate, if there is one.' }),
  })
  .meta({
    id: 'CredentialSummary',
    description: 'What the service proves itself to the vehicle with. Never the secret.',
  });

/** Credentials as they are shown: without the secret. */
export function presentCredentials(summary: CredentialSummary): z.output<typeof credentialSummarySchema> {
  const { kind, origin, updatedAt, certificate } = summary;
  return {
    kind,
    origin,
    updated_at: timestampText(updatedAt),
    certificate:
      certificate === undefined
        ? null
        : { fingerprint: certificate.fingerprint, expires_at: timestampText(certificate.expiresAt) },
  };
}

/** The credentials of a body. */
export function toCredentials(body: z.output<typeof credentialsBody>): VehicleCredentials {
  const authority =
    body.certificate_authority === undefined ? {} : { certificateAuthority: body.certificate_authority };
  if (body.kind === 'bearer') return { kind: body.kind, token: body.token, ...authority };
  return { kind: body.kind, certificate: body.certificate, privateKey: body.private_key, ...authority };
}
