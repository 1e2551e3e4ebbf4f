import { spawn } from 'node:child_process';
import { open, readFile, stat, truncate } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { postgresEnvironment, type PostgresAccount } from './embedded-postgres-account.js';
import { findPostgresBinaries } from './embedded-postgres-binaries.js';
import { clusterAsSeenByServer, type ClusterPaths } from './embedded-postgres-cluster.js';

const maxLogFileBytes = 10 * 1024 * 1024;
const maxAttempts = 50;

interface LaunchOptions {
  /** Default: a free one, and another one when it turns out to be taken. */
  readonly port?: number;
  /** More arguments for the server. */
  readonly flags?: readonly string[];
}

/** Starts server processes until one stays, since what stops a first one may pass. */
export class ServerLauncher {
  /** The process that was started last. */
  pid: number | undefined;
  #exitCode: number | string | undefined;
  #attempts = 0;
  #outputStart = 0;

  constructor(
    private readonly paths: ClusterPaths,
    private readonly account: PostgresAccount | undefined,
    private readonly options: LaunchOptions,
  ) {}

  /** Starts a process unless one is on its way; throws, with what the last one said, when there is no use in trying again. */
  async launchUnlessRunning(): Promise<void> {
    if (this.pid !== undefined && this.#exitCode === undefined) return;
    if (this.pid !== undefined) await this.#judgeExit();
    this.#attempts += 1;
    const { postgres } = await findPostgresBinaries(this.account);
    const port = this.options.port ?? (await findFreePort());
    await this.#startOutput();
    const output = await open(this.paths.logFile, 'a', 0o600);
    try {
      const child = spawn(postgres, this.#parameters(port), {
        ...this.account,
        cwd: this.paths.cluster,
        env: postgresEnvironment,
        detached: true,
        stdio: ['ignore', output.fd, output.fd],
      });
      this.#exitCode = undefined;
      child.once('error', (error) => (this.#exitCode = error.message));
      child.once('exit', (code, signal) => (this.#exitCode = code ?? signal ?? 'unknown'));
      child.unref();
      this.pid = child.pid;
    } finally {
      await output.close();
    }
  }

  /** What the last attempt wrote. */
  async output(): Promise<string> {
    const text = await readFile(this.paths.logFile).catch(() => Buffer.alloc(0));
    return text.subarray(this.#outputStart).toString('utf8').trim();
  }

  #parameters(port: number): string[] {
    return [
      '-D',
      clusterAsSeenByServer(this.paths.cluster, this.account),
      '-p',
      String(port),
      ...['listen_addresses=127.0.0.1', 'unix_socket_directories='].flatMap((setting) => ['-c', setting]),
      ...(this.options.flags ?? []),
    ];
  }

  async #startOutput(): Promise<void> {
    const size = await stat(this.paths.logFile).then(
      (found) => found.size,
      () => 0,
    );
    if (size > maxLogFileBytes) await truncate(this.paths.logFile);
    this.#outputStart = size > maxLogFileBytes ? 0 : size;
  }

  /**
   * A free port may be taken by somebody else before the server has it; the processes of a killed server take a moment to
   * let go of its memory; two that start at once meet at the lock file. Anything else is an error.
   */
  async #judgeExit(): Promise<void> {
    const output = await this.output();
    const portIsTaken = this.options.port === undefined && output.includes('could not create any TCP/IP sockets');
    const passes = portIsTaken || /lock file "postmaster.pid"|pre-existing shared memory block/u.test(output);
    if (!passes || this.#attempts >= maxAttempts) {
      throw new Error(`PostgreSQL in ${this.paths.cluster} ended at its start (${this.#exitCode ?? ''}).\n${output}`);
    }
    await sleep(100);
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}
