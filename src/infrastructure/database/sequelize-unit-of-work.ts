import type { Log, TaskLog } from '#application/ports/log.js';
import type { Measurements } from '#application/ports/measurements.js';
import { UnitOfWorkClosed, type Access, type UnitOfWork } from '#application/ports/unit-of-work.js';

import { SequelizeAuditLog } from './audit/sequelize-audit-log.js';
import { SequelizeAuditTrail } from './audit/sequelize-audit-trail.js';
import { SequelizeCommandPurge } from './commands/sequelize-command-purge.js';
import { SequelizeCommandQueue } from './commands/sequelize-command-queue.js';
import { SequelizeCommandStatistics } from './commands/sequelize-command-statistics.js';
import { SequelizeCommandRepository } from './commands/sequelize-command-repository.js';
import { translateDatabaseError } from './database-errors.js';
import { SequelizeFleetRepository } from './fleets/sequelize-fleet-repository.js';
import { compileGroup, groupWrites, type NotedWrite, type Statement } from './noted-write.js';
import type { Connection, PooledConnections } from './pooled-connections.js';
import { SequelizeSessionRepository } from './sessions/sequelize-session-repository.js';
import type { UnitStatements } from './unit-statements.js';
import { canShareCommit, type SharedCommits } from './shared-commits.js';
import { SequelizeUserRepository } from './users/sequelize-user-repository.js';
import { SequelizeVehicleCredentialRepository } from './vehicles/sequelize-vehicle-credential-repository.js';
import { SequelizeProbeQueue } from './vehicles/sequelize-probe-queue.js';
import { SequelizeVehicleRepository } from './vehicles/sequelize-vehicle-repository.js';

/** What the units of a process work with. */
export interface UnitSurroundings {
  readonly connections: PooledConnections;
  readonly commits: SharedCommits;
  readonly log: Log;
  /** Is told how many statements a unit took, and how long they took. */
  readonly costs: Pick<TaskLog, 'sumFields'> | undefined;
  readonly measurements: Pick<Measurements, 'unitOpened' | 'unitFailed'> | undefined;
}

type State = 'open' | 'committing' | 'committed' | 'closed';

/**
 * A unit of work on Sequelize. open → committing → committed; open or committing → closed.
 *
 * A connection is borrowed for each statement, and kept only while a transaction is open. One is opened for row locks, for
 * changes that can't wait, and for a commit that needs more than one statement: everything that was noted usually goes
 * out as a single statement, which is a transaction of its own and so costs one round trip in all.
 */
export class SequelizeUnitOfWork implements UnitOfWork, UnitStatements {
  readonly #connections: PooledConnections;
  readonly #commits: SharedCommits;
  readonly #access: Access;
  readonly #log: Log;
  readonly #costs: Pick<TaskLog, 'sumFields'> | undefined;
  readonly #measurements: UnitSurroundings['measurements'];
  readonly #noted: NotedWrite[] = [];
  readonly #tasks: (() => void)[] = [];
  #state: State = 'open';
  #transaction: Promise<Connection> | undefined;
  #unanswered = 0;
  #whenAnswered: (() => void) | undefined;
  #ended: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #statements = 0;
  #databaseMillis = 0;

  readonly users: SequelizeUserRepository;
  readonly sessions: SequelizeSessionRepository;
  readonly fleets: SequelizeFleetRepository;
  readonly vehicles: SequelizeVehicleRepository;
  readonly vehicleCredentials: SequelizeVehicleCredentialRepository;
  readonly probeQueue: SequelizeProbeQueue;
  readonly commands: SequelizeCommandRepository;
  readonly commandQueue: SequelizeCommandQueue;
  readonly commandStatistics: SequelizeCommandStatistics;
  readonly commandPurge: SequelizeCommandPurge;
  readonly auditLog: SequelizeAuditLog;
  readonly auditTrail: SequelizeAuditTrail;

  constructor(access: Access, { connections, commits, log, costs, measurements }: UnitSurroundings) {
    this.#measurements = measurements;
    this.#connections = connections;
    this.#commits = commits;
    this.#access = access;
    this.#log = log;
    this.#costs = costs;
    this.users = new SequelizeUserRepository(this);
    this.sessions = new SequelizeSessionRepository(this);
    this.fleets = new SequelizeFleetRepository(this);
    this.vehicles = new SequelizeVehicleRepository(this);
    this.vehicleCredentials = new SequelizeVehicleCredentialRepository(this);
    this.probeQueue = new SequelizeProbeQueue(this);
    this.commands = new SequelizeCommandRepository(this);
    this.commandQueue = new SequelizeCommandQueue(this);
    this.commandStatistics = new SequelizeCommandStatistics(this);
    this.commandPurge = new SequelizeCommandPurge(this);
    this.auditLog = new SequelizeAuditLog(this);
    this.auditTrail = new SequelizeAuditTrail(this);
  }

  async rows<Row extends object>(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    this.#mustBeOpen();
    return this.#send<Row>({ text, values }, 'read');
  }

  async rowsByFilter<Row extends object>(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    this.#mustBeOpen();
    return this.#send<Row>({ text, values, isPlannedAnew: true });
  }

  async rowsInTransaction<Row extends object>(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    this.#mustBeOpen();
    this.#mustWrite();
    this.#begin();
    return this.#send<Row>({ text, values });
  }

  note(write: NotedWrite): void {
    this.#mustBeOpen();
    this.#mustWrite();
    this.#noted.push(write);
  }

  afterCommit(task: () => void): void {
    this.#mustBeOpen();
    this.#tasks.push(task);
  }

  async commit(): Promise<void> {
    this.#mustBeOpen();
    this.#state = 'committing';
    const commit = this.#complete();
    this.#ended = commit.catch(() => undefined);
    await commit;
    this.#runTasks();
  }

  close(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closed';
      this.#ended = this.#undo();
    }
    return this.#ended;
  }

  async #complete(): Promise<void> {
    try {
      await this.#allAnswered();
      if (this.#failure !== undefined) throw this.#failure.error;
      await this.#write();
    } catch (error) {
      this.#state = 'closed';
      this.#measurements?.unitFailed();
      await this.#undo();
      throw translateDatabaseError(error);
    }
    this.#state = 'committed';
    this.#tellCost();
  }

  async #undo(): Promise<void> {
    await this.#allAnswered();
    await this.#rollBack();
    this.#tellCost();
  }

  async #write(): Promise<void> {
    const groups = groupWrites(this.#noted);
    const [group] = groups;
    if (groups.length > 1) this.#begin();
    else if (group !== undefined && this.#transaction === undefined && canShareCommit(group)) {
      await this.#counted(() => this.#commits.write(group));
      return;
    }
    const statements = groups.map(compileGroup);
    if (this.#transaction === undefined) for (const statement of statements) await this.#send(statement, 'write');
    else await this.#commitTransaction(await this.#transaction, statements);
  }

  #begin(): void {
    this.#transaction ??= this.#startTransaction();
    // Whoever sends a statement hears of it.
    this.#transaction.catch(() => undefined);
  }

  async #startTransaction(): Promise<Connection> {
    const connection = await this.#connections.acquire();
    // Travels with the first statement, which fails if this one does.
    this.#counted(() => connection.begin()).catch(() => undefined);
    return connection;
  }

  /** The only way for a statement to the database. */
  async #send<Row extends object>(statement: Statement, shared?: Access): Promise<readonly Row[]> {
    const start = performance.now();
    this.#unanswered += 1;
    const lasting = this.#transaction;
    const task = async (connection: Connection): Promise<readonly Row[]> => {
      // Whoever waited for a connection may have been given up meanwhile.
      if (this.#state === 'closed') throw new UnitOfWorkClosed();
      return connection.send<Row>(statement);
    };
    try {
      if (lasting !== undefined) return await task(await lasting);
      return await (shared === undefined ? this.#connections.use(task) : this.#connections.share(shared, task));
    } catch (error) {
      const translated = translateDatabaseError(error);
      this.#failure ??= { error: translated };
      throw translated;
    } finally {
      this.#countStatements(start, 1);
      this.#unanswered -= 1;
      if (this.#unanswered === 0) this.#whenAnswered?.();
    }
  }

  async #counted<Result>(send: () => Promise<Result>, statements = 1): Promise<Result> {
    const start = performance.now();
    try {
      return await send();
    } finally {
      this.#countStatements(start, statements);
    }
  }

  #countStatements(start: number, statements: number): void {
    this.#statements += statements;
    this.#databaseMillis += performance.now() - start;
  }

  /** Resolves when no statement is under way. Never rejects. */
  async #allAnswered(): Promise<void> {
    if (this.#unanswered > 0) await new Promise<void>((resolve) => (this.#whenAnswered = resolve));
  }

  async #commitTransaction(connection: Connection, statements: readonly Statement[]): Promise<void> {
    this.#transaction = undefined;
    try {
      await this.#counted(() => connection.commit(statements), statements.length + 1);
    } finally {
      connection.giveBack();
    }
  }

  /** Ends the transaction, once nothing runs on its connection, so that it never goes back to the pool open. */
  async #rollBack(): Promise<void> {
    const connection = await this.#transaction?.catch(() => undefined);
    if (connection === undefined) return;
    try {
      await this.#counted(() => connection.rollBack());
    } catch (error) {
      this.#log.debug({ err: error }, 'a rollback could not be sent; the server undoes the transaction by itself');
    } finally {
      connection.giveBack();
    }
  }

  #runTasks(): void {
    for (const task of this.#tasks) {
      try {
        task();
      } catch (error) {
        this.#log.error({ err: error }, 'a task after the commit failed');
      }
    }
  }

  #tellCost(): void {
    if (this.#statements === 0) return;
    this.#costs?.sumFields({ db_statements: this.#statements, db_millis: Math.round(this.#databaseMillis * 10) / 10 });
  }

  #mustBeOpen(): void {
    if (this.#state !== 'open') throw new UnitOfWorkClosed();
  }

  #mustWrite(): void {
    if (this.#access === 'read') throw new Error('a unit that only reads cannot change anything');
  }
}
