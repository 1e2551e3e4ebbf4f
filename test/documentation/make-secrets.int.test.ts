import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { expect } from 'chai';
import { parse } from 'dotenv';

import { makeTemporaryDirectory } from '#support/temporary-directory.js';

import { repository } from './repository.js';

const run = promisify(execFile);
const names = ['POSTGRES_PASSWORD', 'REDIS_PASSWORD', 'JWT_SECRET', 'CREDENTIALS_KEYS', 'ADMIN_PASSWORD'];

describe('deploy/make-secrets.sh', () => {
  let file: string;

  beforeEach(async () => {
    file = path.join(await makeTemporaryDirectory('secrets'), '.env');
  });

  const makeSecrets = async (): Promise<Record<string, string>> => {
    await run('sh', [path.join(repository, 'deploy/make-secrets.sh'), file]);
    return parse(await readFile(file));
  };

  it('no file: makes one with 32 random bytes a secret, for its owner alone', async () => {
    const secrets = await makeSecrets();
    expect(secrets).to.have.all.keys(names);
    for (const [name, secret] of Object.entries(secrets)) {
      expect(secret).to.match(name === 'CREDENTIALS_KEYS' ? /^k1:[0-9a-f]{64}$/u : /^[0-9a-f]{64}$/u);
    }
    expect(new Set(Object.values(secrets))).to.have.property('size', names.length);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
  });

  it('a file with all of them: changes nothing', async () => {
    const made = await makeSecrets();
    expect(await makeSecrets()).to.deep.equal(made);
  });

  it('a file that lacks some, without a line end: keeps what is there and adds the rest', async () => {
    await writeFile(file, '# mine\nLOG_LEVEL=debug\nREDIS_PASSWORD=\nJWT_SECRET=kept', { mode: 0o644 });
    const secrets = await makeSecrets();
    expect(secrets).to.include({ LOG_LEVEL: 'debug', JWT_SECRET: 'kept' });
    expect(secrets['REDIS_PASSWORD']).to.match(/^[0-9a-f]{64}$/u);
    expect(await readFile(file, 'utf8')).to.match(/^# mine\n/u);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
  });
});
