import type { Command, CommandStep, Transition } from '#application/domain/command.js';
import type { Response } from '#application/domain/response.js';
import type { Lease } from '#application/ports/command-queue.js';

import { JsonRows } from '../json-rows.js';
import type { NotedWrite, RowWrite } from '../noted-write.js';

const newColumns = {
  command_id: 'uuid',
  user_id: 'uuid',
  vehicle_id: 'uuid',
  command_name: 'text',
  command_params: 'jsonb',
  safety: 'text',
  status: 'text',
  idempotency_key: 'text',
  request_hash: 'text',
  when_offline: 'text',
  timeout_seconds: 'integer',
  expires_at: 'timestamptz',
  submitted_at: 'timestamptz',
  started_at: 'timestamptz',
  attempts: 'integer',
  last_event_number: 'integer',
  response_count: 'integer',
  lease_number: 'integer',
} as const;
const newRows = new JsonRows(newColumns);

const insertText = `
  insert into commands (${newRows.columns()}, fleet_id)
  select ${newRows.columns('c')}, (select v.fleet_id from vehicles v where v.vehicle_id = c.vehicle_id)
  from (${newRows.select}) c`;

const leasedRows = new JsonRows({ ...newColumns, lease_owner: 'uuid', lease_seconds: 'integer' });

/**
 * Commands that begin with their acceptance. `take_lanes` locks the lanes of their vehicles and looks into them as they are at that
 * moment, while the rest of a statement sees everything as it was when the statement began.
 */
const insertLeasedText = `
  insert into commands (${newRows.columns()}, lease_owner, lease_expires_at, fleet_id)
  with c as materialized (${leasedRows.select})
  select ${newRows.columns('c')}, c.lease_owner, clock_timestamp() + make_interval(secs => c.lease_seconds),
    (select v.fleet_id from vehicles v where v.vehicle_id = c.vehicle_id)
  from c
  where c.vehicle_id in (
    select t.vehicle_id from take_lanes(array(select w.vehicle_id from c w)) as t (vehicle_id)
  )`;

const transitionRows = new JsonRows({
  command_id: 'uuid',
  event_number: 'integer',
  from_status: 'text',
  to_status: 'text',
  occurred_at: 'timestamptz',
  actor: 'text',
  reason: 'text',
});

const insertTransitionsText = `
  insert into command_transitions (${transitionRows.columns()})
  ${transitionRows.select}`;

const responseRows = new JsonRows({
  response_id: 'uuid',
  command_id: 'uuid',
  sequence_number: 'integer',
  event_number: 'integer',
  subject: 'text',
  response_payload: 'jsonb',
  is_final: 'boolean',
  received_at: 'timestamptz',
});

const insertResponsesText = `
  insert into responses (${responseRows.columns()})
  ${responseRows.select}`;

/** What a step changes. `old_` stands before what has to be as it was when the command was read. */
const stepColumns = {
  command_id: 'uuid',
  old_status: 'text',
  old_last_event_number: 'integer',
  old_lease_number: 'integer',
  status: 'text',
  error_code: 'text',
  error_message: 'text',
  started_at: 'timestamptz',
  completed_at: 'timestamptz',
  attempts: 'integer',
  not_before: 'timestamptz',
  last_event_number: 'integer',
  response_count: 'integer',
} as const;
const stepRows = new JsonRows(stepColumns);
const leaseRows = new JsonRows({
  ...stepColumns,
  lease_number: 'integer',
  lease_owner: 'uuid',
  lease_seconds: 'integer',
});
const settlementRows = new JsonRows({
  ...stepColumns,
  settled_at: 'timestamptz',
  settled_by: 'text',
  settlement_reason: 'text',
});

const setStep = `
  update commands c
  set status = s.status, error_code = s.error_code, error_message = s.error_message, started_at = s.started_at,
    completed_at = s.completed_at, attempts = s.attempts, not_before = s.not_before,
    last_event_number = s.last_event_number, response_count = s.response_count`;

/** Only the holder of the lease number that the command was read with may write, and only from the state it was read in. */
const asItWas = `
  where c.command_id = s.command_id and c.status = s.old_status and c.last_event_number = s.old_last_event_number
    and c.lease_number = s.old_lease_number`;

const advanceText = `
  ${setStep}
  from (${stepRows.select}) s
  ${asItWas}`;

const leaseText = `
  ${setStep}, lease_number = s.lease_number, lease_owner = s.lease_owner,
    lease_expires_at = clock_timestamp() + make_interval(secs => s.lease_seconds)
  from (${leaseRows.select}) s
  ${asItWas}`;

const settleText = `
  ${setStep}, settled_at = s.settled_at, settled_by = s.settled_by, settlement_reason = s.settlement_reason
  from (${settlementRows.select}) s
  ${asItWas}`;

/** A new command with its first transition. */
export function addCommandWrites(command: Command, transition: Transition): readonly NotedWrite[] {
  const insert: NotedWrite = {
    text: insertText,
    row: newRows.row(newRow(command)),
    target: `commands:${command.id}`,
  };
  return [insert, insertTransition(transition)];
}

/** A new command that is claimed as it is stored, if its lane is free, with the events so far. */
export function addLeasedCommandWrites(
  command: Command,
  transitions: readonly Transition[],
  { owner, seconds }: Lease,
): readonly NotedWrite[] {
  const lease = { lease_owner: owner, lease_seconds: seconds };
  const insert: NotedWrite = {
    text: insertLeasedText,
    row: leasedRows.row(Object.assign(newRow(command), lease)),
    mustMeet: true,
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
    started_at: record.startedAt,
    attempts: record.attempts,
    last_event_number: record.lastEventNumber,
    response_count: record.responseCount,
    lease_number: record.leaseNumber,
  };
}

/** A step of a command: its new state, if it is still as it was before, with the events that tell of it. */
export function stepWrites(step: CommandStep, lease: Lease | undefined): readonly NotedWrite[] {
  const { text, row } = stepUpdate(step, lease);
  const update: NotedWrite = { text, row, mustMeet: true, target: `commands:${step.before.id}` };
  return [update, ...step.transitions.map(insertTransition), ...step.responses.map(insertResponse)];
}

function stepUpdate(step: CommandStep, lease: Lease | undefined): Pick<RowWrite, 'text' | 'row'> {
  const row = stepRow(step);
  const { settlement, leaseNumber } = step.after.record;
  if (lease !== undefined) {
    const leased = { lease_number: leaseNumber, lease_owner: lease.owner, lease_seconds: lease.seconds };
    return { text: leaseText, row: leaseRows.row(Object.assign(row, leased)) };
  }
  if (settlement === undefined) return { text: advanceText, row: stepRows.row(row) };
  const { at, by, reason } = settlement;
  const settled = { settled_at: at, settled_by: by, settlement_reason: reason };
  return { text: settleText, row: settlementRows.row(Object.assign(row, settled)) };
}

function stepRow({ before, after: { record } }: CommandStep) {
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
  const row = transitionRows.row({
    command_id: transition.commandId,
    event_number: transition.eventNumber,
    from_status: transition.from,
    to_status: transition.to,
    occurred_at: transition.occurredAt,
    actor: transition.actor,
    reason: transition.reason,
  });
  return { text: insertTransitionsText, row };
}

function insertResponse(response: Response): NotedWrite {
  const row = responseRows.row({
    response_id: response.id,
    command_id: response.commandId,
    sequence_number: response.sequenceNumber,
    event_number: response.eventNumber,
    subject: response.subject,
    response_payload: response.payload,
    is_final: response.isFinal,
    received_at: response.receivedAt,
  });
  return { text: insertResponsesText, row };
}
