import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate with its key, both in PEM. */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

/** What a certificate says. */
interface CertificateWishes {
  readonly name: string;
  /** Names and IPv4 addresses of a server. */
  readonly hosts?: readonly string[];
  readonly isAuthority?: boolean;
  /** Itself when absent. */
  readonly issuer?: IssuedCertificate & { readonly name: string };
  readonly notAfter?: Date;
}

/** Makes an X.509 certificate (RFC 5280) on P-256, on the spot: nothing that tests trust lies in a file or lasts longer than they. */
export function issueCertificate(wishes: CertificateWishes): IssuedCertificate & { readonly name: string } {
  const { name, hosts = [], isAuthority = false, issuer, notAfter = new Date(Date.now() + 86_400_000) } = wishes;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const extensions = [
    extension('551d13', sequence(isAuthority ? [Buffer.from('0101ff', 'hex')] : [])),
    ...(hosts.length === 0 ? [] : [extension('551d11', sequence(hosts.map(generalName)))]),
  ];
  const body = sequence([
    tagged(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    nameOf(issuer?.name ?? name),
    sequence([time(new Date(Date.UTC(2020, 0))), time(notAfter)]),
    nameOf(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(extensions)),
  ]);
  const signature = sign('sha256', body, issuer === undefined ? privateKey : createPrivateKey(issuer.privateKey));
  const whole = sequence([body, ecdsaWithSha256, tagged(0x03, Buffer.concat([Buffer.of(0), signature]))]);
  return { name, certificate: pem('CERTIFICATE', whole), privateKey: pemOf(privateKey) };
}

/** A private key in PEM that belongs to nothing. */
export function strayKey(): string {
  return pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
}

/** The key in PEM, encrypted with a passphrase. */
export function encryptedKey(privateKey: string): string {
  return createPrivateKey(privateKey)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'a passphrase' })
    .toString();
}

/** The public half of a key, in PEM. */
export function publicKeyOf(privateKey: string): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
}

// ---- DER (ITU-T X.690) ----

const ecdsaWithSha256 = sequence([objectId('2a8648ce3d040302')]);

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}

function sequence(parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function objectId(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

function nameOf(commonName: string): Buffer {
  const attribute = sequence([objectId('550403'), tagged(0x0c, Buffer.from(commonName))]);
  return sequence([tagged(0x31, attribute)]);
}

function time(at: Date): Buffer {
  return tagged(0x17, Buffer.from(`${at.toISOString().replaceAll(/[-:T]/gu, '').slice(2, 14)}Z`));
}

function generalName(host: string): Buffer {
  return isIP(host) === 4 ? tagged(0x87, Buffer.from(host.split('.').map(Number))) : tagged(0x82, Buffer.from(host));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence([objectId(id), tagged(0x04, value)]);
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/gu) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
