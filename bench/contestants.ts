import { spawn, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { findFreePort } from '#support/free-port.js';

/** A program that answers the same requests as the others. */
export interface Contestant {
  readonly name: string;
  /** Below dist. */
  readonly file: string;
  readonly variables?: Readonly<Record<string, string>>;
}

/** Who takes part. The ratios are to `express-pg`. */
export const contestants: readonly Contestant[] = [
  { name: 'sovd-fleet', file: 'src/main.js' },
  { name: 'bare', file: 'bench/peers/bare.js' },
  { name: 'fastify-pg', file: 'bench/peers/fastify-pg.js' },
  { name: 'express-pg', file: 'bench/peers/express-pg.js' },
  { name: 'express-sequelize', file: 'bench/peers/express-sequelize.js' },
  { name: 'express-sequelize, KeyObject', file: 'bench/peers/express-sequelize.js', variables: { JWT_KEY: 'object' } },
];

/** The contestant that the others are compared with. */
export const baseline = 'express-pg';

/** A contestant that runs. */
export interface RunningContestant {
  readonly name: string;
  readonly url: string;
  /** Processor time since its start, in microseconds. */
  readonly processorMicros: () => Promise<number>;
  readonly residentBytes: () => Promise<number>;
  readonly stop: () => Promise<void>;
}

const dist = path.resolve(import.meta.dirname, '..');

/** Starts a contestant, and waits until it takes requests. All get the same Node without flags, and log nothing for a request. */
export async function start(
  { name, file, variables }: Contestant,
  shared: Readonly<Record<string, string>>,
): Promise<RunningContestant> {
  const port = await findFreePort();
  const child = spawn(process.execPath, [path.join(dist, file)], {
    env: { PATH: process.env['PATH'] ?? '', ...shared, ...variables, PORT: String(port), HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  await ready(child, url);
  return {
    name,
    url,
    processorMicros: async () => {
      const [, fields = ''] = (await readFile(`/proc/${String(child.pid)}/stat`, 'utf8')).split(') ');
      const [user, system] = fields.split(' ').slice(11, 13).map(Number);
      // Clock ticks of 10 ms (proc(5)).
      return ((user ?? 0) + (system ?? 0)) * 10_000;
    },
    residentBytes: async () => {
      const [, pages] = (await readFile(`/proc/${String(child.pid)}/statm`, 'utf8')).split(' ');
      return Number(pages) * 4096;
    },
    stop: async () => {
      if (child.exitCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  if (child.stdout === null) throw new Error('a contestant has no output');
  const lines = createInterface({ input: child.stdout });
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${url} ended at its start with ${String(code)}`)));
    lines.once('line', () => resolve());
    const ask = (): void => {
      // The service says nothing at this log level; that it answers is word enough.
      fetch(url).then(
        () => resolve(),
        () => setTimeout(ask, 50),
      );
    };
    ask();
  });
}
