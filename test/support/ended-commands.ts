import { defaultFleetId } from '#application/domain/fleet.js';

import type { TestDatabase } from './database.js';

interface EndedCommands {
  readonly userId: string;
  readonly vehicleId: string;
  readonly count: number;
  /** Of each. */
  readonly responses: number;
  readonly transitions?: number;
  readonly status?: string;
  /** An expression for the time at which they ended; `n` counts them from 1. */
  readonly endedAt: string;
}

/** Stores commands that ended once, with all that belongs to them and a line of the audit log each. Gives their ids. */
export async function storeEndedCommands(
  database: Pick<TestDatabase, 'query'>,
  { userId, vehicleId, count, responses, transitions = 3, status = 'completed', endedAt }: EndedCommands,
): Promise<readonly string[]> {
  const rows = await database.query<{ command_id: string }>(
    `insert into commands (command_id, user_id, vehicle_id, fleet_id, command_name, command_params, safety, status,
       when_offline, timeout_seconds, expires_at, submitted_at, started_at, completed_at, attempts, last_event_number,
       response_count, lease_number)
     select gen_random_uuid(), $1, $2, '${defaultFleetId}', 'read-data', '{}', 'safe', $3, 'queue', 30, e.at, e.at, e.at,
       e.at, 1, $5::integer + $6::integer, $5, 1
     from (select n, ${endedAt} as at from generate_series(1, $4::integer) n) e
     returning command_id`,
    [userId, vehicleId, status, count, responses, transitions],
  );
  const ids = rows.map((row) => row.command_id);
  await database.query(
    `insert into responses (response_id, command_id, sequence_number, event_number, subject, response_payload, is_final,
       received_at)
     select gen_random_uuid(), c.id, n, n + 3, 'data/' || n,
       '{"request": {"method": "GET", "path": "x"}, "status": 200, "mediaType": null, "body": {"encoding": "none"}}',
       n = $2::integer - 1, now()
     from unnest($1::uuid[]) as c (id), generate_series(0, $2::integer - 1) n`,
    [ids, responses],
  );
  await database.query(
    `insert into command_transitions (command_id, event_number, from_status, to_status, occurred_at, actor, reason)
     select c.id, case when n <= 2 then n else n + $2::integer end, null, 'in_progress', now(), 'test', 'retry'
     from unnest($1::uuid[]) as c (id), generate_series(1, $3::integer) n`,
    [ids, responses, transitions],
  );
  await database.query(
    `insert into audit_logs (log_id, occurred_at, actor_kind, action, entity_type, command_id, outcome, details)
     select gen_random_uuid(), now(), 'service', 'command.end', 'command', c.id, 'success', '{}'
     from unnest($1::uuid[]) as c (id)`,
    [ids],
  );
  return ids;
}
