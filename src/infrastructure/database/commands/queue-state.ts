import { QueryTypes } from 'sequelize';
import type { Sequelize } from 'sequelize-typescript';

import { markedOptions } from '../unit-guard.js';

interface QueueRow {
  readonly pending: number;
  readonly in_progress: number;
  readonly oldest_pending_seconds: number;
  readonly oldest_running_seconds: number;
}

/** Each part reads an index of the open commands alone, and no more than 10,000 entries of it. */
const statement = `
  select (select count(*)::int from (select 1 from commands where status = 'pending' limit 10000) as entries) as pending,
         (select count(*)::int from (select 1 from commands where status = 'in_progress' limit 10000) as entries) as in_progress,
         coalesce(extract(epoch from now() - (
           select submitted_at from commands where status = 'pending' order by submitted_at limit 1
         )), 0)::float8 as oldest_pending_seconds,
         coalesce(extract(epoch from now() - (
           select min(started_at) from (select started_at from commands where status = 'in_progress' limit 10000) as entries
         )), 0)::float8 as oldest_running_seconds`;

/** How many commands wait and run, and for how long the oldest of them has, by the clock of the database. */
export async function readQueueState(sequelize: Sequelize) {
  const [row] = await sequelize.query<QueueRow>(statement, { ...markedOptions, type: QueryTypes.SELECT });
  return {
    pending: row?.pending ?? 0,
    inProgress: row?.in_progress ?? 0,
    oldestPendingSeconds: row?.oldest_pending_seconds ?? 0,
    oldestRunningSeconds: row?.oldest_running_seconds ?? 0,
  };
}
