import { randomUUID } from 'node:crypto';

/** A prepared statement of the peers that speak to the driver. */
export interface NamedStatement {
  readonly name: string;
  readonly text: string;
}

const vehicleColumns =
  'vehicle_id, vin, make, model, model_year, sovd_base_url, connection_status, last_seen_at, metadata, created_at, updated_at, retired_at';

const commandColumns =
  'command_id, user_id, vehicle_id, command_name, command_params, safety, status, error_code, error_message, when_offline, timeout_seconds, expires_at, submitted_at, started_at, completed_at, cancel_requested_at, attempts, response_count, last_event_number';

/** One vehicle by its id. */
export const oneVehicle: NamedStatement = {
  name: 'one_vehicle',
  text: `select ${vehicleColumns} from vehicles where vehicle_id = $1`,
};

/** The newest vehicles. */
export const someVehicles: NamedStatement = {
  name: 'some_vehicles',
  text: `select ${vehicleColumns} from vehicles where retired_at is null order by created_at desc, vehicle_id desc limit $1`,
};

/** The newest commands of a vehicle. */
export const someCommands: NamedStatement = {
  name: 'some_commands',
  text: `select ${commandColumns} from commands where vehicle_id = $1 order by submitted_at desc, command_id desc limit $2`,
};

/** A command with its transition, its audit row and the wake-up of a dispatcher, as one statement. */
export const insertCommand: NamedStatement = {
  name: 'insert_command',
  text: `
    with command as (
      insert into commands (command_id, user_id, vehicle_id, command_name, command_params, safety, status, when_offline,
        timeout_seconds, expires_at, submitted_at, attempts, last_event_number, response_count, lease_number)
      values ($1, $2, $3, $4, $5, 'safe', 'pending', 'queue', 30, $6, $7, 0, 1, 0, 0)
    ), transition as (
      insert into command_transitions (command_id, event_number, to_status, occurred_at, actor, reason)
      values ($1, 1, 'pending', $7, $8, 'submitted')
    ), audit as (
      insert into audit_logs (log_id, occurred_at, actor_kind, user_id, username, action, entity_type, entity_id,
        vehicle_id, command_id, outcome, details, ip_address, user_agent, request_id)
      values ($9, $7, 'user', $2, $8, 'command.submit', 'command', $1::uuid::text, $3, $1, 'success', $10, $11, $12, $13)
    )
    select pg_notify('peer_dispatch', 'wake')`,
};

/** Who asks, out of a token that was checked. */
export interface Caller {
  readonly sub: string;
  readonly username: string;
  readonly role: string;
}

/** The body of an order. */
export interface Order {
  readonly vehicle_id: string;
  readonly command_name: string;
  readonly command_params: object;
}

/** A new command, and the values of `insertCommand` for it. */
export function newCommand(order: Order, caller: Caller, userAgent: string) {
  const now = new Date();
  const expiresAt = new Date(now.getTime() + 3_600_000);
  const id = randomUUID();
  const values = [
    id,
    caller.sub,
    order.vehicle_id,
    order.command_name,
    JSON.stringify(order.command_params),
    expiresAt,
    now,
    caller.username,
    randomUUID(),
    JSON.stringify({ command_name: order.command_name, safety: 'safe' }),
    '127.0.0.1',
    userAgent,
    randomUUID(),
  ];
  const shown = {
    command_id: id,
    user_id: caller.sub,
    vehicle_id: order.vehicle_id,
    command_name: order.command_name,
    command_params: order.command_params,
    safety: 'safe',
    status: 'pending',
    error: null,
    when_offline: 'queue',
    timeout_seconds: 30,
    expires_at: expiresAt,
    submitted_at: now,
    started_at: null,
    completed_at: null,
    cancel_requested_at: null,
    attempts: 0,
    response_count: 0,
    last_event_number: 1,
  };
  return { values, shown };
}
