import { hasVinCheckDigit } from '#application/domain/vin.js';

import type { Order } from './input.js';
import type { Submission } from './statements.js';

/** A row of `vehicles`; times are dates or texts, whichever the driver was told to give. */
export interface VehicleRow<Time = Date> {
  readonly vehicle_id: string;
  readonly vin: string;
  readonly make: string;
  readonly model: string;
  readonly model_year: number;
  readonly sovd_base_url: string;
  readonly connection_status: string;
  readonly last_seen_at: Time | null;
  readonly metadata: unknown;
  readonly created_at: Time;
  readonly updated_at: Time;
  readonly retired_at: Time | null;
  readonly fleet_id: string;
  /** What is known of its credentials; the benchmark's vehicles have none. */
  readonly credential_summary: unknown;
}

/** A row of `commands`. */
export interface CommandRow<Time = Date> {
  readonly command_id: string;
  readonly user_id: string;
  readonly vehicle_id: string;
  readonly command_name: string;
  readonly command_params: unknown;
  readonly safety: string;
  readonly status: string;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly when_offline: string;
  readonly timeout_seconds: number;
  readonly expires_at: Time;
  readonly submitted_at: Time;
  readonly started_at: Time | null;
  readonly completed_at: Time | null;
  readonly cancel_requested_at: Time | null;
  readonly attempts: number;
  readonly response_count: number;
  readonly last_event_number: number;
  readonly settled_at: Time | null;
  readonly settled_by: string | null;
  readonly settlement_reason: string | null;
  readonly responses_purged_at: Time | null;
}

/** A vehicle as the service shows it. */
export function showVehicle<Time>(row: VehicleRow<Time>) {
  return {
    vehicle_id: row.vehicle_id,
    vin: row.vin,
    vin_check_digit_valid: hasVinCheckDigit(row.vin),
    make: row.make,
    model: row.model,
    model_year: row.model_year,
    sovd_base_url: row.sovd_base_url,
    connection_status: row.connection_status,
    last_seen_at: row.last_seen_at,
    metadata: row.metadata,
    created_at: row.created_at,
    updated_at: row.updated_at,
    retired_at: row.retired_at,
    fleet_id: row.fleet_id,
    credentials: row.credential_summary,
  };
}

/** A command as the service shows it. */
export function showCommand<Time>(row: CommandRow<Time>) {
  return {
    command_id: row.command_id,
    user_id: row.user_id,
    vehicle_id: row.vehicle_id,
    command_name: row.command_name,
    command_params: row.command_params,
    safety: row.safety,
    status: row.status,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    when_offline: row.when_offline,
    timeout_seconds: row.timeout_seconds,
    expires_at: row.expires_at,
    submitted_at: row.submitted_at,
    started_at: row.started_at,
    completed_at: row.completed_at,
    cancel_requested_at: row.cancel_requested_at,
    attempts: row.attempts,
    response_count: row.response_count,
    responses_purged_at: row.responses_purged_at,
    last_event_number: row.last_event_number,
    settlement:
      row.settled_at === null
        ? null
        : { settled_at: row.settled_at, settled_by: row.settled_by, reason: row.settlement_reason },
  };
}

/** A command that was just accepted. */
export function showAccepted(order: Order, submission: Submission): ReturnType<typeof showCommand<Date>> {
  return showCommand({
    command_id: submission.commandId,
    user_id: submission.userId,
    vehicle_id: order.vehicleId,
    command_name: 'read-data',
    command_params: order.parameters,
    safety: 'safe',
    status: 'pending',
    error_code: null,
    error_message: null,
    when_offline: order.whenOffline,
    timeout_seconds: order.timeoutSeconds,
    expires_at: submission.expiresAt,
    submitted_at: submission.submittedAt,
    started_at: null,
    completed_at: null,
    cancel_requested_at: null,
    attempts: 0,
    response_count: 0,
    responses_purged_at: null,
    last_event_number: 1,
    settled_at: null,
    settled_by: null,
    settlement_reason: null,
  });
}

/** A page out of rows of which there is one more than asked for when the list goes on. */
export function showPage<Row, Shown>(
  rows: readonly Row[],
  limit: number,
  show: (row: Row) => Shown,
  position: (row: Row) => { readonly at: Date; readonly id: string },
): { readonly items: Shown[]; readonly next_cursor: string | null } {
  const shown = rows.length > limit ? rows.slice(0, limit) : rows;
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return { items: shown.map(show), next_cursor: last === undefined ? null : cursorOf(position(last)) };
}

function cursorOf({ at, id }: { readonly at: Date; readonly id: string }): string {
  return Buffer.from(`${at.getTime()} ${id}`).toString('base64url');
}
