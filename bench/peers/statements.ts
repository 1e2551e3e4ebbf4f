import type { Order, Position } from './input.js';

/** A statement that PostgreSQL prepares once for each connection. */
export interface NamedStatement {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

const vehicleColumns = `v.vehicle_id, v.vin, v.make, v.model, v.model_year, v.sovd_base_url, v.connection_status,
  v.last_seen_at, v.metadata, v.created_at, v.updated_at, v.retired_at, v.fleet_id,
  v.credential_summary`;

const commandColumns = `c.command_id, c.user_id, c.vehicle_id, c.command_name, c.command_params, c.safety, c.status,
  c.error_code, c.error_message, c.when_offline, c.timeout_seconds, c.expires_at, c.submitted_at, c.started_at,
  c.completed_at, c.cancel_requested_at, c.attempts, c.response_count, c.last_event_number,
  c.settled_at, c.settled_by, c.settlement_reason, c.responses_purged_at`;

const oneVehicleText = `select ${vehicleColumns} from vehicles v where v.vehicle_id = $1`;

const firstVehiclesText = `
  select ${vehicleColumns}
  from vehicles v
  where v.retired_at is null
  order by v.created_at desc, v.vehicle_id desc
  limit $1`;

const nextVehiclesText = `
  select ${vehicleColumns}
  from vehicles v
  where v.retired_at is null and (v.created_at, v.vehicle_id) < ($2, $3)
  order by v.created_at desc, v.vehicle_id desc
  limit $1`;

const firstCommandsText = `
  select ${commandColumns}
  from commands c
  where c.vehicle_id = $2
  order by c.submitted_at desc, c.command_id desc
  limit $1`;

const nextCommandsText = `
  select ${commandColumns}
  from commands c
  where c.vehicle_id = $2 and (c.submitted_at, c.command_id) < ($3, $4)
  order by c.submitted_at desc, c.command_id desc
  limit $1`;

/** Command, transition and audit row at once, if the vehicle takes commands. */
const submitText = `
  with vehicle as (
    select v.vehicle_id, v.fleet_id, v.retired_at from vehicles v where v.vehicle_id = $1
  ), command as (
    insert into commands (command_id, user_id, vehicle_id, command_name, command_params, safety, status, when_offline,
      timeout_seconds, expires_at, submitted_at, attempts, last_event_number, response_count, lease_number,
      fleet_id)
    select $2, $3, v.vehicle_id, 'read-data', $4, 'safe', 'pending', $5, $6, $7, $8, 0, 1, 0, 0, v.fleet_id
    from vehicle v
    where v.retired_at is null
    returning command_id, vehicle_id
  ), transition as (
    insert into command_transitions (command_id, event_number, to_status, occurred_at, actor, reason)
    select c.command_id, 1, 'pending', $8, $9, 'submitted'
    from command c
  ), audit as (
    insert into audit_logs (log_id, occurred_at, actor_kind, user_id, username, action, entity_type, entity_id,
      vehicle_id, command_id, outcome, details, ip_address, user_agent, request_id)
    select $10, $8, 'user', $3, $9, 'command.submit', 'command', c.command_id::text, c.vehicle_id, c.command_id,
      'success', '{"command_name": "read-data", "safety": "safe"}', $11, $12, $13
    from command c
  )
  select v.retired_at from vehicle v`;

/** One vehicle. */
export function oneVehicle(id: string): NamedStatement {
  return { name: 'one-vehicle', text: oneVehicleText, values: [id] };
}

/** A page of vehicles and one more, which shows that the list goes on. */
export function vehiclePage(limit: number, after: Position | undefined): NamedStatement {
  if (after === undefined) return { name: 'first-vehicles', text: firstVehiclesText, values: [limit + 1] };
  return { name: 'next-vehicles', text: nextVehiclesText, values: [limit + 1, after.at, after.id] };
}

/** A page of the commands of a vehicle and one more. */
export function commandPage(vehicleId: string, limit: number, after: Position | undefined): NamedStatement {
  if (after === undefined) return { name: 'first-commands', text: firstCommandsText, values: [limit + 1, vehicleId] };
  return { name: 'next-commands', text: nextCommandsText, values: [limit + 1, vehicleId, after.at, after.id] };
}

/** What is known about an order when it is stored. */
export interface Submission {
  readonly commandId: string;
  readonly logId: string;
  readonly userId: string;
  readonly username: string;
  readonly submittedAt: Date;
  readonly expiresAt: Date;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  readonly requestId: string;
}

/** Stores an order; gives the row of the vehicle, if there is one. */
export function submitCommand(order: Order, submission: Submission): NamedStatement {
  return {
    name: 'submit-command',
    text: submitText,
    values: [
      order.vehicleId,
      submission.commandId,
      submission.userId,
      JSON.stringify(order.parameters),
      order.whenOffline,
      order.timeoutSeconds,
      submission.expiresAt,
      submission.submittedAt,
      submission.username,
      submission.logId,
      submission.ipAddress,
      submission.userAgent,
      submission.requestId,
    ],
  };
}
