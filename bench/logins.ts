import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { startEmbeddedPostgres } from '#infrastructure/database/embedded-postgres.js';
import { migrateUp } from '#infrastructure/database/migrate.js';
import { serviceNodeFlags } from '#support/node-flags.js';

import { percentile } from './figures.js';

/*
 * Do 50 logins at once slow GET /health/live? Run it with `node dist/bench/logins.js`. It prints percentiles of the health
 * check at rest and meanwhile, the logins a second, and what the service takes of memory at rest.
 */

const loginsAtOnce = 50;
const probes = 1000;
const pauseMillis = 5;
const password = 'correct horse battery staple';
const main = path.resolve(import.meta.dirname, '../src/main.js');
const createAdmin = path.resolve(import.meta.dirname, '../src/create-admin.js');

async function run(): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sovd-fleet-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDirectory: path.join(directory, 'postgres') });
  const env = {
    PATH: process.env['PATH'] ?? '',
    DATABASE_URL: postgres.url,
    JWT_SECRET: 'a secret of the benchmark, long enough for it',
    ADMIN_PASSWORD: password,
    PORT: '0',
    HOST: '127.0.0.1',
    REQUESTS_PER_MINUTE_PER_ADDRESS: '1000000000',
    LOGIN_FREE_TRIES: '1000000',
    LOGIN_FREE_TRIES_PER_ADDRESS: '1000000',
    LOGIN_FREE_TRIES_PER_ACCOUNT: '1000000',
  };
  let service: ChildProcess | undefined;
  try {
    await migrateUp(postgres.url);
    const admin = spawn(process.execPath, [createAdmin, '--username', 'bench', '--email', 'bench@example.com'], {
      env,
    });
    await new Promise((resolve) => admin.once('exit', resolve));
    service = spawn(process.execPath, [...(await serviceNodeFlags()), main], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const port = await portOf(service);
    await sleep(3000);
    const restingMegabytes = await residentMegabytes(service);
    await probe(port, 200);
    const atRest = await probe(port, probes);
    let logins = 0;
    let isOver = false;
    const start = performance.now();
    const lanes = Array.from({ length: loginsAtOnce }, async () => {
      while (!isOver) {
        await logIn(port);
        logins += 1;
      }
    });
    const meanwhile = await probe(port, probes);
    isOver = true;
    const seconds = (performance.now() - start) / 1000;
    await Promise.all(lanes);
    console.log(`at rest:         ${told(atRest)}`);
    console.log(`${loginsAtOnce} logins:       ${told(meanwhile)}`);
    console.log(`logins a second: ${(logins / seconds).toFixed(1)}`);
    console.log(`MB at rest:      ${restingMegabytes.toFixed(0)}`);
  } finally {
    service?.kill('SIGKILL');
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function told(millis: readonly number[]): string {
  return [0.5, 0.95, 0.99, 1].map((share) => `p${share * 100} ${percentile(millis, share).toFixed(1)} ms`).join(', ');
}

const healthAgent = new Agent({ keepAlive: true, maxSockets: 1 });
const loginAgent = new Agent({ keepAlive: true });

async function probe(port: number, count: number): Promise<number[]> {
  const millis: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = performance.now();
    await send(healthAgent, port, 'GET', '/health/live');
    millis.push(performance.now() - start);
    await sleep(pauseMillis);
  }
  return millis;
}

async function logIn(port: number): Promise<void> {
  const status = await send(
    loginAgent,
    port,
    'POST',
    '/api/v1/auth/login',
    JSON.stringify({ username: 'bench', password }),
  );
  if (status !== 200) throw new Error(`a login was answered with ${status}`);
}

function send(agent: Agent, port: number, method: string, target: string, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const sent = request({ agent, host: '127.0.0.1', port, method, path: target, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0));
    });
    sent.once('error', reject).end(body);
  });
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('the service ended at its start')));
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { msg, port } = JSON.parse(line) as { readonly msg?: string; readonly port?: number };
      if (msg === 'ready' && port !== undefined) resolve(port);
    });
  });
}

/** Linux tells it in pages of 4 KiB (proc(5), statm). */
async function residentMegabytes(child: ChildProcess): Promise<number> {
  const [, pages] = (await readFile(`/proc/${String(child.pid)}/statm`, 'utf8')).split(' ');
  return (Number(pages) * 4096) / 1024 / 1024;
}

await run();
