import { randomBytes } from 'node:crypto';

import { expect } from 'chai';

import { CredentialsUnreadable, type VehicleCredentials } from '#application/domain/vehicle-credentials.js';
import { Secret } from '#config/secret.js';
import { openCredentialVault } from '#infrastructure/security/aes-gcm-credential-vault.js';

const aKey = (id: string) => ({ id, secret: new Secret(randomBytes(32).toString('base64')) });
const credentials: VehicleCredentials = { kind: 'bearer', token: 'canary-token-of-a-vehicle' };
const vehicle = '0197d0c6-1f1e-7000-8000-000000000001';
const origin = 'https://car.example';

describe('openCredentialVault', () => {
  const old = aKey('old');
  const vault = openCredentialVault([old]);

  it('what was sealed: is opened, and neither readable nor twice the same', () => {
    const sealed = vault.seal(credentials, vehicle, origin);
    expect(vault.open(sealed, vehicle)).to.deep.equal(credentials);
    expect(sealed).to.include({ keyId: 'old', origin });
    expect(Buffer.from(sealed.bytes).toString('latin1')).not.to.match(/canary|bearer/u);
    const again = vault.seal(credentials, vehicle, origin);
    expect(Buffer.compare(sealed.bytes, again.bytes)).not.to.equal(0);
  });

  it('a client certificate: comes back as it was', () => {
    const pair: VehicleCredentials = {
      kind: 'client-certificate',
      certificate: 'a certificate',
      privateKey: 'a key',
      certificateAuthority: 'an authority',
    };
    expect(vault.open(vault.seal(pair, vehicle, origin), vehicle)).to.deep.equal(pair);
  });

  it('a new key in front: seals, and what the old one sealed is still opened', () => {
    const rotated = openCredentialVault([aKey('new'), old]);
    expect(rotated.keyId).to.equal('new');
    expect(rotated.open(vault.seal(credentials, vehicle, origin), vehicle)).to.deep.equal(credentials);
    expect(rotated.seal(credentials, vehicle, origin).keyId).to.equal('new');
  });

  it('moved to another vehicle, origin or key: unreadable', () => {
    const sealed = vault.seal(credentials, vehicle, origin);
    const both = openCredentialVault([old, aKey('new')]);
    const renamed = openCredentialVault([{ ...old, id: 'other' }]);
    const attempts = [
      () => vault.open(sealed, vehicle.replace(/1$/u, '2')),
      () => vault.open({ ...sealed, origin: 'https://evil.example' }, vehicle),
      () => both.open({ ...sealed, keyId: 'new' }, vehicle),
      () => vault.open({ ...sealed, keyId: 'gone' }, vehicle),
      () => renamed.open({ ...sealed, keyId: 'other' }, vehicle),
      () => openCredentialVault([aKey('old')]).open(sealed, vehicle),
    ];
    for (const attempt of attempts) expect(attempt).to.throw(CredentialsUnreadable);
  });

  it('changed in any byte, cut or longer: unreadable', () => {
    const sealed = vault.seal(credentials, vehicle, origin);
    const open = (bytes: Uint8Array) => () => vault.open({ ...sealed, bytes }, vehicle);
    for (const index of sealed.bytes.keys()) {
      const bytes = Uint8Array.from(sealed.bytes);
      bytes[index] = (bytes[index] ?? 0) ^ 1;
      expect(open(bytes), `byte ${index}`).to.throw(CredentialsUnreadable);
    }
    for (const length of [0, 1, 13, 29, sealed.bytes.length - 1])
      expect(open(sealed.bytes.subarray(0, length)), `length ${length}`).to.throw(CredentialsUnreadable);
    expect(open(Buffer.concat([sealed.bytes, Buffer.of(0)]))).to.throw(CredentialsUnreadable);
  });

  it('without a key: no vault', () => {
    expect(() => openCredentialVault([])).to.throw('a vault needs a key');
  });
});
