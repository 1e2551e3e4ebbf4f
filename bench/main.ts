import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import path from 'node:path';

import { startSimulator } from '#simulator/simulator.js';

import { fill, openArena, stock, type ArenaDatabase } from './arena.js';
import { CommandUser } from './command-user.js';
import { comparisonPage, linesOf, type Comparison, type Cost } from './comparison.js';
import { baseline, contestants, start, type RunningContestant } from './contestants.js';
import { costsOf } from './cost.js';
import { benchRequests, compareAnswers, connections, load, type BenchRequest, type Round } from './requests.js';

const isQuick = process.argv.includes('--quick');
const rounds = isQuick ? 3 : 5;
const secondsPerRound = isQuick ? 1 : 4;
const results = path.resolve(import.meta.dirname, '../../bench/results');
const createAdmin = path.resolve(import.meta.dirname, '../src/create-admin.js');
const password = randomBytes(18).toString('base64url');

/** Runs all contestants side by side, in turn, and prints how they compare. */
async function run(): Promise<void> {
  const simulator = await startSimulator({ vehicles: 1 });
  const shared = { JWT_SECRET: randomBytes(32).toString('hex'), LOG_LEVEL: 'warn' };
  const arena = await openArena(async (database) => {
    await makeAdmin({ ...shared, DATABASE_URL: database.url });
    await fill(database, simulator.vehicles[0]?.baseUrl ?? '');
  });
  const running: RunningContestant[] = [];
  const databases = new Map<string, ArenaDatabase>();
  try {
    for (const contestant of contestants) {
      const database = await arena.copy();
      databases.set(contestant.name, database);
      running.push(await start(contestant, { ...shared, DATABASE_URL: database.url }));
    }
    const requests = benchRequests(arena);
    const [service] = running;
    const token = await CommandUser.logIn(service?.url ?? '', 'bench', password);
    await compareAnswers(running, requests, token);
    const roundsOf = await measure(running, databases, requests, token);
    for (const contestant of running) await contestant.stop();
    const comparisons = await withCosts(requests, roundsOf, databases, token, shared);
    await report(comparisons);
  } finally {
    await Promise.all(running.map((contestant) => contestant.stop()));
    await arena.close();
    await simulator.close();
  }
}

type RoundsOf = ReadonlyMap<BenchRequest, ReadonlyMap<string, Round[]>>;

/** A B C, A B C: what else happens on the machine hits all alike. */
async function measure(
  running: readonly RunningContestant[],
  databases: ReadonlyMap<string, ArenaDatabase>,
  requests: readonly BenchRequest[],
  token: string,
): Promise<RoundsOf> {
  const all = new Map<BenchRequest, Map<string, Round[]>>();
  for (const request of requests) {
    const perContestant = new Map<string, Round[]>(running.map(({ name }) => [name, []]));
    all.set(request, perContestant);
    for (let round = 0; round <= rounds; round += 1) {
      for (const contestant of running) {
        // The first round warms up.
        const figures = await load(contestant, request, token, round === 0 ? 1 : secondsPerRound);
        if (round > 0) perContestant.get(contestant.name)?.push(figures);
        const database = databases.get(contestant.name);
        if (request.method === 'POST' && contestant === running[0] && database !== undefined) await drained(database);
      }
      process.stderr.write(`${request.title}: round ${round} of ${rounds}\n`);
    }
  }
  return all;
}

/** The service carries out what it accepts; each round begins with an empty queue. */
async function drained({ query }: ArenaDatabase): Promise<void> {
  for (;;) {
    const left = await query("select 1 from commands where status in ('pending', 'in_progress') limit 1");
    if (left.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function withCosts(
  requests: readonly BenchRequest[],
  roundsOf: RoundsOf,
  databases: ReadonlyMap<string, ArenaDatabase>,
  token: string,
  shared: Readonly<Record<string, string>>,
): Promise<readonly Comparison[]> {
  const costs = new Map<string, ReadonlyMap<string, Cost>>();
  for (const contestant of contestants) {
    const database = databases.get(contestant.name);
    if (database !== undefined)
      costs.set(contestant.name, await costsOf(contestant, database, requests, token, shared));
  }
  return requests.map((request) => ({
    request,
    rounds: roundsOf.get(request) ?? new Map<string, Round[]>(),
    costs: new Map(
      [...costs].map(([name, ofRequests]) => [
        name,
        ofRequests.get(request.title) ?? { statements: Number.NaN, roundTrips: Number.NaN },
      ]),
    ),
  }));
}

async function report(comparisons: readonly Comparison[]): Promise<void> {
  const page = [
    '# Side by side',
    '',
    `${rounds} rounds of ${secondsPerRound} s each, in turn, ${connections} connections; PostgreSQL with fsync, ${stock.vehicles} vehicles and ${stock.vehicles * stock.commandsPerVehicle} commands. Contestant, PostgreSQL and load on ${cpus().length} cores, Node ${process.version}. Medians.`,
    '',
    comparisonPage(comparisons, baseline),
    '',
    ...comparisons.map(({ request }, index) => verdict(request, comparisons[index])),
  ].join('\n');
  console.log(page);
  await mkdir(results, { recursive: true });
  await writeFile(path.join(results, 'comparison.md'), `${page}\n`);
  const figures = comparisons.map((comparison) => ({
    title: comparison.request.title,
    lines: linesOf(comparison, baseline),
    rounds: Object.fromEntries(comparison.rounds),
  }));
  await writeFile(path.join(results, 'comparison.json'), `${JSON.stringify(figures, null, 2)}\n`);
}

function verdict({ title, atLeast }: BenchRequest, comparison: Comparison | undefined): string {
  const lines = comparison === undefined ? [] : linesOf(comparison, baseline);
  const rate = (name: string): number => lines.find((line) => line.name === name)?.perSecond ?? Number.NaN;
  const ratio = lines.find((line) => line.name === 'sovd-fleet')?.ratio ?? Number.NaN;
  const usual = rate('sovd-fleet') / rate('express-sequelize');
  const isKept = ratio >= atLeast && usual >= 4 ? 'kept' : 'not kept';
  return `- ${title}: ${ratio.toFixed(2)} of ${baseline} (promised ${atLeast}), ${usual.toFixed(1)} times express-sequelize (promised 4): ${isKept}`;
}

async function makeAdmin(variables: Record<string, string>): Promise<void> {
  const child = spawn(process.execPath, [createAdmin, '--username', 'bench', '--email', 'bench@example.com'], {
    env: { PATH: process.env['PATH'] ?? '', ADMIN_PASSWORD: password, ...variables },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error('the user of the benchmark could not be made');
}

run().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
