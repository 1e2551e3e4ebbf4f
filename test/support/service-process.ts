import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { serviceNodeFlags } from './node-flags.js';
import { makeTemporaryDirectory } from './temporary-directory.js';

const startTimeoutMs = 20_000;
const main = path.resolve(import.meta.dirname, '../../src/main.js');

/** The built service as a process of its own, which a test may kill, freeze and stop. */
export interface ServiceProcess {
  readonly url: string;
  readonly pid: number;
  /** What it has written so far, a line each. */
  readonly lines: readonly string[];
  /** Those of them that are records of its log. */
  readonly logLines: readonly Readonly<Record<string, unknown>>[];
  /** Sends it a signal and resolves when it has ended: with the exit code, or null when a signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** Kills it without a chance to clean up (SIGKILL). Resolves when it is gone. */
  kill(): Promise<void>;
  /** Asks it to stop (SIGTERM). Gives the exit code, or null when a signal ended it. */
  stop(): Promise<number | null>;
  /** Takes the processor away from it (SIGSTOP), as a virtual machine that stands still does. */
  freeze(): void;
  /** Lets it go on (SIGCONT). */
  thaw(): void;
}

/**
 * Starts the built service (`dist/src/main.js`) as `npm start` does, on a database, and resolves when it has logged that it is
 * ready. `variables` are environment variables, as an operator would set them; `nodeFlags` come beside those of `npm start`.
 * Whoever starts it stops or kills it.
 */
export async function startServiceProcess(
  databaseUrl: string,
  variables: Readonly<Record<string, string>> = {},
  nodeFlags: readonly string[] = [],
): Promise<ServiceProcess> {
  const directory = await makeTemporaryDirectory(`service-${randomUUID().slice(0, 8)}`);
  const coverage = process.env['NODE_V8_COVERAGE'];
  const child = spawn(process.execPath, [...(await serviceNodeFlags()), ...nodeFlags, main], {
    // No `.env` of the checkout is to be found from here.
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      ...(coverage === undefined ? {} : { NODE_V8_COVERAGE: coverage }),
      NODE_ENV: 'test',
      PORT: '0',
      HOST: '127.0.0.1',
      DATABASE_URL: databaseUrl,
      JWT_SECRET: 'a secret that only the tests know, long enough',
      PROBE_INTERVAL_SECONDS: '0',
      LOG_LEVEL: 'info',
      ...variables,
    },
  });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const lines: string[] = [];
  const port = await readiness(child, lines);
  const { pid } = child;
  if (pid === undefined) throw new Error('The service could not be started.');
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    const [code] = await ended;
    return code;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    pid,
    lines,
    get logLines() {
      return lines.map(recordIn).filter((record) => record !== undefined);
    },
    end,
    async kill() {
      await end('SIGKILL');
    },
    stop: () => end('SIGTERM'),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  };
}

/** The port in the line that says that the service is ready. */
async function readiness(child: ChildProcess, lines: string[]): Promise<number> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('The service has no output.');
  stderr.on('data', (text: Buffer) => lines.push(text.toString()));
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<number>((resolve, reject) => {
      const fail = (what: string): void => reject(new Error(`${what}:\n${lines.join('\n')}`));
      timer = setTimeout(() => {
        child.kill('SIGKILL');
        fail('The service did not become ready in time');
      }, startTimeoutMs);
      child.once('exit', () => fail('The service ended at its start'));
      createInterface({ input: stdout }).on('line', (line) => {
        lines.push(line);
        const port = portIn(line);
        if (port !== undefined) resolve(port);
      });
    });
  } finally {
    clearTimeout(timer);
  }
}

function portIn(line: string): number | undefined {
  const { msg, port } = recordIn(line) ?? {};
  return msg === 'ready' && typeof port === 'number' ? port : undefined;
}

function recordIn(line: string): Readonly<Record<string, unknown>> | undefined {
  return line.startsWith('{') ? (JSON.parse(line) as Record<string, unknown>) : undefined;
}
