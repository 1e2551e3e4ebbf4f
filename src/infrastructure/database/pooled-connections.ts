import pg, { type Client, type QueryConfig } from 'pg';
import type { Sequelize } from 'sequelize-typescript';

import { ConcurrentChange } from '#application/domain/errors.js';
import type { Log } from '#application/ports/log.js';
import type { Access } from '#application/ports/unit-of-work.js';

import { isRefusal } from './database-errors.js';
import { Gathering } from './gathering.js';
import { RowQuery } from './row-query.js';
import type { Statement } from './noted-write.js';
import { PoolGrowth } from './pool-growth.js';
import { poolState } from './pool-state.js';
import { nameOfStatement } from './statement-names.js';

/** A connection that was taken out of the pool. */
export interface Connection {
  /** Sends at once, behind whatever was sent before: nothing waits for the answer to an earlier statement. */
  readonly send: <Row extends object>(statement: Statement) => Promise<readonly Row[]>;
  readonly begin: () => Promise<void>;
  /**
   * Sends the last statements of the transaction with its COMMIT, in one piece. Rejects with the first error of them, or of the
   * COMMIT; the transaction is over in any case.
   */
  readonly commit: (statements: readonly Statement[]) => Promise<void>;
  readonly rollBack: () => Promise<void>;
  /** One that is lost, or still in a transaction, goes to nobody else. */
  readonly giveBack: () => void;
}

type ControlWord = 'START TRANSACTION' | 'COMMIT' | 'ROLLBACK';

/** How statements are sent. */
export interface StatementOptions {
  /** Off: for a connection pooler in front of the database that can't keep prepared statements apart. */
  readonly preparesStatements: boolean;
  /** Hears of every statement that is sent, without its values: for tests of what a unit costs. */
  readonly onStatement?: (sql: string) => void;
  readonly log: Log;
}

/** SQLSTATEs of a prepared statement that the server doesn't know, or whose tables were changed since. */
const stalePlanStates = new Set(['26000', '0A000']);

/**
 * How many tasks share a connection. One that is slow lets those behind it wait, and a change always waits for the disk, in
 * which PostgreSQL takes only those of different connections together.
 */
const maxShared = { read: 8, write: 4 } as const;

/** For how long reads go on gathering while others are under way. */
const maxReadWaitMillis = 1;

/** Something to do with a connection. It sends its statement at once, before it waits for anything. */
export type Task<Result> = (connection: Connection) => Promise<Result>;

/** What became of a statement that was to be sent. */
interface Sent<Row> {
  readonly isSent: boolean;
  readonly rows: Promise<readonly Row[]>;
}

interface SharedTask {
  /** Never rejects. */
  readonly start: (connection: Connection) => Promise<void>;
  readonly refuse: (error: unknown) => void;
}

/**
 * The connections of Sequelize's pool. Statements of units go straight to the driver: named, so that the server parses and
 * plans a text once for each connection, and with bound values only.
 */
export class PooledConnections {
  readonly #sequelize: Sequelize;
  readonly #options: StatementOptions;
  readonly #growth: PoolGrowth;
  /** What shares a connection. */
  readonly #pieces: Readonly<Record<Access, Gathering<SharedTask>>>;

  constructor(sequelize: Sequelize, options: StatementOptions) {
    this.#sequelize = sequelize;
    this.#options = options;
    this.#growth = new PoolGrowth(() => poolState(sequelize), sequelize.options.pool?.max ?? Number.POSITIVE_INFINITY);
    const pieces = (access: Access, maxUnderWay: number): Gathering<SharedTask> =>
      new Gathering({
        fits: (piece) => piece.length < maxShared[access],
        maxUnderWay,
        maxWaitMillis: maxReadWaitMillis,
        run: (piece) => this.#runTogether(piece),
      });
    // Changes were gathered before they came here.
    this.#pieces = { read: pieces('read', 1), write: pieces('write', Number.POSITIVE_INFINITY) };
  }

  /** Takes a connection; waits for one no longer than the pool lets anybody wait. */
  async acquire(): Promise<Connection> {
    return this.#acquire();
  }

  /** Takes a connection for a task, and gives it back after it. */
  async use<Result>(task: Task<Result>): Promise<Result> {
    const connection = await this.#acquire();
    try {
      return await task(connection);
    } finally {
      connection.giveBack();
    }
  }

  /**
   * As `use`, for a task that is short and in no transaction: those of one turn of the event loop share a connection, and
   * go out in one piece; reads also with those that come while others are under way. For a row by its key, what the system takes to carry a piece there and back, and to wake the
   * server for it, is more than what the server does; for a page of fifty rows it is still a sixth of the whole.
   */
  share<Result>(access: Access, task: Task<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#pieces[access].add({ start: (connection) => task(connection).then(resolve, reject), refuse: reject });
    });
  }

  async #runTogether(piece: readonly SharedTask[]): Promise<void> {
    let connection: PooledConnection;
    try {
      connection = await this.#acquire();
    } catch (error) {
      for (const { refuse } of piece) refuse(error);
      return;
    }
    try {
      await connection.inOnePiece(() => piece.map(({ start }) => start(connection)));
    } finally {
      connection.giveBack();
    }
  }

  async #acquire(): Promise<PooledConnection> {
    const client = await this.#growth.take(() => this.#sequelize.connectionManager.getConnection({ type: 'write' }));
    return new PooledConnection(this.#sequelize, client as Client, this.#options, () => this.#growth.look());
  }
}

class PooledConnection implements Connection {
  readonly #sequelize: Sequelize;
  readonly #client: Client;
  readonly #options: StatementOptions;
  #isInTransaction = false;
  /** It is lost, or plans statements for tables that are not so any more: nobody else gets it. */
  #isSpent = false;
  readonly #onReturn: () => void;

  constructor(sequelize: Sequelize, client: Client, options: StatementOptions, onReturn: () => void) {
    this.#sequelize = sequelize;
    this.#client = client;
    this.#options = options;
    this.#onReturn = onReturn;
  }

  send<Row extends object>(statement: Statement): Promise<readonly Row[]> {
    return this.#start<Row>(statement).rows;
  }

  #start<Row extends object>({ text, values, isPlannedAnew }: Statement): Sent<Row> {
    const { preparesStatements, onStatement } = this.#options;
    onStatement?.(text);
    const name = preparesStatements && isPlannedAnew !== true ? nameOfStatement(text) : undefined;
    const bound = values.map(withoutNul);
    const { isSent, rows } = this.#query<Row>(
      name === undefined ? { text, values: bound } : { name, text, values: bound },
    );
    return { isSent, rows: rows.catch((error: unknown) => this.#afterError<Row>(error, { text, values: bound })) };
  }

  async #afterError<Row extends object>(error: unknown, unnamed: QueryConfig): Promise<readonly Row[]> {
    if (!isStalePlan(error)) {
      if (!isRefusal(error)) this.#isSpent = true;
      throw leadingHere(error);
    }
    this.#isSpent = true;
    // Nothing was done yet. In a transaction it is too late for another try.
    if (this.#isInTransaction) throw new ConcurrentChange(undefined, error);
    return await this.#query<Row>(unnamed).rows;
  }

  /**
   * By callback, because of the garbage collector: with the promise that the driver makes, the rows of a query outlive its
   * end until everything is collected. A list was a quarter dearer for it, and a long export grew by all that it had sent.
   */
  #query<Row extends object>(config: QueryConfig): Sent<Row> {
    let isSent = false;
    const rows = new Promise<readonly Row[]>((resolve, reject) => {
      const query = new RowQuery<Row>(this.#client, config, (error, rows) => {
        if (error === undefined) resolve(rows);
        else reject(error);
      });
      this.#client.query(query);
      isSent = query.isSent;
    });
    return { isSent, rows };
  }

  /** Whatever the tasks send at their start leaves in one piece. Resolves when they are done. */
  async inOnePiece(begin: () => readonly Promise<void>[]): Promise<void> {
    await Promise.all(this.#corked(begin));
  }

  #corked<Result>(send: () => Result): Result {
    const { stream } = this.#client.connection;
    stream.cork();
    try {
      return send();
    } finally {
      stream.uncork();
    }
  }

  async begin(): Promise<void> {
    this.#isInTransaction = true;
    // It leaves with the statement that it is for, which follows at once.
    const { stream } = this.#client.connection;
    stream.cork();
    process.nextTick(() => stream.uncork());
    await this.#control('START TRANSACTION');
  }

  async commit(statements: readonly Statement[]): Promise<void> {
    const { ending, writes } = this.#corked(() => {
      const sent = statements.map((statement) => this.#start(statement));
      // Without one that couldn't be sent, the others must not be committed.
      const isWhole = sent.every(({ isSent }) => isSent);
      return { ending: this.#control(isWhole ? 'COMMIT' : 'ROLLBACK'), writes: sent.map(({ rows }) => rows) };
    });
    const [answer, ...outcomes] = await Promise.allSettled([ending, ...writes]);
    if (answer.status === 'fulfilled') this.#isInTransaction = false;
    // What comes behind a failed statement fails for that reason alone, so the first one says what is wrong.
    for (const outcome of [...outcomes, answer]) if (outcome.status === 'rejected') throw outcome.reason;
    // PostgreSQL answers the COMMIT of a transaction in which a statement failed with a ROLLBACK, and without an error.
    if (answer.status === 'fulfilled' && answer.value !== 'COMMIT')
      throw new Error('the transaction could not be committed');
  }

  async rollBack(): Promise<void> {
    await this.#control('ROLLBACK');
    this.#isInTransaction = false;
  }

  /** Resolves to the word with which the server answers. */
  async #control(word: ControlWord): Promise<string> {
    this.#options.onStatement?.(word);
    return (await this.#client.query(word)).command;
  }

  giveBack(): void {
    if (this.#isSpent || this.#isInTransaction) void this.#discard();
    else this.#sequelize.connectionManager.releaseConnection(this.#client);
    this.#onReturn();
  }

  async #discard(): Promise<void> {
    try {
      await this.#sequelize.connectionManager.destroyConnection(this.#client);
    } catch (error) {
      this.#options.log.debug({ err: error }, 'a connection that was given up did not close in peace');
    }
  }
}

/** PostgreSQL's text has no NUL character. One in a search finds nothing, and is no error. */
function withoutNul(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\\0') : value;
}

/** An error of the server is made where its packet arrives, and its stack leads there. */
function leadingHere(error: unknown): unknown {
  if (error instanceof pg.DatabaseError) Error.captureStackTrace(error, leadingHere);
  return error;
}

function isStalePlan(error: unknown): boolean {
  return error instanceof pg.DatabaseError && stalePlanStates.has(error.code ?? '');
}
