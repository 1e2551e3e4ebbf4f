import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

import { expect } from 'chai';

import { obtainCredentialKeys } from '#config/credential-keys.js';
import { Secret } from '#config/secret.js';
import { makeTemporaryDirectory } from '#support/temporary-directory.js';

describe('obtainCredentialKeys', () => {
  it('keys that are given: come as they are, and nothing is made', async () => {
    const keys = [{ id: 'k1', secret: new Secret(Buffer.alloc(32).toString('base64')) }];
    expect(await obtainCredentialKeys({ kind: 'given', keys })).to.equal(keys);
  });

  it('none: makes one of 32 bytes for its owner alone, and the same one the next time', async () => {
    const directory = await makeTemporaryDirectory('credential-keys');
    const file = path.join(directory, 'data', 'credentials-key');
    const [first, second] = [
      await obtainCredentialKeys({ kind: 'generated', file }),
      await obtainCredentialKeys({ kind: 'generated', file }),
    ];
    expect(first).to.have.length(1);
    expect(first[0]?.id).to.equal('generated');
    expect(Buffer.from(first[0]?.secret.reveal() ?? '', 'base64')).to.have.length(32);
    expect(second[0]?.secret.reveal()).to.equal(first[0]?.secret.reveal());
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    expect(await readdir(path.dirname(file))).to.deep.equal(['credentials-key']);
  });
});
