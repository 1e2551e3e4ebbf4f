import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { QueryTypes, type QueryInterface } from 'sequelize';
import { Sequelize } from 'sequelize-typescript';
import type { Umzug } from 'umzug';

import { markedOptions } from './unit-guard.js';

interface Migration {
  readonly up: (queryInterface: QueryInterface) => Promise<void>;
  readonly down: (queryInterface: QueryInterface) => Promise<void>;
}

const folder = path.join(import.meta.dirname, 'migrations');
const load = createRequire(import.meta.url);

/** Any number will do, as long as every instance takes the same. */
const migrationLock = 7_302_026;

/** The names of all migrations, in order, as they stand in the table `SequelizeMeta` (which sequelize-cli uses too). */
export const migrationNames: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith('.cjs'))
  .sort();

/** Brings a database to the newest schema; several at once wait for each other. Gives the names of what was applied. */
export async function migrateUp(databaseUrl: string): Promise<readonly string[]> {
  return withMigrations(databaseUrl, async (migrations) => migrations.up());
}

/** Takes all migrations back, newest first: the data goes with them. */
export async function migrateDown(databaseUrl: string): Promise<readonly string[]> {
  return withMigrations(databaseUrl, async (migrations) => migrations.down({ to: 0 }));
}

/** Names of migrations that the database still needs. */
export async function pendingMigrations(sequelize: Sequelize): Promise<readonly string[]> {
  const [table] = await sequelize.query<{ readonly present: boolean }>(
    `select to_regclass('"SequelizeMeta"') is not null as present`,
    { ...markedOptions, type: QueryTypes.SELECT },
  );
  if (table?.present !== true) return migrationNames;
  const rows = await sequelize.query<{ readonly name: string }>('select name from "SequelizeMeta"', {
    ...markedOptions,
    type: QueryTypes.SELECT,
  });
  const applied = new Set(rows.map((row) => row.name));
  return migrationNames.filter((name) => !applied.has(name));
}

async function withMigrations(
  databaseUrl: string,
  run: (migrations: Umzug<QueryInterface>) => Promise<readonly { readonly name: string }[]>,
): Promise<readonly string[]> {
  // One connection, so that the advisory lock of the session covers all that is done here.
  const sequelize = new Sequelize(databaseUrl, { dialect: 'postgres', logging: false, pool: { max: 1, idle: 60_000 } });
  try {
    await sequelize.query(`select pg_advisory_lock(${migrationLock})`);
    // Loaded only where migrations run: a service whose schema is up to date never needs it.
    const { SequelizeStorage, Umzug } = await import('umzug');
    const migrations = new Umzug<QueryInterface>({
      migrations: migrationNames.map((name) => {
        const migration = load(path.join(folder, name)) as Migration;
        return {
          name,
          up: async ({ context }) => migration.up(context),
          down: async ({ context }) => migration.down(context),
        };
      }),
      context: sequelize.getQueryInterface(),
      storage: new SequelizeStorage({ sequelize }),
      logger: undefined,
    });
    const done = await run(migrations);
    return done.map((migration) => migration.name);
  } finally {
    await sequelize.close();
  }
}
