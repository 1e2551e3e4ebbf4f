import type { Command, CommandStep, Transition } from '#application/domain/command.js';
import type { Response } from '#application/domain/response.js';
import type { Lease } from '#application/ports/command-queue.js';

import type { NotedWrite } from '../noted-write.js';

const insertCommandText = `
  insert into commands (command_id, user_id, vehicle_id, command_name, command_params, safety, status, idempotency_key,
    request_hash, when_offline, timeout_seconds, expires_at, submitted_at, attempts, last_event_number, response_count,
    lease_number, fleet_id)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
    (select v.fleet_id from vehicles v where v.vehicle_id = $3))`;

const insertCommandsText = `
  insert into commands (command_id, user_id, vehicle_id, command_name, command_params, safety, status, idempotency_key,
    request_hash, when_offline, timeout_seconds, expires_at, submitted_at, attempts, last_event_number, response_count,
    lease_number, fleet_id)
  select c.command_id, c.user_id, c.vehicle_id, c.command_name, c.command_params, c.safety, c.status, c.idempotency_key,
    c.request_hash, c.when_offline, c.timeout_seconds, c.expires_at, c.submitted_at, c.attempts, c.last_event_number,
    c.response_count, c.lease_number, (select v.fleet_id from vehicles v where v.vehicle_id = c.vehicle_id)
  from jsonb_to_recordset($1::jsonb) as c (command_id uuid, user_id uuid, vehicle_id uuid, command_name text,
    command_params jsonb, safety text, status text, idempotency_key text, request_hash text, when_offline text,
    timeout_seconds integer, expires_at timestamptz, submitted_at timestamptz, attempts integer,
    last_event_number integer, response_count integer, lease_number integer)`;

/**
 * Commands that begin with their acceptance. `take_lanes` locks the lanes of their vehicles and looks into them as they are at that
 * moment, while the rest of a statement sees everything as it was when the statement began.
 */
const insertLeasedText = `
  insert into commands (command_id, user_id, vehicle_id, command_name, command_params, safety, status, idempotency_key,
    request_hash, when_offline, timeout_seconds, expires_at, submitted_at, started_at, attempts, last_event_number,
    response_count, lease_number, lease_owner, lease_expires_at, fleet_id)
  select c.command_id, c.user_id, c.vehicle_id, c.command_name, c.command_params, c.safety, c.status, c.idempotency_key,
    c.request_hash, c.when_offline, c.timeout_seconds, c.expires_at, c.submitted_at, c.started_at, c.attempts,
    c.last_event_number, c.response_count, c.lease_number, c.lease_owner,
    clock_timestamp() + make_interval(secs => c.lease_seconds),
    (select v.fleet_id from vehicles v where v.vehicle_id = c.vehicle_id)
  from jsonb_to_recordset($1::jsonb) as c (command_id uuid, user_id uuid, vehicle_id uuid, command_name text,
    command_params jsonb, safety text, status text, idempotency_key text, request_hash text, when_offline text,
    timeout_seconds integer, expires_at timestamptz, submitted_at timestamptz, started_at timestamptz, attempts integer,
    last_event_number integer, response_count integer, lease_number integer, lease_owner uuid, lease_seconds integer)
  where c.vehicle_id in (
    select t.vehicle_id
    from take_lanes(array(
      select (r.value ->> 'vehicle_id')::uuid from jsonb_array_elements($1::jsonb) as r
    )) as t (vehicle_id)
  )`;

const insertTransitionText = `
  insert into command_transitions (command_id, event_number, from_status, to_status, occurred_at, actor, reason)
  values ($1, $2, $3, $4, $5, $6, $7)`;

const insertResponsesText = `
  insert into responses (response_id, command_id, sequence_number, event_number, subject, response_payload, is_final,
    received_at)
  select r.response_id, r.command_id, r.sequence_number, r.event_number, r.subject, r.response_payload, r.is_final,
    r.received_at
  from jsonb_to_recordset($1::jsonb) as r (response_id uuid, command_id uuid, sequence_number integer,
    event_number integer, subject text, response_payload jsonb, is_final boolean, received_at timestamptz)`;

/** Only the holder of the lease number that the command was read with may write, and only from the state it was read in. */
const asItWas = 'command_id = $1 and status = $2 and last_event_number = $3 and lease_number = $4';

const advanceText = `
  update commands
  set status = $5, error_code = $6, error_message = $7, started_at = $8, completed_at = $9, attempts = $10,
    not_before = $11, last_event_number = $12, response_count = $13
  where ${asItWas}`;

/** A row of it has the names of the columns; `old_` stands before what it has to have been. */
const advanceTogetherText = `
  update commands c
  set status = s.status, error_code = s.error_code, error_message = s.error_message, started_at = s.started_at,
    completed_at = s.completed_at, attempts = s.attempts, not_before = s.not_before,
    last_event_number = s.last_event_number, response_count = s.response_count
  from jsonb_to_recordset($1::jsonb) as s (command_id uuid, old_status text, old_last_event_number integer,
    old_lease_number integer, status text, error_code text, error_message text, started_at timestamptz,
    completed_at timestamptz, attempts integer, not_before timestamptz, last_event_number integer, response_count integer)
  where c.command_id = s.command_id and c.status = s.old_status and c.last_event_number = s.old_last_event_number
    and c.lease_number = s.old_lease_number`;

const settleText = `
  update commands
  set status = $5, error_code = $6, error_message = $7, started_at = $8, completed_at = $9, attempts = $10,
    not_before = $11, last_event_number = $12, response_count = $13, settled_at = $14, settled_by = $15,
    settlement_reason = $16
  where ${asItWas}`;

const leaseText = `
  update commands
  set status = $5, error_code = $6, error_message = $7, started_at = $8, completed_at = $9, attempts = $10,
    not_before = $11, last_event_number = $12, response_count = $13, lease_number = $14, lease_owner = $15,
    lease_expires_at = clock_timestamp() + make_interval(secs => $16)
  where ${asItWas}`;

/** As `advanceTogetherText`. */
const leaseTogetherText = `
  update commands c
  set status = s.status, error_code = s.error_code, error_message = s.error_message, started_at = s.started_at,
    completed_at = s.completed_at, attempts = s.attempts, not_before = s.not_before,
    last_event_number = s.last_event_number, response_count = s.response_count, lease_number = s.lease_number,
    lease_owner = s.lease_owner, lease_expires_at = clock_timestamp() + make_interval(secs => s.lease_seconds)
  from jsonb_to_recordset($1::jsonb) as s (command_id uuid, old_status text, old_last_event_number integer,
    old_lease_number integer, status text, error_code text, error_message text, started_at timestamptz,
    completed_at timestamptz, attempts integer, not_before timestamptz, last_event_number integer, response_count integer,
    lease_number integer, lease_owner uuid, lease_seconds integer)
  where c.command_id = s.command_id and c.status = s.old_status and c.last_event_number = s.old_last_event_number
    and c.lease_number = s.old_lease_number`;

const insertTransitionsText = `
  insert into command_transitions (command_id, event_number, from_status, to_status, occurred_at, actor, reason)
  select t.command_id, t.event_number, t.from_status, t.to_status, t.occurred_at, t.actor, t.reason
  from jsonb_to_recordset($1::jsonb) as t (command_id uuid, event_number integer, from_status text, to_status text,
    occurred_at timestamptz, actor text, reason text)`;

/** A new command with its first transition. */
export function addCommandWrites(command: Command, transition: Transition): readonly NotedWrite[] {
  const row = newRow(command);
  const values = Object.values({ ...row, command_params: JSON.stringify(row.command_params) });
  return [
    // The values are in the order of its columns.
    {
      text: insertCommandText,
      values,
      together: { text: insertCommandsText, row },
      target: `commands:${command.id}`,
    },
    insertTransition(transition),
  ];
}

/** A new command that is claimed as it is stored, if its lane is free, with the events so far. */
export function addLeasedCommandWrites(
  command: Command,
  transitions: readonly Transition[],
  { owner, seconds }: Lease,
): readonly NotedWrite[] {
  const lease = { started_at: command.record.startedAt, lease_owner: owner, lease_seconds: seconds };
  const row = Object.assign(newRow(command), lease);
  const insert: NotedWrite = {
    text: insertLeasedText,
    values: [JSON.stringify([row])],
    expectedRows: 1,
    together: { text: insertLeasedText, row },
    // A lane is looked into once for a statement, before any of its rows is there.
    target: `lane of ${command.record.vehicleId}`,
  };
  return [insert, ...transitions.map(insertTransition)];
}

function newRow({ record }: Command) {
  return {
    command_id: record.id,
    user_id: record.userId,
    vehicle_id: record.vehicleId,
    command_name: record.name,
    command_params: record.parameters,
    safety: record.safety,
    status: record.status,
    idempotency_key: record.idempotencyKey,
    request_hash: record.requestHash,
    when_offline: record.whenOffline,
    timeout_seconds: record.timeoutSeconds,
    expires_at: record.expiresAt,
    submitted_at: record.submittedAt,
    attempts: record.attempts,
    last_event_number: record.lastEventNumber,
    response_count: record.responseCount,
    lease_number: record.leaseNumber,
  };
}

/** A step of a command: its new state, if it is still as it was before, with the events that tell of it. */
export function stepWrites(step: CommandStep, lease: Lease | undefined): readonly NotedWrite[] {
  const update: NotedWrite = { expectedRows: 1, target: `commands:${step.before.id}`, ...stepUpdate(step, lease) };
  return [update, ...step.transitions.map(insertTransition), ...step.responses.map(insertResponse)];
}

function stepUpdate(step: CommandStep, lease: Lease | undefined): Pick<NotedWrite, 'text' | 'values' | 'together'> {
  const row = stepRow(step);
  const { settlement, leaseNumber } = step.after.record;
  if (lease !== undefined) {
    const leased = { lease_number: leaseNumber, lease_owner: lease.owner, lease_seconds: lease.seconds };
    return inOrder(leaseText, leaseTogetherText, Object.assign(row, leased));
  }
  if (settlement === undefined) return inOrder(advanceText, advanceTogetherText, row);
  const { at, by, reason } = settlement;
  return { text: settleText, values: [...Object.values(row), at, by, reason] };
}

/** A write whose values are those of its row, in the order of its places. */
function inOrder(text: string, togetherText: string, row: Readonly<Record<string, unknown>>): NotedWrite {
  return { text, values: Object.values(row), together: { text: togetherText, row } };
}

function stepRow({ before, after: { record } }: CommandStep): Readonly<Record<string, unknown>> {
  return {
    command_id: before.id,
    old_status: before.record.status,
    old_last_event_number: before.record.lastEventNumber,
    old_lease_number: before.record.leaseNumber,
    status: record.status,
    error_code: record.errorCode,
    error_message: record.errorMessage,
    started_at: record.startedAt,
    completed_at: record.completedAt,
    attempts: record.attempts,
    not_before: record.notBefore,
    last_event_number: record.lastEventNumber,
    response_count: record.responseCount,
  };
}

function insertTransition(transition: Transition): NotedWrite {
  return inOrder(insertTransitionText, insertTransitionsText, {
    command_id: transition.commandId,
    event_number: transition.eventNumber,
    from_status: transition.from,
    to_status: transition.to,
    occurred_at: transition.occurredAt,
    actor: transition.actor,
    reason: transition.reason,
  });
}

function insertResponse(response: Response): NotedWrite {
  const row = {
    response_id: response.id,
    command_id: response.commandId,
    sequence_number: response.sequenceNumber,
    event_number: response.eventNumber,
    subject: response.subject,
    response_payload: response.payload,
    is_final: response.isFinal,
    received_at: response.receivedAt,
  };
  return { text: insertResponsesText, values: [JSON.stringify([row])], together: { text: insertResponsesText, row } };
}
