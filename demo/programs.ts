import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const stopTimeoutMs = 15_000;
const pollMs = 50;
const shownLines = 5;
const shownCharacters = 240;

/** Of our own environment the programs see only what they need to run, and none of the service's variables. */
const inheritedVariables = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'SystemRoot'];

/** What to start, and how. */
export interface ProgramDescription {
  /** How it is called when it fails: `the service`. */
  readonly name: string;
  /** The compiled file, with an absolute path. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  /** Where everything goes that it prints. Emptied at the start. */
  readonly logFile: string;
}

/** A program that was started. */
export interface Program {
  readonly pid: number;
  readonly isRunning: boolean;
  /** What it has printed so far. */
  output(): Promise<string>;
  /** An error in words with the last lines that it printed. */
  failure(what: string): Promise<Error>;
}

interface Running extends Program {
  readonly name: string;
  readonly child: ChildProcess;
}

/**
 * The programs of the demo. Each runs in a process group of its own: a Ctrl-C in the terminal reaches the demo alone, which
 * then stops them in order, and what a program starts can't outlive it.
 */
export class Programs {
  readonly #running: Running[] = [];
  #isStopping = false;

  /** They run in `directory`, away from a `.env` in the checkout. */
  constructor(private readonly directory: string) {
    // The last net: nothing may stay behind, whatever ends this process.
    process.once('exit', () => {
      for (const { child } of this.#running) signalGroup(child, 'SIGKILL');
    });
  }

  /** Starts a program that goes on until `stopAll`. */
  start(description: ProgramDescription): Program {
    if (this.#isStopping) throw new Error('The demo is stopping.');
    const { name, script, args = [], variables = {}, logFile } = description;
    const output = openSync(logFile, 'w', 0o600);
    const child = spawn(process.execPath, [script, ...args], {
      cwd: this.directory,
      env: { ...inherited(), ...variables },
      stdio: ['ignore', output, output],
      detached: true,
    });
    closeSync(output);
    let failure: Error | undefined;
    child.once('error', (error) => (failure = error));
    const readOutput = (): Promise<string> => readFile(logFile, 'utf8').catch(() => '');
    const running: Running = {
      name,
      child,
      pid: child.pid ?? 0,
      get isRunning() {
        return failure === undefined && isAlive(child);
      },
      output: readOutput,
      failure: async (what) => {
        const lines = (await readOutput()).trimEnd().split('\n').slice(-shownLines);
        const shown = lines.map((line) => line.slice(0, shownCharacters));
        return new Error([`${name} ${what}${endOf(child)}. The end of ${logFile}:`, ...shown].join('\n  '), {
          cause: failure,
        });
      },
    };
    this.#running.push(running);
    return running;
  }

  /** Runs a program to its end and gives what it printed. Throws when it fails. */
  async run(description: ProgramDescription): Promise<string> {
    const program = this.start(description);
    while (program.isRunning) await sleep(pollMs);
    const ended = this.#running.find(({ pid }) => pid === program.pid);
    if (ended?.child.exitCode !== 0) throw await program.failure('failed');
    this.#running.splice(this.#running.indexOf(ended), 1);
    return program.output();
  }

  /** Resolves, with an error in words, when a program ends that should go on. */
  async unexpectedEnd(): Promise<Error> {
    for (;;) {
      const ended = this.#isStopping ? undefined : this.#running.find(({ isRunning }) => !isRunning);
      if (ended !== undefined) return ended.failure('ended unexpectedly');
      await sleep(pollMs * 4);
    }
  }

  /** Stops one program, in kindness first. */
  async stop(program: Program): Promise<void> {
    const place = this.#running.findIndex(({ pid }) => pid === program.pid);
    const running = this.#running[place];
    if (running === undefined) return;
    const { child } = running;
    if (isAlive(child)) {
      const ended = once(child, 'exit');
      signalGroup(child, 'SIGTERM');
      const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), stopTimeoutMs);
      await ended;
      clearTimeout(timer);
    }
    signalGroup(child, 'SIGKILL');
    this.#running.splice(place, 1);
  }

  /** Stops all of them, the last one first. Nothing can be started after that. */
  async stopAll(): Promise<void> {
    this.#isStopping = true;
    for (const program of this.#running.toReversed()) await this.stop(program);
  }
}

function inherited(): Record<string, string> {
  const present = inheritedVariables.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(present);
}

function endOf({ exitCode, signalCode }: ChildProcess): string {
  if (signalCode !== null) return ` (killed by ${signalCode})`;
  return exitCode === null ? '' : ` (exit code ${exitCode})`;
}

function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}
