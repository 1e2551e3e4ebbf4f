import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';

import { loadOrMakeSecret, obtainJwtSecret } from '#config/jwt-secret.js';
import { Secret } from '#config/secret.js';
import { makeTemporaryDirectory } from '#support/temporary-directory.js';

describe('loadOrMakeSecret', () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = join(await makeTemporaryDirectory('jwt-secret'), '.data');
    file = join(directory, 'jwt-secret');
  });

  it('no file: makes one that only its owner can read, and the same secret comes out again', async () => {
    const made = await loadOrMakeSecret(file);
    expect(Buffer.from(made.reveal(), 'base64url')).to.have.length(64);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    expect((await loadOrMakeSecret(file)).reveal()).to.equal(made.reveal());
    expect(await readdir(directory)).to.deep.equal(['jwt-secret']);
  });

  it('twenty at once: all get the one that is in the file', async () => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => loadOrMakeSecret(file)));
    const kept = (await readFile(file, 'utf8')).trim();
    expect(new Set(secrets.map((secret) => secret.reveal()))).to.deep.equal(new Set([kept]));
    expect(await readdir(directory)).to.deep.equal(['jwt-secret']);
  });

  it('a file that others can read: is closed to them', async () => {
    const made = await loadOrMakeSecret(file);
    await chmod(file, 0o644);
    expect((await loadOrMakeSecret(file)).reveal()).to.equal(made.reveal());
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
  });

  it('a file with too short a secret: is refused without showing it', async () => {
    await loadOrMakeSecret(file);
    await writeFile(file, 'canary\n');
    const error: unknown = await loadOrMakeSecret(file).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
    expect(String(error)).to.contain('holds no secret of at least 32 bytes').and.not.to.contain('canary');
  });

  it('a source that gives the secret: is taken without a file', async () => {
    const secret = new Secret('given');
    expect(await obtainJwtSecret({ kind: 'given', secret })).to.equal(secret);
    expect((await obtainJwtSecret({ kind: 'generated', file })).reveal()).to.have.length.above(32);
  });
});
