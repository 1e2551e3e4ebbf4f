import { setTimeout as sleep } from 'node:timers/promises';

import { startEmbeddedPostgres, type EmbeddedPostgres } from '#infrastructure/database/embedded-postgres.js';

import { findFreePort } from './free-port.js';
import { makeTemporaryDirectory } from './temporary-directory.js';

/**
 * Settings of a server whose data nobody needs tomorrow. What was committed still survives a kill of the server, because
 * only the way from the system's memory to the disk is left out.
 */
export const testServerFlags = [
  'fsync=off',
  'full_page_writes=off',
  'max_connections=300',
  'shared_buffers=32MB',
].flatMap((setting) => ['-c', setting]);

/** A PostgreSQL that a test may stop, start and kill as it likes. It keeps its data, its port and its address. */
export interface OwnPostgres {
  /** An empty database, with a superuser. */
  readonly url: string;
  readonly port: number;
  /** Ends all connections and shuts down. */
  stop(): Promise<void>;
  /** Starts it again after `stop` or `kill`. */
  start(): Promise<void>;
  /** Kills the server without a chance to clean up (SIGKILL). */
  kill(): Promise<void>;
}

/** Starts a PostgreSQL beside the one of the run. Whoever starts it stops it. */
export async function startOwnPostgres(): Promise<OwnPostgres> {
  const dataDirectory = await makeTemporaryDirectory('postgres');
  const port = await findFreePort();
  const launch = () => startEmbeddedPostgres({ dataDirectory, port, flags: testServerFlags });
  let server: EmbeddedPostgres | undefined = await launch();
  const { url } = server;

  return {
    url,
    port,
    async stop() {
      await server?.stop();
      server = undefined;
    },
    async start() {
      server ??= await launch();
    },
    async kill() {
      if (server === undefined) return;
      const { pid } = server;
      process.kill(pid, 'SIGKILL');
      while (exists(pid)) await sleep(10);
      // Closes what it still holds; there is no server left to stop.
      await server.stop();
      server = undefined;
    },
  };
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
