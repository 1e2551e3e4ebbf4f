import { expect } from 'chai';

import { opaqueRefreshTokens } from '#infrastructure/security/opaque-refresh-tokens.js';

describe('opaqueRefreshTokens', () => {
  it('make: gives 32 random bytes, and the hash under which they are found again', () => {
    const { token, hash } = opaqueRefreshTokens.make();
    expect(token).to.match(/^[\w-]{43}$/u);
    expect(Buffer.from(token, 'base64url')).to.have.length(32);
    expect(opaqueRefreshTokens.hash(token)).to.equal(hash);
  });

  it('make, a thousand times: never gives the same', () => {
    const tokens = Array.from({ length: 1000 }, () => opaqueRefreshTokens.make().token);
    expect(new Set(tokens)).to.have.property('size', 1000);
  });

  it('hash: is SHA-256 in hex', () => {
    // FIPS 180-2, appendix B.1.
    expect(opaqueRefreshTokens.hash('abc')).to.equal(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });
});
