const text = { type: 'string' } as const;
const optionalText = { type: 'string', nullable: true } as const;
const number = { type: 'integer' } as const;
const time = { type: 'string', format: 'date-time' } as const;
const optionalTime = { type: 'string', format: 'date-time', nullable: true } as const;
const object = { type: 'object', additionalProperties: true } as const;

/** A vehicle, for the compiled serialiser. */
export const vehicleSchema = {
  type: 'object',
  properties: {
    vehicle_id: text,
    vin: text,
    vin_check_digit_valid: { type: 'boolean' },
    make: text,
    model: text,
    model_year: number,
    sovd_base_url: text,
    connection_status: text,
    last_seen_at: optionalTime,
    metadata: object,
    created_at: time,
    updated_at: time,
    retired_at: optionalTime,
    fleet_id: text,
    credentials: { type: 'object', nullable: true, additionalProperties: true },
  },
} as const;

/** A command. */
export const commandSchema = {
  type: 'object',
  properties: {
    command_id: text,
    user_id: text,
    vehicle_id: text,
    command_name: text,
    command_params: object,
    safety: text,
    status: text,
    error: { type: 'object', nullable: true, properties: { code: text, message: text } },
    when_offline: text,
    timeout_seconds: number,
    expires_at: time,
    submitted_at: time,
    started_at: optionalTime,
    completed_at: optionalTime,
    cancel_requested_at: optionalTime,
    attempts: number,
    response_count: number,
    responses_purged_at: optionalTime,
    last_event_number: number,
    settlement: {
      type: 'object',
      nullable: true,
      properties: { settled_at: time, settled_by: text, reason: optionalText },
    },
  },
} as const;

/** A page of items. */
export function pageSchema(item: object): object {
  return {
    type: 'object',
    properties: { items: { type: 'array', items: item }, next_cursor: { type: 'string', nullable: true } },
  };
}
