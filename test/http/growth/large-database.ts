import { defaultFleetId } from '#application/domain/fleet.js';
import type { TestDatabase } from '#support/database.js';

type Database = Pick<TestDatabase, 'query'>;

/** An id made of a number, so that rows find each other without being looked up. */
const idOf = (kind: number, n: string): string =>
  `('0000000${kind}-0000-7000-8000-' || lpad(to_hex((${n})::integer), 12, '0'))::uuid`;

/** The same for a test. */
const ownId = (kind: number, n: number): string => `0000000${kind}-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

/** The ids of the nth rows. */
export const nth = {
  user: (n: number) => ownId(1, n),
  fleet: (n: number) => ownId(2, n),
  vehicle: (n: number) => ownId(3, n),
  command: (n: number) => ownId(4, n),
};

/** How many rows there are of each sort. */
export const sizes = { users: 10_000, fleets: 300, vehicles: 10_000, commands: 200_000, auditLogs: 200_000 } as const;

/** One command and one fleet have much more than all others, for pages deep in a list of their own. */
export const largest = { command: sizes.commands, responses: 5000, fleet: 1, members: 5000, sessionsOf: 1 } as const;

/** Between two commands. Newer ones have higher numbers. */
export const secondsBetween = 15;

/** The commands that only a filter finds: the oldest, of a user, a type and a state that no other has. */
export const rare = { user: 9999, count: 20, name: 'sovd-request', status: 'outcome_unknown', vehicle: 9999 } as const;

const unfinished = 100;
const manyMembers = 5000;

const usersText = `
  insert into users (user_id, username, email, password_hash, role, is_active, created_at, updated_at)
  select ${idOf(1, 'n')}, 'user-' || n, 'user-' || n || '@example.com', 'none', case when n <= 20 then 'admin'
    when n % 3 = 0 then 'viewer' else 'engineer' end, n > 40, now() - (${sizes.users} - n) * interval '1 hour', now()
  from generate_series(1, ${sizes.users}) n`;

const fleetsText = `
  insert into fleets (fleet_id, name, created_at, updated_at)
  select ${idOf(2, 'n')}, 'fleet ' || n, now() - (${sizes.fleets} - n) * interval '1 day', now()
  from generate_series(1, ${sizes.fleets}) n`;

const membersText = `
  insert into fleet_members (fleet_id, user_id, role, created_at)
  select ${idOf(2, `case when n <= ${manyMembers} then 1 else n % ${sizes.fleets} + 1 end`)}, ${idOf(1, 'n')}, 'viewer',
    now() - n * interval '1 minute'
  from generate_series(1, ${sizes.users}) n`;

/** Of the first user 200 logins, each renewed 49 times; and one login of everybody else. */
const sessionsText = `
  insert into sessions (session_id, user_id, refresh_token_hash, family_id, created_at, expires_at, rotated_at, logged_in_at)
  select gen_random_uuid(), ${idOf(1, 's.user_number')}, md5(s.login || ' ' || r), ${idOf(5, 's.login')},
    now() - (50 - r) * interval '1 minute', now() + interval '6 days',
    case when r < s.renewals then now() - (49 - r) * interval '1 minute' end, now() - s.login * interval '5 seconds'
  from (
    select n as login, case when n <= 200 then 1 else n end as user_number, case when n <= 200 then 50 else 1 end as renewals
    from generate_series(1, ${sizes.users}) n
  ) s, generate_series(1, s.renewals) r`;

/** Half of the vehicles are in the default fleet, the others are shared out. */
const vehiclesText = `
  insert into vehicles (fleet_id, vehicle_id, vin, make, model, model_year, sovd_base_url, connection_status, metadata,
    version, created_at, updated_at, retired_at)
  select case when n <= 5000 then '${defaultFleetId}' else ${idOf(2, `n % ${sizes.fleets} + 1`)} end, ${idOf(3, 'n')},
    'WVWZZZ1JZXW' || lpad(n::text, 6, '0'), case when n <= 60 then 'Rarissima' else 'Make ' || n % 7 end,
    'Model ' || n % 200, 2024, 'https://car-' || n || '.example',
    case when n <= 60 then 'error' else (array['connected', 'disconnected'])[1 + n % 2] end, '{}', 1,
    now() - (${sizes.vehicles} - n) * interval '1 minute', now(), case when n % 10 = 0 then now() end
  from generate_series(1, ${sizes.vehicles}) n`;

/** Half of them on the first 100 vehicles. The newest wait or run, and nobody takes them; all others have ended. */
const commandsText = `
  insert into commands (fleet_id, command_id, user_id, vehicle_id, command_name, command_params, safety, status,
    when_offline, timeout_seconds, expires_at, submitted_at, started_at, completed_at, not_before, attempts,
    last_event_number, response_count, lease_number, lease_owner, lease_expires_at)
  select v.fleet_id, ${idOf(4, 'c.n')}, ${idOf(1, 'c.user_number')}, v.vehicle_id, c.name, '{}', 'safe', c.status, 'queue',
    30, c.at + interval '1 year', c.at, case when c.status <> 'pending' then c.at + interval '40 milliseconds' end,
    case when c.status not in ('pending', 'in_progress') then c.at + interval '90 milliseconds' end,
    now() + interval '1 day', 1, 4, 1, 1, gen_random_uuid(), now() + interval '1 day'
  from (
    select n, now() - (${sizes.commands} - n + 1) * interval '${secondsBetween} seconds' as at,
      case when n <= ${rare.count} then ${rare.user} else n % 19 + 50 end as user_number,
      case when n <= ${rare.count} then ${rare.vehicle} when n % 2 = 0 then n / 2 % 100 + 1 else n / 2 % 9800 + 101 end
        as vehicle_number,
      case when n <= ${rare.count} then '${rare.name}'
        else (array['read-data', 'read-faults', 'discover', 'clear-faults'])[n / 7 % 4 + 1] end as name,
      case when n <= ${rare.count} then '${rare.status}'
        when n > ${sizes.commands - unfinished} then (array['pending', 'in_progress'])[n % 2 + 1]
        when n % 23 = 0 then 'failed' when n % 47 = 0 then 'cancelled' when n % 997 = 0 then 'expired'
        else 'completed' end as status
    from generate_series($1::integer, $2::integer) n
  ) c
  join vehicles v on v.vehicle_id = ${idOf(3, 'c.vehicle_number')}`;

const transitionsText = `
  insert into command_transitions (command_id, event_number, from_status, to_status, occurred_at, actor, reason)
  select ${idOf(4, 'n')}, e, 'pending', 'in_progress', now(), 'dispatcher', 'claimed'
  from generate_series(4, ${sizes.commands}, 4) n,
    generate_series(1, case when n = ${largest.command} then ${largest.responses} else 3 end) e`;

const responsesText = `
  insert into responses (response_id, command_id, sequence_number, event_number, subject, response_payload, is_final,
    received_at)
  select gen_random_uuid(), ${idOf(4, 'n')}, s, s + 10000, 'data/' || s, '{"request": {"method": "GET", "path": "x"},
    "status": 200, "mediaType": null, "body": {"encoding": "none"}}', false, now()
  from generate_series(4, ${sizes.commands}, 4) n,
    generate_series(0, case when n = ${largest.command} then ${largest.responses} - 1 else 0 end) s`;

const auditText = `
  insert into audit_logs (log_id, occurred_at, actor_kind, user_id, username, action, entity_type, entity_id, vehicle_id,
    command_id, outcome, details, request_id)
  select gen_random_uuid(), now() - (${sizes.auditLogs} - n + 1) * interval '${secondsBetween} seconds', 'user',
    ${idOf(1, `case when n <= ${rare.count} then ${rare.user} else n % 19 + 50 end`)},
    'user-' || case when n <= ${rare.count} then ${rare.user} else n % 19 + 50 end,
    case when n <= ${rare.count} then 'vehicle.retire' when n % 2 = 0 then 'command.submit' else 'command.end' end,
    case when n <= ${rare.count} then 'vehicle' else 'command' end, ${idOf(4, 'n / 2')}::text,
    ${idOf(3, `case when n <= ${rare.count} then ${rare.vehicle} else n % 300 + 1 end`)}, ${idOf(4, 'n / 2')},
    case when n <= ${rare.count} then 'refused' else 'success' end, '{}', 'request-' || n / 2
  from generate_series(1, ${sizes.auditLogs}) n`;

/** Everything but commands and what belongs to them. Needs a superuser, as all of this does. */
export async function fillRegistry(database: Database): Promise<void> {
  await quickly(database, [usersText, fleetsText, membersText, sessionsText, vehiclesText]);
}

/** The commands with these numbers, of all that there are to be. */
export async function fillCommands(database: Database, from: number, to: number): Promise<void> {
  await quickly(database, [commandsText], [from, to]);
}

/** What belongs to the commands. */
export async function fillHistory(database: Database): Promise<void> {
  await quickly(database, [transitionsText, responsesText, auditText]);
}

/** Rows that are right by construction needn't be looked up one by one, and an index is built faster than it grows. */
async function quickly(database: Database, texts: readonly string[], values: readonly unknown[] = []): Promise<void> {
  const indexes = await database.query<{ readonly name: string; readonly text: string }>(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as text
     from pg_index i
     where i.indrelid = any(array['commands', 'audit_logs']::regclass[])
       and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid)`,
  );
  await database.query("set session_replication_role = 'replica'");
  for (const { name } of indexes) await database.query(`drop index ${name}`);
  for (const text of texts) await database.query(text, values);
  for (const { text } of indexes) await database.query(text);
  await database.query("set session_replication_role = 'origin'");
  await database.query('vacuum analyze');
}
