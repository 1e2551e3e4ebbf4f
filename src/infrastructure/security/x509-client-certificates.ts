import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';

import type { InputComplaint } from '#application/domain/errors.js';
import type { CertificateFacts, VehicleCredentials } from '#application/domain/vehicle-credentials.js';
import type { ClientCertificates, Examination } from '#application/ports/client-certificates.js';

const certificateText = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu;

/** Certificates (RFC 5280) in PEM (RFC 7468), read by OpenSSL. */
export const x509ClientCertificates: ClientCertificates = { examine };

function examine(credentials: VehicleCredentials, now: Date): Examination {
  const complaints: InputComplaint[] = [];
  const complain = (pointer: string, message: string): void => void complaints.push({ pointer, message });
  const { certificateAuthority } = credentials;
  if (certificateAuthority !== undefined && readAll(certificateAuthority) === undefined) {
    complain('/certificate_authority', 'must be certificates in PEM');
  }
  const certificate =
    credentials.kind === 'client-certificate'
      ? examinePair(credentials.certificate, credentials.privateKey, now, complain)
      : undefined;
  if (complaints.length === 0 && !isUsable(credentials)) {
    const pointer = credentials.kind === 'bearer' ? '/certificate_authority' : '/certificate';
    complain(pointer, 'is of a kind that TLS does not accept: its key or its signature is too weak or unknown');
  }
  return complaints.length > 0 ? { kind: 'unusable', complaints } : { kind: 'usable', certificate };
}

function examinePair(
  certificateChain: string,
  privateKey: string,
  now: Date,
  complain: (pointer: string, message: string) => void,
): CertificateFacts | undefined {
  const certificate = readAll(certificateChain)?.[0];
  const key = readKey(privateKey);
  if (certificate === undefined) complain('/certificate', 'must be certificates in PEM, the one of the client first');
  if (key === undefined) complain('/private_key', 'must be a private key in PEM that is not encrypted');
  if (certificate === undefined || key === undefined) return undefined;
  const expiresAt = new Date(certificate.validTo);
  if (expiresAt.getTime() <= now.getTime()) complain('/certificate', 'must not have expired');
  if (!certificate.checkPrivateKey(key)) complain('/private_key', 'must be the key of the certificate');
  return { fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(), expiresAt };
}

/** All certificates of a text that holds nothing else of weight; undefined when there is none or one of them can't be read. */
function readAll(text: string): readonly X509Certificate[] | undefined {
  const texts = text.match(certificateText) ?? [];
  if (texts.length === 0 || text.replaceAll(certificateText, '').includes('-----BEGIN')) return undefined;
  try {
    return texts.map((each) => new X509Certificate(each));
  } catch {
    return undefined;
  }
}

function readKey(text: string): KeyObject | undefined {
  if (!text.includes('PRIVATE KEY-----')) return undefined;
  try {
    return createPrivateKey({ key: text, format: 'pem' });
  } catch {
    return undefined;
  }
}

function isUsable(credentials: VehicleCredentials): boolean {
  const { certificateAuthority: ca } = credentials;
  try {
    createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(credentials.kind === 'bearer' ? {} : { cert: credentials.certificate, key: credentials.privateKey }),
    });
    return true;
  } catch {
    return false;
  }
}
