import pg, { type Client, type ClientConfig } from 'pg';
import type { Sequelize } from 'sequelize-typescript';

import { ConcurrentChange } from '#application/domain/errors.js';
import type { Log } from '#application/ports/log.js';

import type { Statement } from './noted-write.js';
import { nameOfStatement } from './statement-names.js';
import { columnTypes } from './timestamp-text.js';

/** A connection that was taken out of the pool. */
export interface Connection {
  /** Sends at once, behind whatever was sent before: nothing waits for the answer to an earlier statement. */
  readonly send: <Row extends object>(statement: Statement) => Promise<readonly Row[]>;
  /** Sends one of the words that begin and end a transaction. Resolves to the word with which the server answers. */
  readonly control: (word: ControlWord) => Promise<string>;
  readonly giveBack: () => void;
  /** In place of `giveBack` when nobody can know in which state it is. */
  readonly discard: () => Promise<void>;
}

/** The words that begin and end a transaction. */
export type ControlWord = 'START TRANSACTION' | 'COMMIT' | 'ROLLBACK';

/**
 * The driver's client, sending statements as they come instead of each after the answer to the one before: what begins a
 * transaction travels with its first statement.
 */
class PipeliningClient extends pg.Client {
  constructor(config: ClientConfig) {
    super({ ...config, pipeline: true });
    // Sequelize listens only once the connection stands. A server that goes away in between would end the process.
    this.on('error', () => undefined);
  }
}

/** The driver as Sequelize is given it. */
export const driver: object = { ...pg, Client: PipeliningClient, types: columnTypes };

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
 * The connections of Sequelize's pool. Statements of units go straight to the driver: named, so that the server parses and
 * plans a text once for each connection, and with bound values only.
 */
export class PooledConnections {
  readonly #sequelize: Sequelize;
  readonly #options: StatementOptions;

  constructor(sequelize: Sequelize, options: StatementOptions) {
    this.#sequelize = sequelize;
    this.#options = options;
  }

  /** Takes a connection; waits for one no longer than the pool lets anybody wait. */
  async acquire(): Promise<Connection> {
    const client = await this.#sequelize.connectionManager.getConnection({ type: 'write' });
    return new PooledConnection(this.#sequelize, client as Client, this.#options);
  }
}

class PooledConnection implements Connection {
  readonly #sequelize: Sequelize;
  readonly #client: Client;
  readonly #options: StatementOptions;
  #isInTransaction = false;
  #hasStalePlan = false;

  constructor(sequelize: Sequelize, client: Client, options: StatementOptions) {
    this.#sequelize = sequelize;
    this.#client = client;
    this.#options = options;
  }

  async send<Row extends object>({ text, values, isPlannedAnew }: Statement): Promise<readonly Row[]> {
    const { preparesStatements, onStatement } = this.#options;
    onStatement?.(text);
    const name = preparesStatements && isPlannedAnew !== true ? nameOfStatement(text) : undefined;
    const bound = { text, values: values.map(withoutNul) };
    if (name === undefined) return (await this.#client.query<Row>(bound)).rows;
    try {
      return (await this.#client.query<Row>({ ...bound, name })).rows;
    } catch (error) {
      if (!isStalePlan(error)) throw error;
      this.#hasStalePlan = true;
      // Nothing was done yet. In a transaction it is too late for another try.
      if (this.#isInTransaction) throw new ConcurrentChange(undefined, error);
      return (await this.#client.query<Row>(bound)).rows;
    }
  }

  async control(word: ControlWord): Promise<string> {
    this.#options.onStatement?.(word);
    this.#isInTransaction = word === 'START TRANSACTION';
    return (await this.#client.query(word)).command;
  }

  giveBack(): void {
    if (this.#hasStalePlan) void this.discard();
    else this.#sequelize.connectionManager.releaseConnection(this.#client);
  }

  async discard(): Promise<void> {
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

function isStalePlan(error: unknown): boolean {
  return error instanceof pg.DatabaseError && stalePlanStates.has(error.code ?? '');
}
