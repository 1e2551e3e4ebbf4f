import { z } from 'zod';

import { requireCommand } from '#application/access/visibility.js';
import type { Catalogue } from '#application/catalogue/catalogue.js';
import type { cancelCommand } from '#application/commands/cancel-command.js';
import type { FollowCommand } from '#application/commands/follow-command.js';
import { listCommands } from '#application/commands/list-commands.js';
import { listResponses } from '#application/commands/list-responses.js';
import { listTransitions } from '#application/commands/list-transitions.js';
import { responsesPurged } from '#application/commands/require-kept-responses.js';
import type { settleCommand } from '#application/commands/settle-command.js';
import { showCommandWithResponses } from '#application/commands/show-command.js';
import type { submitCommand } from '#application/commands/submit-command.js';
import type { waitForCommand } from '#application/commands/wait-for-command.js';
import { commandStatuses } from '#application/domain/command-state.js';
import type { CommandEvent } from '#application/ports/command-repository.js';

import { endpoint, eventStream, waitingEndpoint, type Endpoint, type StreamEvent } from '../endpoint.js';
import { accepted, ok } from '../reply.js';
import {
  cancellationSchema,
  commandSchema,
  commandWithResponsesSchema,
  complainOfParameters,
  preferredWaitSeconds,
  presentCommand,
  presentResponse,
  presentTransition,
  responseSchema,
  settleCommandBody,
  submitCommandBody,
  submitCommandHeaders,
  transitionSchema,
} from '../schemas/command-schemas.js';
import {
  pageFields,
  pageSchema,
  presentNumberedPage,
  presentPage,
  toNumberedPageRequest,
  toPageRequest,
} from '../schemas/page-schemas.js';
import { lineOfText, timestamp, uuid } from '../schemas/plain-text.js';

/** The use cases behind these routes. */
export interface CommandRoutesDependencies {
  readonly catalogue: Catalogue;
  readonly submitCommand: ReturnType<typeof submitCommand>;
  readonly cancelCommand: ReturnType<typeof cancelCommand>;
  readonly settleCommand: ReturnType<typeof settleCommand>;
  readonly waitForCommand: ReturnType<typeof waitForCommand>;
  readonly followCommand: FollowCommand;
}

const tag = 'Commands';
const params = z.object({ command_id: uuid });
const readAudit = { action: 'command.read', entityType: 'command', entityIdParam: 'command_id' } as const;
const purgedExample = responsesPurged(new Date('2026-06-01T03:10:00Z'));
const locationOf = (commandId: string): string => `/api/v1/commands/${commandId}`;

/** Commands, their responses, transitions and events. */
export function commandRoutes(dependencies: CommandRoutesDependencies): readonly Endpoint[] {
  return [
    submitRoute(dependencies),
    ...readingRoutes(),
    cancelRoute(dependencies),
    settleRoute(dependencies),
    eventsRoute(dependencies),
  ];
}

function submitRoute({ catalogue, submitCommand, waitForCommand }: CommandRoutesDependencies): Endpoint {
  const examples = catalogue.all().map((type) => [
    type.name,
    {
      vehicle_id: '01890a5d-ac96-774b-bcce-b302099a8057',
      command_name: type.name,
      command_params: type.example,
    },
  ]);
  return waitingEndpoint({
    method: 'post',
    path: '/commands',
    operationId: 'submitCommand',
    tag,
    summary: 'Order a command',
    description:
      'Accepted means stored: the command survives a crash of the service. With `Prefer: wait=N` the answer waits for the end.',
    role: 'engineer',
    audit: { action: 'command.submit', entityType: 'command', vehicleId: ({ body }) => body.vehicle_id },
    headers: submitCommandHeaders,
    body: submitCommandBody,
    checkBody: (body) => complainOfParameters(catalogue, body),
    bodyExamples: Object.fromEntries(examples) as Record<string, z.input<typeof submitCommandBody>>,
    replies: {
      200: {
        description: 'The command has ended within the time that you preferred to wait',
        schema: commandWithResponsesSchema,
        headers: { Location: 'Path of the command' },
        optionalHeaders: { 'Idempotent-Replayed': '`true` when the key was used before' },
      },
      202: {
        description: 'The command is stored, and will be sent',
        schema: commandSchema,
        headers: { Location: 'Path of the command' },
        optionalHeaders: { 'Idempotent-Replayed': '`true` when the key was used before' },
      },
    },
    errors: [
      'vehicle-not-found',
      'vehicle-retired',
      'vehicle-offline',
      'queueing-not-allowed',
      'idempotency-key-reused',
    ],
    handle: async (units, actor, { body, headers }, signal) => {
      const input = {
        vehicleId: body.vehicle_id,
        name: body.command_name,
        parameters: body.command_params ?? {},
        timeoutSeconds: body.timeout_seconds,
        expiresInSeconds: body.expires_in_seconds,
        whenOffline: body.when_offline,
        idempotencyKey: headers['idempotency-key'],
      };
      const submission = await submitCommand(units, actor, input);
      const waitSeconds = preferredWaitSeconds(headers.prefer) ?? 0;
      const { isReplay } = submission;
      if (waitSeconds === 0) return { command: submission.command.asAccepted(), isReplay, ended: undefined };
      const command = await waitForCommand(units, actor, submission.command, { waitSeconds, signal });
      if (!command.isFinal) return { command, isReplay, ended: undefined };
      const ended = await units.withUnit('read', (work) => showCommandWithResponses(work, actor, command.id));
      return { command, isReplay, ended };
    },
    reply: ({ command, ended, isReplay }) => {
      const location = locationOf(command.id);
      const headers = isReplay ? { 'Idempotent-Replayed': 'true' } : {};
      if (ended === undefined) return accepted(presentCommand(command), { location, headers });
      const body = { ...presentCommand(ended.command), responses: ended.responses.map(presentResponse) };
      return ok(body, { ...headers, Location: location });
    },
  });
}

function readingRoutes(): readonly Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/commands',
      operationId: 'listCommands',
      tag,
      summary: 'List commands',
      description: 'Newest first.',
      role: 'viewer',
      access: 'read',
      query: z.object({
        ...pageFields,
        vehicle_id: uuid.optional(),
        fleet_id: uuid.optional(),
        user_id: uuid.optional(),
        status: z.enum(commandStatuses).optional(),
        command_name: lineOfText(1, 64).optional(),
        submitted_after: timestamp.optional().meta({ description: 'This time or later.' }),
        submitted_before: timestamp.optional().meta({ description: 'Before this time.' }),
      }),
      replies: { 200: { description: 'A page of commands', schema: pageSchema(commandSchema) } },
      errors: ['invalid-cursor'],
      handle: (work, actor, { query }) =>
        listCommands(
          work,
          actor,
          {
            ...(query.vehicle_id === undefined ? {} : { vehicleId: query.vehicle_id }),
            ...(query.fleet_id === undefined ? {} : { fleetId: query.fleet_id }),
            ...(query.user_id === undefined ? {} : { userId: query.user_id }),
            ...(query.status === undefined ? {} : { status: query.status }),
            ...(query.command_name === undefined ? {} : { name: query.command_name }),
            ...(query.submitted_after === undefined ? {} : { submittedAfter: new Date(query.submitted_after) }),
            ...(query.submitted_before === undefined ? {} : { submittedBefore: new Date(query.submitted_before) }),
          },
          toPageRequest(query),
        ),
      reply: (page) => ok(presentPage(page, presentCommand)),
    }),
    endpoint({
      method: 'get',
      path: '/commands/{command_id}',
      operationId: 'showCommand',
      tag,
      summary: 'Show a command',
      role: 'viewer',
      access: 'read',
      audit: readAudit,
      params,
      replies: { 200: { description: 'The command', schema: commandSchema } },
      errors: ['command-not-found'],
      handle: (work, actor, { params: { command_id: id } }) => requireCommand(work, actor, id),
      reply: (command) => ok(presentCommand(command)),
    }),
    endpoint({
      method: 'get',
      path: '/commands/{command_id}/responses',
      operationId: 'listResponses',
      tag,
      summary: 'List the responses of a command',
      description: 'In the order in which the vehicle gave them. When they are too old to be kept: 410.',
      role: 'viewer',
      access: 'read',
      audit: readAudit,
      params,
      query: z.object(pageFields),
      replies: { 200: { description: 'A page of responses', schema: pageSchema(responseSchema) } },
      errors: ['command-not-found', 'responses-purged', 'invalid-cursor'],
      errorExamples: [purgedExample],
      handle: (work, actor, { params: { command_id: id }, query }) => {
        const { from, limit } = toNumberedPageRequest(query, 0);
        return listResponses(work, actor, id, from, limit);
      },
      reply: (page) => ok(presentNumberedPage(page, presentResponse)),
    }),
    endpoint({
      method: 'get',
      path: '/commands/{command_id}/transitions',
      operationId: 'listTransitions',
      tag,
      summary: 'List the transitions of a command',
      description: 'Every step of its state, with who or what made it and why.',
      role: 'viewer',
      access: 'read',
      audit: readAudit,
      params,
      query: z.object(pageFields),
      replies: { 200: { description: 'A page of transitions', schema: pageSchema(transitionSchema) } },
      errors: ['command-not-found', 'invalid-cursor'],
      handle: (work, actor, { params: { command_id: id }, query }) => {
        const { from, limit } = toNumberedPageRequest(query, 1);
        return listTransitions(work, actor, id, from, limit);
      },
      reply: (page) => ok(presentNumberedPage(page, presentTransition)),
    }),
  ];
}

function cancelRoute({ cancelCommand }: CommandRoutesDependencies): Endpoint {
  return endpoint({
    method: 'post',
    path: '/commands/{command_id}/cancel',
    operationId: 'cancelCommand',
    tag,
    summary: 'Cancel a command',
    description:
      'One that has not started is cancelled at once (200). One that is under way is asked to stop (202), and ends as cancelled only if the vehicle can still be stopped.',
    role: 'engineer',
    access: 'write',
    audit: { action: 'command.cancel', entityType: 'command', entityIdParam: 'command_id' },
    params,
    replies: {
      200: { description: 'The command is cancelled, and was never sent', schema: cancellationSchema },
      202: {
        description: 'The command is asked to stop',
        schema: cancellationSchema,
        headers: { Location: 'Path of the command' },
      },
    },
    errors: ['command-not-found', 'command-already-final', 'changed-meanwhile'],
    handle: (work, actor, { params: { command_id: id } }) => cancelCommand(work, actor, id),
    reply: ({ outcome, command }) => {
      const body = { cancellation: outcome, command: presentCommand(command) };
      return outcome === 'cancelled' ? ok(body) : accepted(body, { location: locationOf(command.id) });
    },
  });
}

function settleRoute({ settleCommand }: CommandRoutesDependencies): Endpoint {
  return endpoint({
    method: 'post',
    path: '/commands/{command_id}/settle',
    operationId: 'settleCommand',
    tag,
    summary: 'Settle a command of unknown outcome',
    description:
      'Says how a command ended whose status is `outcome_unknown`, once somebody has looked at the vehicle. Works once; a late answer of the vehicle may be faster.',
    role: 'engineer',
    access: 'write',
    audit: { action: 'command.settle', entityType: 'command', entityIdParam: 'command_id' },
    params,
    body: settleCommandBody,
    bodyExamples: { seen: { status: 'completed', reason: 'The fault memory is empty, as read on the vehicle.' } },
    replies: { 200: { description: 'The command, settled', schema: commandSchema } },
    errors: ['command-not-found', 'outcome-not-unknown', 'changed-meanwhile'],
    handle: (work, actor, { params: { command_id: id }, body: { status, reason } }) =>
      settleCommand(work, actor, id, { outcome: status, reason }),
    reply: (command) => ok(presentCommand(command)),
  });
}

function eventsRoute({ followCommand }: CommandRoutesDependencies): Endpoint {
  return eventStream({
    path: '/commands/{command_id}/events',
    operationId: 'followCommand',
    tag,
    summary: 'Follow a command',
    description:
      'Server-Sent Events: every response and every transition, stored ones and live ones, once and in order. The id of an event is its event_number; `Last-Event-ID` goes on behind one. The stream ends after the final status. When the responses are too old to be kept: 410.',
    role: 'viewer',
    audit: readAudit,
    params,
    events: {
      response: { description: 'An answer of the vehicle', schema: responseSchema },
      status: { description: "A step of the command's state", schema: transitionSchema },
    },
    errors: ['command-not-found', 'responses-purged', 'too-many-streams'],
    errorExamples: [purgedExample],
    handle: async (_units, actor, { params: { command_id: id } }, { after, signal }) =>
      followCommand.events(await followCommand.begin(actor, id, after), signal),
    present: presentEvent,
  });
}

function presentEvent(event: CommandEvent): StreamEvent {
  const data = event.kind === 'response' ? presentResponse(event.response) : presentTransition(event.transition);
  return { id: event.eventNumber, event: event.kind, data };
}
