import type { CommandStatus } from '#application/domain/command-state.js';
import type { VehicleScope } from '#application/domain/visibility-scope.js';
import type {
  CommandStatistic,
  CommandStatisticsSource,
  Durations,
  StatisticsFilter,
} from '#application/ports/command-statistics.js';

import { QueryConditions } from '../query-conditions.js';
import type { UnitStatements } from '../unit-statements.js';
import { addVehicleScope, scopeJoin } from '../visible-rows.js';

/** Counts commands along the index by time, or by vehicle and time. */
export class SequelizeCommandStatistics implements CommandStatisticsSource {
  readonly #unit: UnitStatements;

  constructor(unit: UnitStatements) {
    this.#unit = unit;
  }

  async count({ scope, from, to, vehicleId }: StatisticsFilter): Promise<readonly CommandStatistic[]> {
    const conditions = new QueryConditions();
    conditions.add('c.submitted_at >= ? and c.submitted_at < ?', from, to);
    if (vehicleId !== undefined) {
      conditions.add('c.vehicle_id = ?', vehicleId);
      addVehicleScope(conditions, scope, vehicleId);
    }
    const bound = conditions.valuesAnd();
    const rest: VehicleScope = vehicleId === undefined ? scope : { kind: 'all' };
    const { join, values } = scopeJoin(rest, 'c', bound.length + 1);
    const text = `
      select s.command_name, s.status, count(*)::integer as count,
        percentile_cont(array[0.5, 0.95, 1]) within group (order by s.waiting) as waiting,
        percentile_cont(array[0.5, 0.95, 1]) within group (order by s.working) as working
      from (
        select c.command_name, c.status, extract(epoch from c.started_at - c.submitted_at)::float8 as waiting,
          extract(epoch from c.completed_at - c.started_at)::float8 as working
        from commands c
        ${join}
        ${conditions.clause}
      ) s
      group by s.command_name, s.status
      order by s.command_name, s.status`;
    const rows = await this.#unit.rowsByFilter<StatisticRow>(text, [...bound, ...values]);
    return rows.map((row) => ({
      name: row.command_name,
      status: row.status,
      count: row.count,
      waiting: toDurations(row.waiting),
      working: toDurations(row.working),
    }));
  }
}

interface StatisticRow {
  readonly command_name: string;
  readonly status: CommandStatus;
  readonly count: number;
  /** Median, 95th percentile and maximum; null where there is nothing to measure. */
  readonly waiting: readonly (number | null)[] | null;
  readonly working: readonly (number | null)[] | null;
}

function toDurations(values: readonly (number | null)[] | null): Durations | undefined {
  const [p50, p95, max] = values ?? [];
  if (typeof p50 !== 'number' || typeof p95 !== 'number' || typeof max !== 'number') return undefined;
  return { p50, p95, max };
}
