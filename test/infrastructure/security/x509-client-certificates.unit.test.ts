import { X509Certificate } from 'node:crypto';

import { expect } from 'chai';

import type { VehicleCredentials } from '#application/domain/vehicle-credentials.js';
import { x509ClientCertificates } from '#infrastructure/security/x509-client-certificates.js';
import { encryptedKey, issueCertificate, publicKeyOf, strayKey } from '#support/certificates.js';

const now = new Date();
const authority = issueCertificate({ name: 'authority', isAuthority: true });
const pair = issueCertificate({ name: 'sovd-fleet', issuer: authority });

function examine(changes: Partial<Record<'certificate' | 'privateKey' | 'certificateAuthority', string>> = {}) {
  const { certificate, privateKey } = pair;
  return x509ClientCertificates.examine({ kind: 'client-certificate', certificate, privateKey, ...changes }, now);
}

describe('x509ClientCertificates', () => {
  it('a certificate with its key: usable, with its facts', () => {
    const read = new X509Certificate(pair.certificate);
    expect(examine()).to.deep.equal({
      kind: 'usable',
      certificate: {
        fingerprint: read.fingerprint256.replaceAll(':', '').toLowerCase(),
        expiresAt: new Date(read.validTo),
      },
    });
  });

  it('a chain, text around it, an authority: usable', () => {
    const certificate = `subject: sovd-fleet\n${pair.certificate}\r\n${authority.certificate}\n`;
    expect(examine({ certificate, certificateAuthority: authority.certificate })).to.have.property('kind', 'usable');
  });

  it('a bearer token: usable, and its authority is examined', () => {
    const bearer: VehicleCredentials = { kind: 'bearer', token: 'token' };
    expect(x509ClientCertificates.examine(bearer, now)).to.deep.equal({ kind: 'usable', certificate: undefined });
    expect(x509ClientCertificates.examine({ ...bearer, certificateAuthority: 'nothing' }, now)).to.deep.equal({
      kind: 'unusable',
      complaints: [{ pointer: '/certificate_authority', message: 'must be certificates in PEM' }],
    });
  });

  const expired = issueCertificate({ name: 'expired', notAfter: new Date(now.getTime() - 60_000) });
  const cut = `${pair.certificate.slice(0, 120)}\n-----END CERTIFICATE-----\n`;
  const refused: readonly (readonly [string, Parameters<typeof examine>[0], readonly string[]])[] = [
    ['text that is no certificate', { certificate: 'canary' }, ['/certificate']],
    ['a certificate that is cut', { certificate: cut }, ['/certificate']],
    ['a chain with something else in it', { certificate: pair.certificate + pair.privateKey }, ['/certificate']],
    ['text that is no key', { privateKey: 'canary' }, ['/private_key']],
    ['a public key', { privateKey: publicKeyOf(pair.privateKey) }, ['/private_key']],
    ['an encrypted key', { privateKey: encryptedKey(pair.privateKey) }, ['/private_key']],
    ['the key of another one', { privateKey: strayKey() }, ['/private_key']],
    ['a certificate that has expired', expired, ['/certificate']],
    ['an authority that is none', { certificateAuthority: strayKey() }, ['/certificate_authority']],
    [
      'all of it',
      { certificate: '', privateKey: '', certificateAuthority: '' },
      ['/certificate_authority', '/certificate', '/private_key'],
    ],
  ];
  for (const [what, changes, pointers] of refused) {
    it(`${what}: unusable, and nothing of it is in the complaint`, () => {
      const examination = examine(changes);
      if (examination.kind === 'usable') throw new Error('It should not be usable.');
      expect(examination.complaints.map(({ pointer }) => pointer)).to.deep.equal(pointers);
      expect(JSON.stringify(examination)).not.to.match(/canary|BEGIN|[A-Za-z0-9+/]{30}/u);
    });
  }
});
