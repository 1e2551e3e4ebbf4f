import { Client } from 'pg';

/** How many rows a seeded database has. */
export interface SeedSize {
  readonly vehicles: number;
  readonly commands: number;
}

/** A fleet that has been at work for some months. */
export const fullSize: SeedSize = { vehicles: 10_000, commands: 200_000 };

/** Enough for the short form: what is measured doesn't grow with the tables. */
export const quickSize: SeedSize = { vehicles: 1200, commands: 66_000 };

/** The first vehicles have half of all commands, a hundred each at full size, and are never retired. */
export const busyVehicles = 1000;

/** The id of the nth vehicle, from 1. */
export function vehicleId(n: number): string {
  return `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** The fleet that every database has from the start. */
const defaultFleet = "'00000000-0000-7000-8000-000000000001'::uuid";

const vehiclesText = `
  insert into vehicles (fleet_id, vehicle_id, vin, make, model, model_year, sovd_base_url, connection_status, last_seen_at,
    last_checked_at, metadata, version, created_at, updated_at, retired_at)
  select ${defaultFleet}, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'WVWZZZ1JZXW' || lpad(n::text, 6, '0'),
    (array['Meridian', 'Aurora', 'Borealis', 'Corvus'])[n % 4 + 1], (array['Tourer', 'Cargo', 'City'])[n % 3 + 1],
    2015 + n % 12, $2 || n, case when n > ${busyVehicles} and n % 20 = 0 then 'disconnected' else 'connected' end,
    now() - n % 90 * interval '1 minute', now() - n % 90 * interval '1 minute',
    jsonb_build_object('depot', 'depot ' || n % 40, 'unit', n), 1, now() - n * interval '7 minutes',
    now() - n * interval '5 minutes', case when n > ${busyVehicles} and n % 50 = 0 then now() end
  from generate_series(1, $1::integer) n`;

/** Finished commands, the newest last; half of them on the busy vehicles. */
const commandsText = `
  insert into commands (fleet_id, command_id, user_id, vehicle_id, command_name, command_params, safety, status, error_code,
    error_message, when_offline, timeout_seconds, expires_at, submitted_at, started_at, completed_at, attempts,
    last_event_number, response_count, lease_number)
  select ${defaultFleet}, ('00000000-0001-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, u.ids[n % cardinality(u.ids) + 1],
    ('00000000-0000-7000-8000-' || lpad(to_hex(case when n % 2 = 0 then n / 2 % $2::integer
      else $2::integer + n / 2 % ($3::integer - $2::integer) end + 1), 12, '0'))::uuid,
    k.name, jsonb_build_object('entity', 'components/engine-control', 'data_ids', jsonb_build_array('engine-speed')),
    k.safety, s.status, s.error_code, s.error_message, 'queue', 30, t.at + interval '1 hour', t.at,
    t.at + interval '40 milliseconds', t.at + interval '90 milliseconds', 1, 4, 1, 1
  from generate_series(1, $1::integer) n
  cross join (select array_agg(user_id order by username) as ids from users) u
  cross join lateral (select now() - ($1::integer - n + 60) * interval '20 seconds' as at) t
  cross join lateral (
    select (array['read-data', 'read-faults', 'discover', 'clear-faults'])[n / 7 % 4 + 1] as name,
      case when n / 7 % 4 = 3 then 'unsafe' else 'safe' end as safety
  ) k
  cross join lateral (
    select case when n % 23 = 0 then 'failed' when n % 47 = 0 then 'cancelled' else 'completed' end as status,
      case when n % 23 = 0 then 'vehicle-unreachable' end as error_code,
      case when n % 23 = 0 then 'The vehicle could not be reached.' end as error_message
  ) s`;

const transitionsText = `
  insert into command_transitions (command_id, event_number, from_status, to_status, occurred_at, actor, reason)
  select c.command_id, e.number, e.before, coalesce(e.after, c.status), coalesce(e.at, c.completed_at), e.actor, e.reason
  from commands c
  cross join lateral (values
    (1, null, 'pending', c.submitted_at, 'bench', 'submitted'),
    (2, 'pending', 'in_progress', c.started_at, 'dispatcher', 'claimed'),
    (4, 'in_progress', null, null, 'dispatcher', 'answered')
  ) e (number, before, after, at, actor, reason)`;

const responsesText = `
  insert into responses (response_id, command_id, sequence_number, event_number, subject, response_payload, is_final,
    received_at)
  select gen_random_uuid(), c.command_id, 0, 3, 'data/engine-speed',
    '{"request": {"method": "GET", "path": "components/engine-control/data/engine-speed"}, "status": 200,
      "mediaType": "application/json", "body": {"encoding": "json", "value": {"id": "engine-speed", "data": 1500}},
      "result": {"data_id": "engine-speed", "value": 1500}}', true, c.completed_at
  from commands c
  where c.status = 'completed' and extract(second from c.submitted_at)::integer < 20`;

const auditText = `
  insert into audit_logs (log_id, occurred_at, actor_kind, user_id, username, action, entity_type, entity_id, vehicle_id,
    command_id, outcome, details, ip_address, user_agent, request_id)
  select gen_random_uuid(), c.submitted_at, 'user', c.user_id, 'bench', 'command.submit', 'command', c.command_id::text,
    c.vehicle_id, c.command_id, 'success', jsonb_build_object('command_name', c.command_name, 'safety', c.safety),
    '127.0.0.1', 'seed', gen_random_uuid()::text
  from commands c`;

const usersText = `
  insert into users (user_id, username, email, password_hash, role, is_active, created_at, updated_at)
  select gen_random_uuid(), 'seed-' || n, 'seed-' || n || '@example.com', 'none', 'engineer', true, now(), now()
  from generate_series(1, 19) n`;

/**
 * Fills a migrated database: vehicles, finished commands with transitions, audit entries and some responses, all made by
 * PostgreSQL itself. The nth vehicle's base URL is `vehicleUrl` followed by n. Needs a superuser.
 */
export async function seed(databaseUrl: string, vehicleUrl: string, { vehicles, commands }: SeedSize): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    // Rows that are right by construction needn't be looked up one by one.
    await client.query("set session_replication_role = 'replica'");
    await client.query(usersText);
    await client.query(vehiclesText, [vehicles, vehicleUrl]);
    await client.query(commandsText, [commands, Math.min(busyVehicles, vehicles / 2), vehicles]);
    for (const text of [transitionsText, responsesText, auditText]) await client.query(text);
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
}

/** Takes the commands away again that were ordered since, so that each load meets the same database. Needs a superuser. */
export async function forgetOrders(databaseUrl: string, since: Date): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("set session_replication_role = 'replica'");
    const ordered = 'select c.command_id from commands c where c.submitted_at >= $1';
    await client.query(`delete from command_transitions where command_id in (${ordered})`, [since]);
    await client.query(`delete from responses where command_id in (${ordered})`, [since]);
    await client.query('delete from audit_logs where occurred_at >= $1', [since]);
    await client.query('delete from commands where submitted_at >= $1', [since]);
    await client.query('vacuum commands, command_transitions, responses, audit_logs');
  } finally {
    await client.end();
  }
}
