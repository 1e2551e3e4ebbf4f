import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { findFreePort } from '#support/free-port.js';
import { serviceNodeFlags } from '#support/node-flags.js';

const dist = path.resolve(import.meta.dirname, '..');
const startTimeoutMillis = 30_000;

/** A program of the benchmark that listens, in a process of its own. */
export interface Listening {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  /** What it wrote to stderr so far. */
  readonly errors: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** Starts and ends the processes of a run; their output goes to files of the run's directory. */
export class Processes {
  readonly #directory: string;
  readonly #running = new Set<ChildProcess>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Runs a built program to its end. Throws unless it succeeds. */
  async run(program: string, args: readonly string[], variables: Readonly<Record<string, string>>): Promise<void> {
    const child = this.#spawn(program, args, variables, 'inherit');
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`${program} failed`);
  }

  /** Starts a built program that listens on `PORT`, and waits until it answers. All get the flags of Node that the service has. */
  async listen(
    name: string,
    program: string,
    variables: Readonly<Record<string, string>>,
    { args = [], nodeFlags = [] }: { readonly args?: readonly string[]; readonly nodeFlags?: readonly string[] } = {},
  ): Promise<Listening> {
    const port = await findFreePort();
    const file = path.join(this.#directory, `${name}-${port}`);
    const [stdout, stderr] = [await open(`${file}.out`, 'w'), await open(`${file}.err`, 'w')];
    const flags = [...(await serviceNodeFlags()), ...nodeFlags];
    const child = this.#spawn(program, args, { ...variables, PORT: String(port) }, stdout.fd, stderr.fd, flags);
    await Promise.all([stdout.close(), stderr.close()]);
    const errors = (): Promise<string> => readFile(`${file}.err`, 'utf8');
    const url = `http://127.0.0.1:${port}`;
    const deadline = performance.now() + startTimeoutMillis;
    while (!(await answers(url))) {
      if (child.exitCode !== null || performance.now() > deadline) {
        throw new Error(`${name} did not start:\n${await errors()}\n${await readFile(`${file}.out`, 'utf8')}`);
      }
      await sleep(20);
    }
    return { name, url, pid: child.pid ?? 0, errors, stop: () => this.#end(child) };
  }

  /** Ends all that still run. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map((child) => this.#end(child)));
  }

  #spawn(
    program: string,
    args: readonly string[],
    variables: Readonly<Record<string, string>>,
    stdout: 'inherit' | number,
    stderr: 'inherit' | number = 'inherit',
    nodeFlags: readonly string[] = [],
  ): ChildProcess {
    const child = spawn(process.execPath, [...nodeFlags, path.join(dist, program), ...args], {
      cwd: this.#directory,
      stdio: ['ignore', stdout, stderr],
      env: { PATH: process.env['PATH'], NODE_ENV: 'test', ...variables },
    });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  async #end(child: ChildProcess): Promise<void> {
    if (!this.#running.has(child)) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), 12_000);
    await ended;
    clearTimeout(force);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(`${url}/api/v1/vehicles`)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
