import { randomBytes } from 'node:crypto';
import path from 'node:path';

import { Client, escapeIdentifier } from 'pg';

import { startEmbeddedPostgres } from '#infrastructure/database/embedded-postgres.js';

/** The demo's PostgreSQL. */
export interface DemoDatabase {
  /** A database of this run alone, empty. */
  readonly url: string;
  /** `18.4` and the like. */
  readonly version: string;
  /** Stops the server, unless another demo uses it. */
  stop(): Promise<void>;
}

const namePrefix = 'demo_';
/** Demos that start at once make their databases one after the other. */
const creationLock = 7_683_034;

/**
 * Starts the PostgreSQL out of npm, with its files in `directory`, and makes a database for this run. Databases of earlier
 * runs are removed. Demos that run at once share the server and nothing else.
 */
export async function startDatabase(directory: string): Promise<DemoDatabase> {
  const server = await startEmbeddedPostgres({ dataDirectory: path.join(directory, 'postgres') });
  const clients: Client[] = [];
  const stop = async (): Promise<void> => {
    for (const client of clients) await client.end().catch(() => {});
    await server.stop();
  };
  const connect = async (url: string): Promise<Client> => {
    const client = new Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    clients.push(client);
    return client;
  };
  try {
    const keeper = await connect(server.url);
    await keeper.query('select pg_advisory_lock($1)', [creationLock]);
    await removeUnused(keeper);
    const name = namePrefix + randomBytes(6).toString('hex');
    await keeper.query(`create database ${escapeIdentifier(name)}`);
    const url = new URL(server.url);
    url.pathname = `/${name}`;
    // Stays connected, which tells the demos to come that this database is in use.
    await connect(url.href);
    await keeper.query('select pg_advisory_unlock($1)', [creationLock]);
    const { rows } = await keeper.query<{ server_version: string }>('show server_version');
    return { url: url.href, version: rows[0]?.server_version ?? '', stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function removeUnused(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select d.datname as name
     from pg_database d
     where starts_with(d.datname, $1)
       and not exists (select from pg_stat_activity a where a.datid = d.oid)`,
    [namePrefix],
  );
  for (const { name } of rows) await client.query(`drop database if exists ${escapeIdentifier(name)}`);
}
