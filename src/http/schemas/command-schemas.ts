import { z } from 'zod';

import type { Catalogue } from '#application/catalogue/catalogue.js';
import { commandStatuses } from '#application/domain/command-state.js';
import { type CommandType } from '#application/domain/command-type.js';
import type { InputComplaint } from '#application/domain/errors.js';
import { inputComplaints } from '#application/domain/input-complaints.js';
import { safetyClasses } from '#application/domain/safety.js';
import { offlinePolicies, type Command, type Settlement, type Transition } from '#application/domain/command.js';
import { commandErrorCodes, type Response } from '#application/domain/response.js';
import { sovdMethods } from '#application/domain/sovd/method.js';
import { roles } from '#application/domain/user.js';

import { inPlainWords } from '../plain-messages.js';
import { anyJson, jsonObject, lineOfText, timestamp, uuid } from './plain-text.js';
import { optionalTimestampText, timestampText } from './timestamp-text.js';

/** Body of an order. */
export const submitCommandBody = z
  .object({
    vehicle_id: uuid,
    command_name: lineOfText(1, 64).meta({ description: 'A command type of the catalogue.' }),
    command_params: jsonObject.optional().meta({ description: 'What the command type asks for; {} when absent.' }),
    timeout_seconds: z.int().min(1).max(3600).optional().meta({
      description: 'From the start of the execution; 30 when absent.',
    }),
    expires_in_seconds: z.int().min(1).max(86_400).optional().meta({
      description:
        'From acceptance until it must have started; 3600 for what only reads and 60 for the rest when absent.',
    }),
    when_offline: z.enum(offlinePolicies).optional().meta({
      description:
        'What happens when the vehicle is away: `fail`, or `queue` until it expires. Absent: `queue` for what only reads.',
    }),
  })
  .meta({ id: 'SubmitCommand' });

const parametersOfBody = z.object({ command_name: z.string(), command_params: jsonObject.optional() });

/**
 * What is wrong with the command type of an order and with the parameters that it asks for; nothing when these can't be told
 * at all, which the schema of the body complains of.
 */
export function complainOfParameters(
  catalogue: Pick<Catalogue, 'all' | 'find'>,
  body: unknown,
): readonly InputComplaint[] {
  const read = parametersOfBody.safeParse(body);
  if (!read.success) return [];
  const { command_name: name, command_params: parameters = {} } = read.data;
  const type = catalogue.find(name);
  if (type === undefined) {
    const names = catalogue.all().map((known) => known.name);
    return [{ pointer: '/command_name', message: `is not a command type; use one of ${names.join(', ')}` }];
  }
  const { error } = type.parameters.safeParse(parameters, inPlainWords);
  return error === undefined ? [] : inputComplaints(error, '/command_params');
}

/** Headers of an order. */
export const submitCommandHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,128}(?![\s\S])/u, 'must be 1 to 128 visible ASCII characters')
    .optional()
    .meta({ description: 'The same key and body give the first answer again, for 24 hours.' }),
  prefer: z
    .string()
    .optional()
    .meta({ description: '`wait=N`: wait up to N seconds (0 to 60) for the end (RFC 7240).', examples: ['wait=10'] }),
});

/** How long a client prefers to wait (RFC 7240 section 4.3), 0 to 60; undefined when it didn't say. */
export function preferredWaitSeconds(prefer: string | undefined): number | undefined {
  const match = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?\s*(?:[,;]|$)/iu.exec(prefer ?? '');
  return match?.[1] === undefined ? undefined : Math.min(60, Number(match[1]));
}

const errorSchema = z.object({ code: z.enum(commandErrorCodes), message: z.string() });

const settlementSchema = z.object({
  settled_at: timestamp,
  settled_by: z.string().meta({ description: 'Who found out, or the part of the service that got a late answer.' }),
  reason: z.string().nullable().meta({ description: 'In their words; null for a late answer.' }),
});

/** What somebody found out about a command whose outcome is unknown. */
export const settleCommandBody = z
  .object({
    status: z.enum(['completed', 'failed']).meta({ description: 'How it ended after all.' }),
    reason: lineOfText(1, 500).meta({ description: 'How you know.' }),
  })
  .meta({ id: 'SettleCommand' });

/** A command. */
export const commandSchema = z
  .object({
    command_id: uuid,
    user_id: uuid,
    vehicle_id: uuid,
    command_name: z.string().meta({ examples: ['read-faults'] }),
    command_params: jsonObject.meta({ examples: [{ entity: 'components/engine-control' }] }),
    safety: z.enum(safetyClasses).meta({ description: '`safe` only reads; `unsafe` does something each time.' }),
    status: z.enum(commandStatuses).meta({
      description: '`outcome_unknown`: it was sent, and nobody can know whether the vehicle did it.',
      examples: ['completed'],
    }),
    error: errorSchema.nullable().meta({ description: 'Why it failed, or why nobody knows.', examples: [null] }),
    when_offline: z.enum(offlinePolicies).meta({ examples: ['queue'] }),
    timeout_seconds: z.int().meta({ examples: [30] }),
    expires_at: timestamp,
    submitted_at: timestamp,
    started_at: timestamp.nullable(),
    completed_at: timestamp.nullable(),
    cancel_requested_at: timestamp.nullable().meta({ examples: [null] }),
    attempts: z.int().meta({ description: 'How often an execution was begun.' }),
    response_count: z.int(),
    settlement: settlementSchema.nullable().meta({
      description: 'How it became known how it ended, if that was unknown before.',
      examples: [null],
    }),
    responses_purged_at: timestamp.nullable().meta({
      description: 'When its responses were deleted because of their age; GET for them is 410 from then on.',
      examples: [null],
    }),
    last_event_number: z.int().meta({ examples: [4] }),
  })
  .meta({ id: 'Command', description: 'One order to one vehicle.' });

/** One answer of the vehicle. */
export const responseSchema = z
  .object({
    response_id: uuid,
    command_id: uuid,
    sequence_number: z.int().meta({ description: 'Counts the responses of the command, from 0.', examples: [0] }),
    event_number: z.int().meta({ description: 'Counts responses and transitions of the command together, from 1.' }),
    subject: z.string().meta({ description: 'What it is about, unique within the command.', examples: ['faults'] }),
    is_final: z.boolean(),
    received_at: timestamp,
    response_payload: z.object({
      request: z.object({
        method: z.enum(sovdMethods),
        path: z.string().meta({ examples: ['components/engine-control/faults'] }),
      }),
      status: z.int().meta({ description: "HTTP status of the vehicle's answer.", examples: [200] }),
      media_type: z
        .string()
        .nullable()
        .meta({ examples: ['application/json'] }),
      encoding: z.enum(['json', 'text', 'base64', 'none']).meta({ description: 'How `body` stands here.' }),
      body: anyJson.meta({ description: 'The body as the vehicle sent it.', examples: [{ items: [] }] }),
      result: anyJson.meta({
        description: 'Our reading of it, the same for all kinds of servers; null where there is none.',
      }),
    }),
  })
  .meta({ id: 'Response', description: 'One answer of the vehicle within a command.' });

/** A step of a command's state. */
export const transitionSchema = z
  .object({
    command_id: uuid,
    event_number: z.int(),
    from_status: z
      .enum(commandStatuses)
      .nullable()
      .meta({ examples: [null] }),
    to_status: z.enum(commandStatuses),
    occurred_at: timestamp,
    actor: z.string().meta({ examples: ['engineer'] }),
    reason: z.string().meta({ description: 'Why, in one stable word.', examples: ['submitted'] }),
  })
  .meta({ id: 'Transition', description: "A step of a command's state." });

/** A command with its first responses. */
export const commandWithResponsesSchema = z
  .object({ ...commandSchema.shape, responses: z.array(responseSchema) })
  .meta({ id: 'CommandWithResponses', description: 'A command and its first 100 responses.' });

/** What became of the wish to cancel. */
export const cancellationSchema = z
  .object({
    cancellation: z.enum(['cancelled', 'requested']).meta({
      description:
        '`requested`: it is under way. It ends as cancelled only if the vehicle can still be stopped; else it goes on.',
    }),
    command: commandSchema,
  })
  .meta({ id: 'Cancellation' });

/** A command type of the catalogue. */
export const commandTypeSchema = z
  .object({
    name: z.string().meta({ examples: ['read-data'] }),
    title: z.string().meta({ examples: ['Read data'] }),
    description: z.string().meta({ examples: ['Reads values of an entity.'] }),
    safety: z.enum([...safetyClasses, 'by-parameters']),
    role: z.enum(roles),
    requests: z
      .array(z.string())
      .meta({ description: 'The SOVD requests that it makes.', examples: [['GET {entity}/data/{data-id}']] }),
    parameters: jsonObject.meta({
      description: 'JSON Schema (2020-12) of command_params.',
      examples: [{ type: 'object', properties: {} }],
    }),
    example: jsonObject.meta({ examples: [{ entity: 'components/engine-control' }] }),
  })
  .meta({ id: 'CommandType' });

type JsonObjectOutput = z.output<typeof jsonObject>;

/** A command as it is shown. */
export function presentCommand({ record, responsesPurgedAt }: Command): z.output<typeof commandSchema> {
  const { errorCode } = record;
  return {
    command_id: record.id,
    user_id: record.userId,
    vehicle_id: record.vehicleId,
    command_name: record.name,
    command_params: record.parameters,
    safety: record.safety,
    status: record.status,
    error: errorCode === undefined ? null : { code: errorCode, message: record.errorMessage ?? '' },
    when_offline: record.whenOffline,
    timeout_seconds: record.timeoutSeconds,
    expires_at: timestampText(record.expiresAt),
    submitted_at: timestampText(record.submittedAt),
    started_at: optionalTimestampText(record.startedAt),
    completed_at: optionalTimestampText(record.completedAt),
    cancel_requested_at: optionalTimestampText(record.cancelRequestedAt),
    attempts: record.attempts,
    response_count: record.responseCount,
    settlement: presentSettlement(record.settlement),
    responses_purged_at: responsesPurgedAt?.toISOString() ?? null,
    last_event_number: record.lastEventNumber,
  };
}

function presentSettlement(settlement: Settlement | undefined): z.output<typeof settlementSchema> | null {
  if (settlement === undefined) return null;
  const { at, by, reason } = settlement;
  return { settled_at: timestampText(at), settled_by: by, reason: reason ?? null };
}

/** A response as it is shown. */
export function presentResponse(response: Response): z.output<typeof responseSchema> {
  const { request, status, mediaType, body, result } = response.payload;
  return {
    response_id: response.id,
    command_id: response.commandId,
    sequence_number: response.sequenceNumber,
    event_number: response.eventNumber,
    subject: response.subject,
    is_final: response.isFinal,
    received_at: timestampText(response.receivedAt),
    response_payload: {
      request,
      status,
      media_type: mediaType ?? null,
      encoding: body.encoding,
      body: body.encoding === 'none' ? null : body.value,
      result: result ?? null,
    },
  };
}

/** A transition as it is shown. */
export function presentTransition(transition: Transition): z.output<typeof transitionSchema> {
  return {
    command_id: transition.commandId,
    event_number: transition.eventNumber,
    from_status: transition.from ?? null,
    to_status: transition.to,
    occurred_at: timestampText(transition.occurredAt),
    actor: transition.actor,
    reason: transition.reason,
  };
}

/** A command type as it is shown, its parameters as JSON Schema. */
export function presentCommandType(type: CommandType): z.output<typeof commandTypeSchema> {
  return {
    name: type.name,
    title: type.title,
    description: type.description,
    safety: typeof type.safety === 'function' ? 'by-parameters' : type.safety,
    role: type.role,
    requests: [...type.requests],
    parameters: z.toJSONSchema(type.parameters, { io: 'input' }) as JsonObjectOutput,
    example: type.example,
  };
}
