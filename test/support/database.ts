import { randomBytes } from 'node:crypto';

import { Client, type QueryResultRow } from 'pg';

/** Brings the database up to the newest schema. It has closed its connections when it resolves. */
export type Migrate = (databaseUrl: string) => Promise<unknown>;

/** A database of one test file, with the schema of the product. */
export interface TestDatabase {
  readonly url: string;
  /** Looks at the data, or changes it behind the program's back, over a connection of its own. */
  query<Row extends QueryResultRow>(sql: string, parameters?: readonly unknown[]): Promise<readonly Row[]>;
  /** Empties all tables but those that the migrations filled. Fails when a forgotten transaction is in the way. */
  clear(): Promise<void>;
}

const templateName = 'migrated_template';
const templateLock = 5_140_277;

/**
 * Inside a `describe`: gives its tests a database that nobody else uses, and drops it at the end. It is copied from a
 * template that is migrated once per run; with a `migrate` of its own it starts out empty and is migrated by that.
 */
export function useDatabase(migrate?: Migrate): TestDatabase {
  const name = `test_${randomBytes(6).toString('hex')}`;
  let client: Client | undefined;
  let filledByMigrations: ReadonlySet<string> = new Set();

  before('a database', async () => {
    await withAdmin(async (admin) => {
      if (migrate === undefined) await provideTemplate(admin);
      await admin.query(`create database ${name} template ${migrate === undefined ? templateName : 'template0'}`);
    });
    await migrate?.(urlOf(name));
    client = await connectTo(urlOf(name));
    filledByMigrations = new Set(await filledTables(client));
  });

  after('a database', async () => {
    await client?.end();
    client = undefined;
    await withAdmin((admin) => admin.query(`drop database if exists ${name} with (force)`));
  });

  function connection(): Client {
    if (client === undefined) throw new Error('The database is there only while tests and their hooks run.');
    return client;
  }

  return {
    get url() {
      return urlOf(name);
    },
    async query<Row extends QueryResultRow>(sql: string, parameters: readonly unknown[] = []) {
      const { rows } = await connection().query<Row>(sql, [...parameters]);
      return rows;
    },
    clear: () => clear(connection(), filledByMigrations),
  };
}

async function clear(client: Client, kept: ReadonlySet<string>): Promise<void> {
  const tables = (await tablesOf(client)).filter((table) => !kept.has(table));
  if (tables.length === 0) return;
  await client.query('begin');
  try {
    // Tables that refuse changes do so by triggers, which don't fire for a replica.
    await client.query("set local session_replication_role = replica; set local lock_timeout = '5s'");
    // Not `truncate`, which makes new files for every table and index: with the few rows of a test that takes far longer.
    await client.query(tables.map((table) => `delete from ${table}`).join(';'));
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

async function tablesOf(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ table: string }>(
    `select format('%I.%I', schemaname, tablename) as table from pg_tables where schemaname = 'public'`,
  );
  return rows.map((row) => row.table);
}

async function filledTables(client: Client): Promise<readonly string[]> {
  const filled: string[] = [];
  for (const table of await tablesOf(client)) {
    const { rowCount } = await client.query(`select from ${table} limit 1`);
    if (rowCount === 1) filled.push(table);
  }
  return filled;
}

/** Files that run at the same time meet at the lock; what is there under the template's name is always complete. */
async function provideTemplate(admin: Client): Promise<void> {
  const unfinished = `${templateName}_unfinished`;
  await admin.query('select pg_advisory_lock($1)', [templateLock]);
  try {
    const { rowCount } = await admin.query('select from pg_database where datname = $1', [templateName]);
    if (rowCount === 1) return;
    await admin.query(`drop database if exists ${unfinished} with (force)`);
    await admin.query(`create database ${unfinished} template template0`);
    const { migrateUp } = await import('#infrastructure/database/migrate.js');
    await migrateUp(urlOf(unfinished));
    await admin.query(`alter database ${unfinished} rename to ${templateName}`);
  } finally {
    await admin.query('select pg_advisory_unlock($1)', [templateLock]);
  }
}

async function withAdmin(task: (admin: Client) => Promise<unknown>): Promise<void> {
  const admin = await connectTo(adminUrl());
  try {
    await task(admin);
  } finally {
    await admin.end();
  }
}

async function connectTo(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, ssl: false, application_name: 'test support' });
  await client.connect();
  return client;
}

function adminUrl(): string {
  const url = process.env['TEST_DATABASE_URL'];
  if (url === undefined)
    throw new Error('TEST_DATABASE_URL is not set; `npm test` sets it, also for a part: `npm test -- --grep vehicle`.');
  return url;
}

function urlOf(database: string): string {
  const url = new URL(adminUrl());
  url.pathname = `/${database}`;
  return url.href;
}
