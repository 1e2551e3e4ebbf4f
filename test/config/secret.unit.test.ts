import { format, inspect } from 'node:util';

import { expect } from 'chai';

import { Secret } from '#config/secret.js';

describe('Secret', () => {
  const secret = new Secret('canary');

  it('asked by name: shows itself', () => {
    expect(secret.reveal()).to.equal('canary');
  });

  it('printed in any other way: says [redacted]', () => {
    const ways = [
      String(secret),
      `a ${String(secret)} b`,
      JSON.stringify(secret),
      inspect(secret, { showHidden: true, depth: null }),
      inspect({ nested: [secret] }, { depth: null }),
      format('%s %o %j', secret, secret, secret),
    ];
    for (const way of ways) expect(way).to.contain('[redacted]').and.not.to.contain('canary');
    expect(Object.values(secret)).to.deep.equal([]);
  });
});
