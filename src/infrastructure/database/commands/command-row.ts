import type { InferAttributes } from 'sequelize';

import { Command, type Settlement, type Transition } from '#application/domain/command.js';
import type { Response } from '#application/domain/response.js';

import { columnsOf } from '../model-columns.js';
import { CommandModel } from './command-model.js';
import type { CommandTransitionModel } from './command-transition-model.js';
import type { ResponseModel } from './response-model.js';

/** What the database keeps of a command for itself: who holds it until when, and in which fleet's lists it stands. */
type OwnColumn = 'fleet_id' | 'lease_owner' | 'lease_expires_at';

/** A row of `commands`, without what the domain doesn't know. */
export type CommandRow = Omit<InferAttributes<CommandModel>, OwnColumn>;

const ownColumns: ReadonlySet<string> = new Set<OwnColumn>(['fleet_id', 'lease_owner', 'lease_expires_at']);

let knownColumns: string | undefined;

/** The columns of a `CommandRow` for a select list, behind the alias `c`. */
export function commandColumns(): string {
  return (knownColumns ??= columnsOf(CommandModel, 'c')
    .split(', ')
    .filter((column) => !ownColumns.has(column.slice('c.'.length)))
    .join(', '));
}

/** A row of `command_transitions`. */
export type TransitionRow = InferAttributes<CommandTransitionModel>;

/** A row of `responses`. */
export type ResponseRow = InferAttributes<ResponseModel>;

/** The domain's command for a row; the lease's owner and end stay in the database. */
export function toCommand(row: CommandRow): Command {
  return Command.fromRecord({
    id: row.command_id,
    userId: row.user_id,
    vehicleId: row.vehicle_id,
    name: row.command_name,
    parameters: row.command_params,
    safety: row.safety,
    status: row.status,
    errorCode: row.error_code ?? undefined,
    errorMessage: row.error_message ?? undefined,
    idempotencyKey: row.idempotency_key ?? undefined,
    requestHash: row.request_hash ?? undefined,
    whenOffline: row.when_offline,
    timeoutSeconds: row.timeout_seconds,
    expiresAt: row.expires_at,
    submittedAt: row.submitted_at,
    startedAt: row.started_at ?? undefined,
    completedAt: row.completed_at ?? undefined,
    cancelRequestedAt: row.cancel_requested_at ?? undefined,
    attempts: row.attempts,
    notBefore: row.not_before ?? undefined,
    lastEventNumber: row.last_event_number,
    responseCount: row.response_count,
    settlement: toSettlement(row),
    responsesPurgedAt: row.responses_purged_at ?? undefined,
    leaseNumber: row.lease_number,
  });
}

function toSettlement(row: CommandRow): Settlement | undefined {
  if (row.settled_at === null || row.settled_by === null) return undefined;
  return { at: row.settled_at, by: row.settled_by, reason: row.settlement_reason ?? undefined };
}

/** The domain's transition for a row. */
export function toTransition(row: TransitionRow): Transition {
  return {
    commandId: row.command_id,
    eventNumber: row.event_number,
    from: row.from_status ?? undefined,
    to: row.to_status,
    occurredAt: row.occurred_at,
    actor: row.actor,
    reason: row.reason,
  };
}

/** The domain's response for a row. */
export function toResponse(row: ResponseRow): Response {
  return {
    id: row.response_id,
    commandId: row.command_id,
    sequenceNumber: row.sequence_number,
    eventNumber: row.event_number,
    subject: row.subject,
    payload: row.response_payload,
    isFinal: row.is_final,
    receivedAt: row.received_at,
  };
}
