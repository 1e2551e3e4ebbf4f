import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { findFreePort } from './free-port.js';

const startTimeoutMs = 10_000;
const stopTimeoutMs = 5_000;

/** A Redis that a test may stop and start as it likes. It keeps its port and its address, but no data. */
export interface OwnRedis {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
  /** Starts it again after `stop`. */
  start(): Promise<void>;
}

/**
 * Starts a `redis-server` without persistence on a free port. Whoever starts it stops it. Throws when the program is not
 * installed.
 */
export async function startOwnRedis(): Promise<OwnRedis> {
  const program = await findRedisServer();
  if (program === undefined) throw new Error('redis-server is not installed.');
  let port = 0;
  let running: ChildProcess | undefined;
  for (let attempt = 0; running === undefined; attempt += 1) {
    port = await findFreePort();
    running = await launch(program, port).catch((error: unknown) => {
      // Another program may have been faster to take the port.
      if (attempt === 2) throw error;
      return undefined;
    });
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    async stop() {
      if (running !== undefined) await end(running);
      running = undefined;
    },
    async start() {
      running ??= await launch(program, port);
    },
  };
}

/**
 * Inside a `describe`: its tests need Redis. Without a `redis-server` they are skipped, and fail where `CI` is `true`.
 */
export function needRedis(): void {
  before('Redis', async function () {
    if ((await findRedisServer()) !== undefined) return;
    if (process.env['CI'] === 'true') throw new Error('redis-server is not installed, which CI has to have.');
    this.skip();
  });
}

/**
 * Inside a `describe`: its tests need Redis, and any will do. All files use the same one, so channels and keys need
 * names of their own.
 */
export function useRedis(): { readonly url: string } {
  needRedis();
  return {
    get url() {
      const url = process.env['TEST_REDIS_URL'];
      if (url === undefined) throw new Error('TEST_REDIS_URL is not set; `npm test` sets it.');
      return url;
    },
  };
}

/** The path of `redis-server`, if it is installed. */
export async function findRedisServer(): Promise<string | undefined> {
  for (const directory of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const program = path.join(directory, 'redis-server');
    const isProgram = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isProgram) return program;
  }
  return undefined;
}

async function launch(program: string, port: number): Promise<ChildProcess> {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn(program, options, { stdio: ['ignore', 'pipe', 'inherit'], cwd: '/' });
  let output = '';
  server.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  let failure: Error | undefined;
  server.once('error', (error) => (failure = error));
  server.once('exit', () => (failure ??= new Error(`redis-server ended at its start: ${output}`)));
  const deadline = performance.now() + startTimeoutMs;
  while (performance.now() < deadline && failure === undefined) {
    if (output.includes('Ready to accept connections') && (await accepts(port))) return server;
    await sleep(10);
  }
  await end(server);
  throw failure ?? new Error(`redis-server did not become ready: ${output}`);
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  const timer = setTimeout(() => server.kill('SIGKILL'), stopTimeoutMs);
  await ended;
  clearTimeout(timer);
}
