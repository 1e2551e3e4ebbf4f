import { Sequelize, type SequelizeOptions } from 'sequelize-typescript';

import type { Log } from '#application/ports/log.js';

import { AuditLogModel } from './audit/audit-log-model.js';
import { CommandModel } from './commands/command-model.js';
import { CommandTransitionModel } from './commands/command-transition-model.js';
import { ResponseModel } from './commands/response-model.js';
import { FleetMemberModel } from './fleets/fleet-member-model.js';
import { FleetModel } from './fleets/fleet-model.js';
import { driver } from './pipelining-client.js';
import { poolState } from './pool-state.js';
import { SessionModel } from './sessions/session-model.js';
import { refuseUnmarkedStatements } from './unit-guard.js';
import { UserModel } from './users/user-model.js';
import { VehicleCredentialModel } from './vehicles/vehicle-credential-model.js';
import { VehicleModel } from './vehicles/vehicle-model.js';
import { VehicleProbeModel } from './vehicles/vehicle-probe-model.js';

/** How to reach the database, and what to take of it. */
export interface ConnectOptions {
  readonly url: string;
  readonly pool: {
    readonly max: number;
    readonly min: number;
    readonly acquireMillis: number;
    readonly idleMillis: number;
  };
  readonly statementTimeoutMillis: number;
  readonly idleInTransactionTimeoutMillis: number;
  readonly log: Log;
}

/** Every model: what the test compares with the migrated schema. */
export const models = [
  UserModel,
  SessionModel,
  FleetModel,
  FleetMemberModel,
  VehicleModel,
  VehicleCredentialModel,
  VehicleProbeModel,
  CommandModel,
  CommandTransitionModel,
  ResponseModel,
  AuditLogModel,
];

/** PostgreSQL's name for the version that we ask for at least; telling Sequelize saves it a statement of its own. */
const minimumServerVersion = '15.0.0';

/**
 * The process's one Sequelize instance. Makes no connection yet. Nobody outside of this folder gets to see it: everyone
 * else works with units.
 */
export function connect(options: ConnectOptions): Sequelize {
  const sequelizeOptions: SequelizeOptions & { readonly databaseVersion: string } = {
    dialect: 'postgres',
    databaseVersion: minimumServerVersion,
    models,
    logging: false,
    dialectModule: driver,
    benchmark: false,
    pool: {
      max: options.pool.max,
      min: options.pool.min,
      acquire: options.pool.acquireMillis,
      idle: options.pool.idleMillis,
    },
    dialectOptions: {
      application_name: 'sovd-fleet',
      keepAlive: true,
      // A little less than what a request waits, so that it is told of the database and not of a full pool.
      connectionTimeoutMillis: Math.ceil(options.pool.acquireMillis * 0.9),
      statement_timeout: options.statementTimeoutMillis,
      idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMillis,
    },
  };
  const sequelize = new Sequelize(options.url, sequelizeOptions);
  refuseUnmarkedStatements(sequelize);
  logPoolEvents(sequelize, options.log);
  return sequelize;
}

/** Hooks that Sequelize 6 has and its types don't know all of. */
interface PoolHooks {
  addHook(name: string, hookName: string, hook: () => void): void;
}

function logPoolEvents(sequelize: Sequelize, log: Log): void {
  const hooks = sequelize as unknown as PoolHooks;
  const events: readonly (readonly [hook: string, level: 'info' | 'debug', message: string])[] = [
    ['afterConnect', 'info', 'database connection opened'],
    ['afterDisconnect', 'info', 'database connection closed'],
    ['beforePoolAcquire', 'debug', 'database connection wanted'],
    ['afterPoolAcquire', 'debug', 'database connection taken'],
  ];
  // Counted only when somebody reads it: two of these come with each statement.
  const fields = {
    get pool() {
      return poolState(sequelize);
    },
  };
  for (const [hook, level, message] of events) {
    hooks.addHook(hook, 'pool-log', () => log[level](fields, message));
  }
}
