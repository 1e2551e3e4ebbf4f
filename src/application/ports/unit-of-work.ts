import type { AuditLog } from './audit-log.js';
import type { AuditTrail } from './audit-trail.js';
import type { CommandPurge } from './command-purge.js';
import type { CommandQueue } from './command-queue.js';
import type { CommandRepository } from './command-repository.js';
import type { CommandStatisticsSource } from './command-statistics.js';
import type { FleetRepository } from './fleet-repository.js';
import type { TaskLog } from './log.js';
import type { ProbeQueue } from './probe-queue.js';
import type { SessionRepository } from './session-repository.js';
import type { UserRepository } from './user-repository.js';
import type { VehicleCredentialRepository } from './vehicle-credential-repository.js';
import type { VehicleRepository } from './vehicle-repository.js';

/**
 * What a use case works with: repositories bound to one unit of work. New and changed objects are noted, and written
 * together when whoever opened the unit commits it; a use case itself can't commit half-way.
 */
export interface Work {
  readonly users: UserRepository;
  readonly sessions: SessionRepository;
  readonly fleets: FleetRepository;
  readonly vehicles: VehicleRepository;
  readonly vehicleCredentials: VehicleCredentialRepository;
  readonly probeQueue: ProbeQueue;
  readonly commands: CommandRepository;
  readonly commandQueue: CommandQueue;
  readonly commandStatistics: CommandStatisticsSource;
  readonly commandPurge: CommandPurge;
  /** Append only. */
  readonly auditLog: AuditLog;
  readonly auditTrail: AuditTrail;
  /** Runs after the commit was acknowledged: events and wake-ups. What it throws is logged and changes nothing. */
  readonly afterCommit: (task: () => void) => void;
}

/**
 * A unit of work. open → committing → committed | closed. Opening costs nothing; the first statement takes a connection.
 * On anything but an open unit every call throws `UnitOfWorkClosed`.
 */
export interface UnitOfWork extends Work {
  /** Makes everything durable at once, then runs what waits for it. Refuses after a failed statement, swallowed or not. */
  readonly commit: () => Promise<void>;
  /** Rolls back what was not committed and gives the connection back. Idempotent, and never throws. */
  readonly close: () => Promise<void>;
}

/** A unit that only reads sends its statements without BEGIN and COMMIT, and refuses to note a change. */
export type Access = 'read' | 'write';

/** Where units come from. */
export interface UnitsOfWork {
  /** A new unit. Costs no connection and no round trip. */
  readonly open: (access: Access) => UnitOfWork;
  /**
   * Runs a callback on a unit of its own, commits, and closes it on every way out. When somebody else was faster
   * (`ConcurrentChange`), the whole callback runs again on a fresh unit, twice at most: it must have no effect of its own.
   */
  readonly withUnit: <Result>(access: Access, callback: (work: Work) => Promise<Result>) => Promise<Result>;
  /** The same units, which put their lines and what they cost (`db_statements`, `db_millis`) on this log. */
  readonly toldTo: (log: TaskLog) => UnitsOfWork;
}

/** A unit was used after its end: a bug of ours, never an answer of the database. */
export class UnitOfWorkClosed extends Error {
  constructor() {
    super('the unit of work is closed');
    this.name = 'UnitOfWorkClosed';
  }
}
