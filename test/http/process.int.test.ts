import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';

import { expect } from 'chai';

import { useDatabase } from '#support/database.js';
import { addUser } from '#support/program.js';
import { makeTemporaryDirectory } from '#support/temporary-directory.js';

const main = path.resolve(import.meta.dirname, '../../src/main.js');

interface RunningProcess {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly errors: () => string;
  readonly ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
  /** The line of the log with this message. */
  readonly line: (message: string) => Promise<any>;
}

describe('the process', () => {
  const database = useDatabase();
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  async function start(variables: Record<string, string>): Promise<RunningProcess> {
    const child = spawn(process.execPath, [main], {
      // A directory without a .env.
      cwd: await makeTemporaryDirectory('process'),
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'test',
        PORT: '0',
        HOST: '127.0.0.1',
        DATABASE_URL: database.url,
        JWT_SECRET: 'a secret that only the tests know, long enough',
        ...variables,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.stderr.on('data', (chunk) => (errors += String(chunk)));
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    return {
      child,
      output: () => output,
      errors: () => errors,
      ended,
      line: async (message) => {
        for (;;) {
          const found = output.split('\n').find((text) => text.includes(`"msg":"${message}"`));
          if (found !== undefined) return JSON.parse(found);
          const over = await Promise.race([ended, once(child.stdout, 'data').then(() => undefined)]);
          if (over !== undefined) throw new Error(`It ended without the line ${message}: ${errors}`);
        }
      },
    };
  }

  it('does not start with wrong settings, and names all of them without their values', async () => {
    const running = await start({ DATABASE_URL: 'mysql://root:hunter2@db', JWT_SECRET: 'hunter2', PORT: 'many' });
    const [code] = await running.ended;
    expect(code).to.equal(1);
    const message = running.errors();
    for (const name of ['DATABASE_URL', 'JWT_SECRET', 'PORT']) expect(message).to.contain(name);
    expect(message).not.to.contain('hunter2');
    expect(message).not.to.contain('    at ');
    expect(running.output()).to.equal('');
  });

  it('says so when its port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = String((server.address() as AddressInfo).port);
    const running = await start({ PORT: port });
    const [code] = await running.ended;
    server.close();
    expect(code).to.equal(1);
    expect(running.errors()).to.equal(`sovd-fleet cannot start: port ${port} is in use; set PORT to another one\n`);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`gets ready, serves, and ends with 0 on ${signal}, though clients keep their connections`, async () => {
      const running = await start({});
      const { port, ready_ms: readyMillis } = await running.line('ready');
      expect(readyMillis).to.be.below(10_000);
      const url = `http://127.0.0.1:${port}`;
      expect(await (await fetch(`${url}/health/live`)).json()).to.deep.equal({ status: 'ok' });
      const ready = await fetch(`${url}/health/ready`);
      expect(await ready.json()).to.deep.equal({ status: 'ok', checks: [{ name: 'database', status: 'ok' }] });
      running.child.kill(signal);
      const [code] = await running.ended;
      expect(code, running.errors()).to.equal(0);
      expect(await running.line('stopped')).to.include({ level: 30 });
      expect(running.errors()).to.equal('');
    });
  }

  it('finishes what it is doing when it is told to stop', async () => {
    const running = await start({});
    const { port } = await running.line('ready');
    const { username } = await addUser(database.url, 'viewer');
    const lock = database.query('begin; lock table users in access exclusive mode; select pg_sleep(1); commit');
    const login = fetch(`http://127.0.0.1:${port}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password: 'correct horse battery staple' }),
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    running.child.kill('SIGTERM');
    expect((await login).status).to.equal(200);
    expect((await running.ended)[0]).to.equal(0);
    await lock;
  });

  it('is not ready, and says why, when migrations are missing', async () => {
    await database.query(`alter table "SequelizeMeta" rename to meta_put_away`);
    try {
      const running = await start({});
      const { port } = await running.line('ready');
      const ready = await fetch(`http://127.0.0.1:${port}/health/ready`);
      expect(ready.status).to.equal(503);
      expect(ready.headers.get('retry-after')).to.equal('2');
      const { checks } = (await ready.json()) as any;
      expect(checks[0].detail).to.match(/^migrations are missing: 20260101000000-initial/u);
    } finally {
      await database.query('alter table meta_put_away rename to "SequelizeMeta"');
    }
  });
});
