import type { CommandStatus } from '../domain/command-state.js';
import type { VehicleScope } from '../domain/visibility-scope.js';

/** Of which commands. */
export interface StatisticsFilter {
  readonly scope: VehicleScope;
  /** Submitted from this time on. */
  readonly from: Date;
  /** Submitted before this time. */
  readonly to: Date;
  readonly vehicleId?: string;
}

/** How long it took, in seconds. */
export interface Durations {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** The commands of one type that are in one state. */
export interface CommandStatistic {
  readonly name: string;
  readonly status: CommandStatus;
  readonly count: number;
  /** From acceptance to the start; undefined where none has started. */
  readonly waiting: Durations | undefined;
  /** From the start to the end; undefined where none has both. */
  readonly working: Durations | undefined;
}

/** Counts commands. */
export interface CommandStatisticsSource {
  /** In one statement, by type and state, in the order of both. */
  readonly count: (filter: StatisticsFilter) => Promise<readonly CommandStatistic[]>;
}
