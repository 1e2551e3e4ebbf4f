/**
 * What `npm test` runs: starts a PostgreSQL and, where there is a `redis-server`, a Redis for this run alone, runs the
 * tests against them, reports the coverage, and takes everything away again. Any number of runs may go on at the same
 * time.
 *
 * Arguments are handed to mocha; among them may be files, as `test/….ts` or `dist/test/….js`. A part of the tests says
 * nothing about the coverage, so it is reported for whole runs only. They fail below `COVERAGE_LINES` percent (90; 0 for
 * never), and when any answer that the OpenAPI document promises was not seen (`CONTRACT_REPORT=true` lists those after a
 * part too). The files of a whole run are shared out over `TEST_JOBS` processes (one more than there are cores).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { clusterPaths, findPostmaster } from '#infrastructure/database/embedded-postgres-cluster.js';
import { startEmbeddedPostgres } from '#infrastructure/database/embedded-postgres.js';

import { findBrowser } from './browser.js';
import { reportContract } from './contract/report-contract.js';
import type { TestCounts } from './counting-reporter.js';
import { testServerFlags } from './postgres.js';
import { findRedisServer, startOwnRedis } from './redis.js';

/** The short ones last, so that no process has a long file left when the others are done. */
const allTests = ['dist/test/**/*.int.test.js', 'dist/test/**/*.unit.test.js'];
const stopTimeoutMs = 5_000;
/** How long the tests' process may take to end by itself once the last test is done. */
const lingerTimeoutMs = 15_000;
const pollMs = 100;

const program = createRequire(import.meta.url).resolve;
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    process.exitCode = 128 + os.constants.signals[signal];
    interruption.abort(new Error(`Interrupted by ${signal}.`));
  });
}

try {
  const succeeded = await withServers(runTests);
  if (!succeeded) process.exitCode ??= 1;
} catch (error) {
  console.error(interruption.signal.aborted ? String(interruption.signal.reason) : error);
  process.exitCode ??= 1;
}

interface Surroundings {
  readonly directory: string;
  readonly variables: Readonly<Record<string, string>>;
}

async function withServers(task: (surroundings: Surroundings) => Promise<boolean>): Promise<boolean> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'sovd-fleet-tests-'));
  const stops: (() => Promise<void>)[] = [];
  try {
    const postgres = await startEmbeddedPostgres({
      dataDirectory: path.join(directory, 'postgres'),
      flags: testServerFlags,
    });
    stops.push(() => postgres.stop());
    const variables: Record<string, string> = { TEST_DIRECTORY: directory, TEST_DATABASE_URL: postgres.url };
    if ((await findRedisServer()) !== undefined) {
      const redis = await startOwnRedis();
      stops.push(() => redis.stop());
      variables['TEST_REDIS_URL'] = redis.url;
    } else if (process.env['CI'] === 'true') {
      throw new Error('redis-server is not installed, which CI has to have.');
    } else {
      console.log('redis-server is not installed: the tests that need it are skipped.');
    }
    if ((await findBrowser()) === undefined) {
      console.log('chromium is not installed: the page of the documentation is not looked at.');
    }
    interruption.signal.throwIfAborted();
    return await task({ directory, variables });
  } finally {
    for (const stop of stops) await stop().catch((error: unknown) => console.error(error));
    await stopForgottenServers(directory);
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function runTests({ directory, variables }: Surroundings): Promise<boolean> {
  const { mochaArguments, isWholeRun } = readArguments(process.argv.slice(2));
  const countsFile = path.join(directory, 'counts.json');
  const contractDirectory = path.join(directory, 'contract');
  await mkdir(contractDirectory);
  const coverageDirectory = path.join(directory, 'v8-coverage');
  const mocha = spawn(
    process.execPath,
    [
      program('mocha/bin/mocha.js'),
      '--reporter',
      path.join(import.meta.dirname, 'counting-reporter.js'),
      ...(isWholeRun
        ? ['--parallel', '--jobs', process.env['TEST_JOBS'] ?? String(os.availableParallelism() + 1)]
        : []),
      ...mochaArguments,
    ],
    {
      stdio: 'inherit',
      // At the head of a process group, so that nothing that the tests start can outlive them.
      detached: true,
      env: {
        ...process.env,
        ...variables,
        NODE_ENV: 'test',
        TEST_COUNTS_FILE: countsFile,
        CONTRACT_COUNT_DIRECTORY: contractDirectory,
        ...(isWholeRun ? { NODE_V8_COVERAGE: coverageDirectory } : {}),
      },
    },
  );
  const hasEndedWell = await waitForEnd(mocha, countsFile);
  interruption.signal.throwIfAborted();
  const isCovered = !isWholeRun || (await reportCoverage(coverageDirectory));
  const isContractWanted = isWholeRun || process.env['CONTRACT_REPORT'] === 'true';
  const isContractKept = !isContractWanted || (await reportContract(contractDirectory)) || !isWholeRun;
  const { passed, failed, skipped, isComplete } = await readCounts(countsFile);
  if (!isComplete)
    console.error('The process of the tests ended before all of them were run, which counts as one failure.');
  if (isComplete && passed + failed === 0) console.error('No test was run.');
  const failures = isComplete ? failed : failed + 1;
  console.log(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return hasEndedWell && passed > 0 && failures === 0 && isCovered && isContractKept;
}

function readArguments(given: readonly string[]): { mochaArguments: readonly string[]; isWholeRun: boolean } {
  const files = given.map((argument) => argument.replace(/^(?:\.\/)?(test\/.*\.)ts$/u, 'dist/$1js'));
  const namesFiles = files.some((argument) => argument.endsWith('.js'));
  return { mochaArguments: namesFiles ? files : [...allTests, ...files], isWholeRun: given.length === 0 };
}

/**
 * Resolves when the process and all that it started are gone, and tells whether it ended by itself and without an error.
 */
async function waitForEnd(mocha: ChildProcess, countsFile: string): Promise<boolean> {
  const { pid } = mocha;
  if (pid === undefined) throw new Error('The tests could not be started.');
  const ended = once(mocha, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const stop = () => signalGroup(pid, 'SIGTERM');
  interruption.signal.addEventListener('abort', stop);
  let killAtMs = Number.POSITIVE_INFINITY;
  let isLingering = false;
  while (mocha.exitCode === null && mocha.signalCode === null) {
    await Promise.race([ended, sleep(pollMs)]);
    if (killAtMs !== Number.POSITIVE_INFINITY) {
      if (performance.now() > killAtMs) signalGroup(pid, 'SIGKILL');
    } else if (interruption.signal.aborted) {
      killAtMs = performance.now() + stopTimeoutMs;
    } else if ((await readCounts(countsFile)).isComplete) {
      killAtMs = performance.now() + lingerTimeoutMs;
      isLingering = true;
    }
  }
  const [exitCode, signal] = await ended;
  if (isLingering && signal === 'SIGKILL') {
    console.error('All tests are done, but something that they opened keeps their process from ending.');
  }
  signalGroup(pid, 'SIGKILL');
  return exitCode === 0;
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}

/** Servers of tests that had no chance to stop them, since those run in process groups of their own. */
async function stopForgottenServers(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const { cluster } = clusterPaths(path.join(directory, entry.name));
    const forgotten = await findPostmaster(cluster);
    if (forgotten === undefined) continue;
    process.kill(forgotten.pid, 'SIGQUIT');
    for (let waitedMs = 0; waitedMs < stopTimeoutMs; waitedMs += pollMs) {
      if ((await findPostmaster(cluster)) === undefined) break;
      await sleep(pollMs);
    }
  }
}

async function readCounts(file: string): Promise<TestCounts> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as TestCounts;
  } catch {
    return { passed: 0, failed: 0, skipped: 0, isComplete: false };
  }
}

/** Files that no test has loaded count too. */
async function reportCoverage(coverageDirectory: string): Promise<boolean> {
  const minimumPercent = Number(process.env['COVERAGE_LINES'] ?? 90);
  const c8 = spawn(
    process.execPath,
    [
      program('c8/bin/c8.js'),
      'report',
      ...['--temp-directory', coverageDirectory, '--all', '--src', 'dist/src', '--include', 'dist/src/**'],
      ...['--reporter', 'text-summary', '--reporter', 'html', '--reporter', 'lcovonly', '--reports-dir', 'coverage'],
      ...(minimumPercent > 0 ? ['--check-coverage', '--lines', String(minimumPercent)] : []),
    ],
    { stdio: 'inherit' },
  );
  const [exitCode] = (await once(c8, 'exit')) as [number | null];
  return exitCode === 0;
}
