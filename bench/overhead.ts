import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { startEmbeddedPostgres } from '#infrastructure/database/embedded-postgres.js';
import { migrateUp } from '#infrastructure/database/migrate.js';
import { serviceNodeFlags } from '#support/node-flags.js';
import { residentBytes } from '#support/resident-memory.js';

import { CommandUser } from './command-user.js';
import { readCpuMillis } from './cpu-time.js';
import { percentile, toMarkdown, type Figures, type LoadFigures, type RoundFigures } from './figures.js';
import { Processes } from './processes.js';
import { fullSize, seed } from './seed.js';

const quick = process.argv.includes('--quick');
/** Some four seconds a round. Those of a crowd follow one another: what it costs when it comes is in the first one. */
const commandsPerRound = (users: number): number => (quick ? 200 : users === 1 ? 600 : users === 10 ? 2000 : 4000);
const warmUpCommands = quick ? 300 : 3000;
const secondsAtAPace = quick ? 2 : 20;
/** After less, V8 still has the memory that the start took: it gives it back some twenty seconds after the rest was noticed. */
const restSeconds = quick ? 2 : 60;
const coldStarts = quick ? 1 : 5;
const size = quick ? { vehicles: 2000, commands: 20_000 } : fullSize;
/** Users who order again as soon as a command has ended, and, as people and programs do, once a second. */
const crowds: readonly Crowd[] = [
  ...[1, 10, 100].map((users) => ({ users, pauseMillis: 0, rounds: quick ? 1 : 5 })),
  ...(quick ? [100] : [100, 10]).map((users) => ({ users, pauseMillis: 1000, rounds: 1 })),
];
const password = 'correct horse battery staple';
const main = path.resolve(import.meta.dirname, '../src/main.js');
const createAdmin = path.resolve(import.meta.dirname, '../src/create-admin.js');
const results = path.resolve(import.meta.dirname, '../../bench/results');

interface Crowd {
  readonly users: number;
  /** Between two orders of a user; 0: the next follows at once. */
  readonly pauseMillis: number;
  readonly rounds: number;
}

interface Service {
  readonly url: string;
  readonly process: ChildProcess;
  readonly readyMillis: number;
}

/** Measures what the service adds to a vehicle that answers at once: from POST to the last event at the client. */
async function run(): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sovd-fleet-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDirectory: path.join(directory, 'postgres') });
  const processes = new Processes(directory);
  const vehicles = await processes.listen('vehicles', 'bench/instant-vehicle.js', {});
  const running: ChildProcess[] = [];
  const variables = {
    PATH: process.env['PATH'] ?? '',
    DATABASE_URL: postgres.url,
    JWT_SECRET: 'a secret of the benchmark, long enough for it',
    ADMIN_PASSWORD: password,
    PORT: '0',
    HOST: '127.0.0.1',
    REQUESTS_PER_MINUTE_PER_USER: '1000000000',
  };
  try {
    await migrateUp(postgres.url);
    await ended(
      spawn(process.execPath, [createAdmin, '--username', 'bench', '--email', 'bench@example.com'], { env: variables }),
    );
    // As a service finds it that has been at work for some months: PostgreSQL plans otherwise for tables that are nearly empty.
    await seed(postgres.url, `${vehicles.url}/v/`, size);
    const starts: number[] = [];
    for (let count = 0; count < coldStarts; count += 1) {
      const service = await startService(variables, running);
      starts.push(service.readyMillis);
      service.process.kill('SIGTERM');
      await ended(service.process);
    }
    const service = await startService(variables, running);
    await sleep(restSeconds * 1000);
    const restingBytes = await residentBytes(service.process.pid ?? 0);
    const token = await CommandUser.logIn(service.url, 'bench', password);
    const crowd = Math.max(...crowds.map(({ users }) => users));
    const users = await Promise.all(
      Array.from({ length: crowd }, (_, index) =>
        CommandUser.withVehicle(service.url, token, `${vehicles.url}/v/own-${index}`, index),
      ),
    );
    await load(users, { commands: warmUpCommands, pauseMillis: 0 });
    const loads: LoadFigures[] = [];
    for (const crowd of crowds) {
      const rounds: RoundFigures[] = [];
      while (rounds.length < crowd.rounds) rounds.push(await measure(service, users, crowd));
      loads.push({ ...crowd, rounds });
    }
    const direct = await Promise.all(users.slice(0, 1).map((user) => user.askDirectly(500)));
    const figures: Figures = {
      cores: cpus().length,
      node: process.version,
      ...size,
      loads,
      directP50: percentile(direct.flat(), 0.5),
      coldStartMillis: percentile(starts, 0.5),
      restSeconds,
      restingMegabytes: restingBytes / 1024 / 1024,
      loadedMegabytes: (await residentBytes(service.process.pid ?? 0)) / 1024 / 1024,
    };
    const table = toMarkdown(figures);
    console.log(table);
    await mkdir(results, { recursive: true });
    await writeFile(path.join(results, 'overhead.md'), `${table}\n`);
    await writeFile(path.join(results, 'overhead.json'), `${JSON.stringify(figures, null, 2)}\n`);
  } finally {
    for (const child of running) child.kill('SIGKILL');
    await processes.close();
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(
  service: Service,
  users: readonly CommandUser[],
  { users: count, pauseMillis }: Crowd,
): Promise<RoundFigures> {
  const commands = pauseMillis === 0 ? commandsPerRound(count) : count * secondsAtAPace;
  const cpuBefore = await readCpuMillis(service.process.pid ?? 0);
  const clientsBefore = process.cpuUsage();
  const { durations, seconds } = await load(users.slice(0, count), { commands, pauseMillis });
  const clients = process.cpuUsage(clientsBefore);
  const cpuAfter = await readCpuMillis(service.process.pid ?? 0);
  return {
    commands: durations.length,
    commandsPerSecond: durations.length / seconds,
    p50: percentile(durations, 0.5),
    p95: percentile(durations, 0.95),
    p99: percentile(durations, 0.99),
    cpuMicrosPerCommand:
      cpuBefore === undefined || cpuAfter === undefined
        ? undefined
        : ((cpuAfter - cpuBefore) * 1000) / durations.length,
    clientCpuMicrosPerCommand: (clients.user + clients.system) / durations.length,
  };
}

async function load(
  users: readonly CommandUser[],
  { commands, pauseMillis }: { readonly commands: number; readonly pauseMillis: number },
): Promise<{ durations: number[]; seconds: number }> {
  const durations: number[] = [];
  let left = commands;
  const start = performance.now();
  await Promise.all(
    users.map(async (user, index) => {
      // Not all at the same moment.
      await sleep((pauseMillis * index) / users.length);
      while (left > 0) {
        left -= 1;
        const duration = await user.runCommand();
        durations.push(duration);
        await sleep(Math.max(0, pauseMillis - duration));
      }
    }),
  );
  return { durations, seconds: (performance.now() - start) / 1000 };
}

async function startService(variables: Record<string, string>, running: ChildProcess[]): Promise<Service> {
  const start = performance.now();
  const child = spawn(process.execPath, [...(await serviceNodeFlags()), main], {
    env: variables,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the service ended at its start')));
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      const entry = JSON.parse(line) as { readonly msg?: string; readonly port?: number };
      if (entry.msg !== 'ready' || entry.port === undefined) return;
      // The rest of the log is only taken off the pipe: reading it is not the service's work.
      lines.close();
      child.stdout.resume();
      resolve(entry.port);
    });
  });
  return { url: `http://127.0.0.1:${port}`, process: child, readyMillis: performance.now() - start };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  await new Promise((resolve) => child.once('exit', resolve));
}

run().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
