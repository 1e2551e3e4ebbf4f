import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';

import { readEnvironment } from '#config/environment.js';
import { makeTemporaryDirectory } from '#support/temporary-directory.js';

describe('readEnvironment', () => {
  const name = 'SOVD_FLEET_TEST_VARIABLE';
  let directory: string;

  beforeEach(async () => {
    directory = await makeTemporaryDirectory('environment');
  });
  afterEach(() => {
    Reflect.deleteProperty(process.env, name);
  });

  it('without a file: gives the variables of the process', () => {
    process.env[name] = 'process';
    expect(readEnvironment(directory)[name]).to.equal('process');
  });

  it('with a file: gives its variables, and leaves the process alone', async () => {
    await writeFile(join(directory, '.env'), `# a comment\n${name}="from the file"\n`);
    expect(readEnvironment(directory)[name]).to.equal('from the file');
    expect(process.env[name]).to.equal(undefined);
  });

  it('a variable in both: the process wins', async () => {
    await writeFile(join(directory, '.env'), `${name}=file\n`);
    process.env[name] = 'process';
    expect(readEnvironment(directory)[name]).to.equal('process');
  });

  it('a .env that cannot be read: is an error, not an absent one', async () => {
    await mkdir(join(directory, '.env'));
    expect(() => readEnvironment(directory)).to.throw(/EISDIR/u);
  });
});
