import type { Sequelize } from 'sequelize-typescript';

import type { Cursor, Page, PageRequest } from '#application/ports/paging.js';
import type { UnitOfWork } from '#application/ports/unit-of-work.js';
import { connect, type ConnectOptions } from '#infrastructure/database/connect.js';
import { poolState, type PoolState } from '#infrastructure/database/pool-state.js';
import { SequelizeUnitsOfWork } from '#infrastructure/database/sequelize-units-of-work.js';
import { useDatabase, type TestDatabase } from '#support/database.js';
import { expectPoolsAtRest, watchPool } from '#support/leaks.js';
import { recordStatements, type StatementRecorder } from '#support/statements.js';

import { captureLog, type CapturedLog } from '../observability/captured-log.js';

/** What a test may say about its pool; the rest is as in production. */
export interface PoolChoices {
  readonly max?: number;
  readonly acquireMillis?: number;
  readonly idleMillis?: number;
  readonly statementTimeoutMillis?: number;
  readonly idleInTransactionTimeoutMillis?: number;
}

/** One instance of the service, as far as the database is concerned. */
export interface Instance {
  readonly sequelize: Sequelize;
  readonly units: SequelizeUnitsOfWork;
  readonly statements: StatementRecorder;
  readonly log: CapturedLog;
  readonly pool: () => PoolState;
  readonly close: () => Promise<void>;
}

let instanceCount = 0;

/** Opens units on a database, which must be closed at the end. */
export function openInstance(url: string, choices: PoolChoices = {}): Instance {
  const statements = recordStatements();
  const log = captureLog();
  const options: ConnectOptions = {
    url,
    pool: {
      max: choices.max ?? 30,
      min: 0,
      acquireMillis: choices.acquireMillis ?? 5000,
      idleMillis: choices.idleMillis ?? 10_000,
    },
    statementTimeoutMillis: choices.statementTimeoutMillis ?? 10_000,
    idleInTransactionTimeoutMillis: choices.idleInTransactionTimeoutMillis ?? 30_000,
    log: log.log,
  };
  const sequelize = connect(options);
  const pool = () => poolState(sequelize);
  const unwatch = watchPool(`of instance ${(instanceCount += 1)}`, pool);
  let closing: Promise<void> | undefined;
  return {
    sequelize,
    units: new SequelizeUnitsOfWork(sequelize, log.log, {
      preparesStatements: true,
      onStatement: statements.onStatement,
    }),
    statements,
    log,
    pool,
    close: () => {
      unwatch();
      closing ??= sequelize.close();
      return closing;
    },
  };
}

/** A database with one instance on it, and as many more as a test asks for. */
export interface TestUnits extends Omit<Instance, 'close'> {
  readonly database: TestDatabase;
  /** Another instance on the same database; closed at the end. */
  readonly another: (choices?: PoolChoices) => Instance;
}

/** Inside a `describe`: units on a database of its own, empty for each test, and a pool that is at rest after each. */
export function useUnits(choices: PoolChoices = {}): TestUnits {
  const database = useDatabase();
  const others: Instance[] = [];
  let own: Instance | undefined;

  before('units', () => {
    own = openInstance(database.url, choices);
  });
  beforeEach('no statements', () => instance().statements.forget());
  afterEach('at rest', async () => {
    await expectPoolsAtRest();
    await database.clear();
  });
  after('units', async () => {
    for (const each of [own, ...others]) await each?.close();
  });

  function instance(): Instance {
    if (own === undefined) throw new Error('The units are there only while tests and their hooks run.');
    return own;
  }

  return {
    database,
    get sequelize() {
      return instance().sequelize;
    },
    get units() {
      return instance().units;
    },
    get statements() {
      return instance().statements;
    },
    get log() {
      return instance().log;
    },
    pool: () => instance().pool(),
    another: (otherChoices) => {
      const other = openInstance(database.url, otherChoices ?? choices);
      others.push(other);
      return other;
    },
  };
}

/** What a promise was rejected with; fails when it wasn't. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('The promise was expected to be rejected, and it was not.');
}

/** Takes a row lock, so the unit's transaction is open from here on and its connection taken. */
export async function openTransaction(unit: UnitOfWork): Promise<void> {
  await unit.commandQueue.lockExpired(1);
}

/** All pages of a list, one after the other; between two of them `between` runs. */
export async function allPages<Item>(
  list: (page: PageRequest) => Promise<Page<Item>>,
  limit: number,
  between: () => Promise<unknown> = () => Promise.resolve(),
): Promise<readonly (readonly Item[])[]> {
  const pages: (readonly Item[])[] = [];
  let after: Cursor | undefined;
  do {
    const page = await list({ limit, after });
    pages.push(page.items);
    after = page.next;
    await between();
  } while (after !== undefined);
  return pages;
}
