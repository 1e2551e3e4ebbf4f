import { join } from 'node:path';

import type { EnvironmentName } from './environment-name.js';
import { Secret } from './secret.js';
import type { SettingsReader } from './settings-reader.js';

/** How many connections are kept, and how long one may be waited for or lie idle. */
export interface PoolSettings {
  readonly max: number;
  readonly min: number;
  readonly acquireMillis: number;
  readonly idleMillis: number;
}

interface DatabaseLimits {
  readonly pool: PoolSettings;
  /** A little under the request timeout, so that a slow query ends while there is still time to answer. */
  readonly statementTimeoutMillis: number;
  readonly idleInTransactionTimeoutMillis: number;
  readonly migrateOnStart: boolean;
  /** Whether statements are named and so parsed and planned once for each connection. */
  readonly preparesStatements: boolean;
}

/** A PostgreSQL that somebody else runs. */
export interface DatabaseByUrl extends DatabaseLimits {
  readonly kind: 'url';
  readonly url: Secret;
}

/** A PostgreSQL that the service starts for itself, with its files in a directory. Never in production. */
export interface EmbeddedDatabase extends DatabaseLimits {
  readonly kind: 'embedded';
  readonly dataDirectory: string;
}

/** Where the database is, and the limits of its use. */
export type DatabaseSettings = DatabaseByUrl | EmbeddedDatabase;

const example = 'postgres://user:password@host:5432/database';

/** Reads the database's settings. */
export function readDatabaseSettings(
  reader: SettingsReader,
  environment: EnvironmentName,
  dataDirectory: string,
): DatabaseSettings {
  const url = readUrl(reader, environment);
  const limits: DatabaseLimits = {
    pool: readPool(reader),
    statementTimeoutMillis: reader.wholeNumber('DB_STATEMENT_TIMEOUT_MS', {
      fallback: 10_000,
      minimum: 100,
      maximum: 300_000,
    }),
    idleInTransactionTimeoutMillis: reader.wholeNumber('DB_IDLE_IN_TRANSACTION_TIMEOUT_MS', {
      fallback: 30_000,
      minimum: 1000,
      maximum: 600_000,
    }),
    preparesStatements: reader.flag('DB_PREPARED_STATEMENTS', true),
    migrateOnStart: reader.flag('MIGRATE_ON_START', url === undefined && environment !== 'production'),
  };
  if (url !== undefined) return { kind: 'url', url, ...limits };
  return { kind: 'embedded', dataDirectory: join(dataDirectory, 'postgres'), ...limits };
}

function readUrl(reader: SettingsReader, environment: EnvironmentName): Secret | undefined {
  const text = reader.text('DATABASE_URL');
  if (text === undefined) {
    if (environment === 'production') reader.complain('DATABASE_URL', `is required in production, such as ${example}`);
    return undefined;
  }
  if (!/^postgres(ql)?:\/\//iu.test(text)) {
    reader.complain('DATABASE_URL', `must begin with postgres:// or postgresql://, such as ${example}`);
    return undefined;
  }
  if (!namesHost(text)) {
    reader.complain('DATABASE_URL', `must be a URL such as ${example}, with special characters percent-encoded`);
    return undefined;
  }
  return new Secret(text);
}

/** A socket's directory stands in the query, as libpq has it. */
function namesHost(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.hostname !== '' || url.searchParams.has('host');
}

function readPool(reader: SettingsReader): PoolSettings {
  const pool = {
    max: reader.wholeNumber('DB_POOL_MAX', { fallback: 30, minimum: 1, maximum: 1000 }),
    min: reader.wholeNumber('DB_POOL_MIN', { fallback: 0, minimum: 0, maximum: 1000 }),
    acquireMillis: reader.wholeNumber('DB_POOL_ACQUIRE_MS', { fallback: 5000, minimum: 100, maximum: 60_000 }),
    idleMillis: reader.wholeNumber('DB_POOL_IDLE_MS', { fallback: 10_000, minimum: 100, maximum: 3_600_000 }),
  };
  if (pool.min > pool.max && !reader.hasComplaint('DB_POOL_MAX', 'DB_POOL_MIN')) {
    reader.complain('DB_POOL_MIN', 'must not be above DB_POOL_MAX');
  }
  return pool;
}
