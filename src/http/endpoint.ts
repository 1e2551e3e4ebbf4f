import type { LightAbortSignal } from '#application/ports/light-abort-signal.js';
import { z } from 'zod';

import type { Actor, AnonymousActor, UserActor } from '#application/domain/actor.js';
import type { AuditAction, AuditedEntity } from '#application/domain/audit-entry.js';
import type { ApplicationError, ErrorCode, InputComplaint } from '#application/domain/errors.js';
import type { Role } from '#application/domain/user.js';
import type { Access, UnitsOfWork, Work } from '#application/ports/unit-of-work.js';

import type { Reply } from './reply.js';

/*
 * Routes are data. Each is declared once, and from that declaration come the Express route, the checks, the unit of work
 * and the OpenAPI document:
 *
 *   const submit = endpoint({
 *     method: 'post', path: '/commands', operationId: 'submitCommand', tag: 'Commands', summary: 'Order a command',
 *     role: 'engineer', access: 'write',
 *     audit: { action: 'command.submit', entityType: 'command', vehicleId: ({ body }) => body.vehicle_id },
 *     headers: z.object({ 'idempotency-key': idempotencyKey.optional() }),
 *     body: submitCommandBody,
 *     replies: { 202: { description: 'Stored; it will be sent', schema: commandSchema, headers: { Location: '…' } } },
 *     errors: ['vehicle-not-found', 'vehicle-offline'],
 *     handle: (work, actor, { headers, body }) => submitCommand(work, actor, toInput(headers, body)),
 *     reply: ({ command }) => accepted(presentCommand(command), { location: `/api/v1/commands/${command.id}` }),
 *   });
 *
 * There are four kinds, so that a reader sees what a route may hold: `endpoint` is given a unit of work, which is committed
 * before the first byte leaves; `waitingEndpoint` waits for something else than the database, so it is given the source of
 * units and holds none; `download` sends a long text piece by piece; `eventStream` stays open.
 */

/**
 * Who may call: anybody, whoever has logged in, or a role and those above it. `leaving` takes whoever shows an access token
 * of ours, though it has expired or its session has ended, and whoever shows none.
 */
export type Admission = 'anonymous' | 'leaving' | 'authenticated' | Role;

/** Whether a role is needed and not only an account. */
export function needsRole(admission: Admission): admission is Role {
  return admission !== 'anonymous' && admission !== 'leaving' && admission !== 'authenticated';
}

/** The actor that a handler gets. */
export type ActorFor<Admitted extends Admission> = Admitted extends 'anonymous'
  ? AnonymousActor
  : Admitted extends 'leaving'
    ? AnonymousActor | UserActor
    : UserActor;

/** The methods of the API. HEAD comes with GET. */
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** Named inputs: path parameters, query parameters, header fields (names in lower case). */
export type Fields = z.ZodObject;

/** No inputs of a sort. */
export type NoFields = z.ZodObject<Record<string, never>>;

/** What a handler reads, already checked. */
export interface Input<
  Params extends Fields = Fields,
  Query extends Fields = Fields,
  Headers extends Fields = Fields,
  Body extends z.ZodType = z.ZodType,
> {
  readonly params: z.output<Params>;
  readonly query: z.output<Query>;
  readonly headers: z.output<Headers>;
  readonly body: z.output<Body>;
}

/** One documented answer. Without a schema it has no body. */
export interface ReplyDeclaration {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Header fields that it always has, and what each says. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Header fields that it has sometimes; their texts say when. */
  readonly optionalHeaders?: Readonly<Record<string, string>>;
  readonly example?: unknown;
}

/** A value as it may be presented: as the schema says, and nobody changes it. */
export type Presented<Value> = Value extends readonly (infer Item)[]
  ? readonly Presented<Item>[]
  : Value extends object
    ? { readonly [Name in keyof Value]: Presented<Value[Name]> }
    : Value;

type BodyOf<Declared> = Declared extends { readonly schema: infer Schema extends z.ZodType }
  ? Presented<z.output<Schema>>
  : undefined;

/** The replies that a declaration allows: a status that it names, with a body of that status's schema. */
export type ReplyFor<Replies> = {
  [Status in keyof Replies & number]: Reply<Status, BodyOf<Replies[Status]>>;
}[keyof Replies & number];

/** How the refusal of an act is put into the audit log. Refusals of endpoints without it are answered only. */
export interface RefusalAudit<DeclaredInput = Input> {
  /** As the use case calls it when it succeeds, for example `vehicle.retire`. */
  readonly action: AuditAction;
  readonly entityType: AuditedEntity;
  /** The path parameter that holds the id of what the act is about. */
  readonly entityIdParam?: string;
  /** The vehicle that the act is about, where that can be told from the input. */
  readonly vehicleId?: (input: DeclaredInput) => string | undefined;
}

/** What every route says of itself. */
interface Description<Admitted extends Admission> {
  readonly method: Method;
  /** As OpenAPI writes it: `/commands/{command_id}`, below the prefix of the API. */
  readonly path: string;
  /** Unique in the API. */
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly role: Admitted;
  /** Error codes that a caller must expect beside those that every route can give. */
  readonly errors?: readonly ErrorCode[];
  /** How some of them look, for the document: those with members of their own. */
  readonly errorExamples?: readonly ApplicationError[];
  /** False: the answer comes from the program alone, also while the database is away. True when absent. */
  readonly asksDatabase?: boolean;
}

/** A body that is one text in UTF-8; its schema is one of a string. */
export interface TextBody {
  readonly mediaType: string;
  readonly maxBytes: number;
}

/** Where input comes from. Unknown query parameters and unknown fields of a body are refused. */
interface Inputs<Params extends Fields, Query extends Fields, Headers extends Fields, Body extends z.ZodType> {
  readonly params?: Params;
  readonly query?: Query;
  readonly headers?: Headers;
  /** A schema that takes undefined makes the body optional. Nested objects must be strict themselves. */
  readonly body?: Body;
  /** What the body is when it isn't JSON. */
  readonly textBody?: TextBody;
  /** What the schema can't say of a body. Asked of every body, also one that its schema refuses. */
  readonly checkBody?: (body: unknown) => readonly InputComplaint[];
  readonly bodyExamples?: Readonly<Record<string, z.input<Body>>>;
}

type Replies = Readonly<Record<number, ReplyDeclaration>>;

interface EndpointDefinition<
  Admitted extends Admission,
  Params extends Fields,
  Query extends Fields,
  Headers extends Fields,
  Body extends z.ZodType,
  Declared extends Replies,
  Result,
>
  extends Description<Admitted>, Inputs<Params, Query, Headers, Body> {
  readonly access: Access;
  readonly audit?: RefusalAudit<Input<Params, Query, Headers, Body>>;
  readonly replies: Declared;
  /** The use case. It may run again, on a fresh unit, when somebody else was faster: no effect but through `work`. */
  readonly handle: (
    work: Work,
    actor: ActorFor<Admitted>,
    input: Input<Params, Query, Headers, Body>,
  ) => Promise<Result>;
  readonly reply: (result: Result) => ReplyFor<Declared>;
}

interface WaitingDefinition<
  Admitted extends Admission,
  Params extends Fields,
  Query extends Fields,
  Headers extends Fields,
  Body extends z.ZodType,
  Declared extends Replies,
  Result,
>
  extends Description<Admitted>, Inputs<Params, Query, Headers, Body> {
  readonly audit?: RefusalAudit<Input<Params, Query, Headers, Body>>;
  readonly replies: Declared;
  /** Opens its own short units and holds none while it waits. The signal aborts when the client has hung up. */
  readonly handle: (
    units: UnitsOfWork,
    actor: ActorFor<Admitted>,
    input: Input<Params, Query, Headers, Body>,
    signal: LightAbortSignal,
  ) => Promise<Result>;
  readonly reply: (result: Result) => ReplyFor<Declared>;
}

/** What is sent as a file. */
interface DownloadedFile {
  /** Without a charset, which is always UTF-8: `text/csv; header=present`. */
  readonly mediaType: string;
  /** Under which name a browser keeps it. */
  readonly fileName: string;
  readonly description: string;
  readonly example?: string;
  /** Of a file with one JSON value a line: what each is. */
  readonly lineSchema?: z.ZodType;
}

interface DownloadDefinition<
  Admitted extends Exclude<Admission, 'anonymous' | 'leaving'>,
  Params extends Fields,
  Query extends Fields,
> extends Omit<Description<Admitted>, 'method'> {
  readonly params?: Params;
  readonly query?: Query;
  readonly audit?: RefusalAudit<Input<Params, Query>>;
  readonly file: DownloadedFile;
  /**
   * The pieces of the file, asked for as the client takes them: each should be some kilobytes, out of a short unit of its own.
   * Errors before the first piece are answered as problems; a later one breaks the connection off.
   */
  readonly handle: (
    units: UnitsOfWork,
    actor: UserActor,
    input: Pick<Input<Params, Query>, 'params' | 'query'>,
  ) => AsyncIterable<string>;
}

/** One event of a stream. Ids grow; data is sent as JSON. */
export interface StreamEvent {
  readonly id: number;
  readonly event: string;
  readonly data: unknown;
}

/** Where a stream goes on, and when it has to stop. */
export interface StreamPosition {
  /** The id after which to start: the `Last-Event-ID` of the client, or 0. */
  readonly after: number;
  /** Aborts when the stream ends for a reason of its own: hang-up, end of the session, shut-down. */
  readonly signal: LightAbortSignal;
}

interface StreamDefinition<
  Admitted extends Exclude<Admission, 'anonymous' | 'leaving'>,
  Params extends Fields,
  Query extends Fields,
  Item,
> extends Omit<Description<Admitted>, 'method'> {
  readonly params?: Params;
  readonly query?: Query;
  readonly audit?: RefusalAudit<Input<Params, Query>>;
  /** The events that can come, and what their data is. */
  readonly events: Readonly<Record<string, ReplyDeclaration>>;
  /** Errors thrown here are answered as problems. What the sequence throws later breaks the connection off. */
  readonly handle: (
    units: UnitsOfWork,
    actor: UserActor,
    input: Pick<Input<Params, Query>, 'params' | 'query'>,
    position: StreamPosition,
  ) => Promise<AsyncIterable<Item>>;
  readonly present: (item: Item) => StreamEvent;
}

/** What a declared route is to whoever mounts or documents it. */
export interface Declaration extends Description<Admission> {
  readonly params: Fields | undefined;
  readonly query: Fields | undefined;
  readonly headers: Fields | undefined;
  readonly body: z.ZodType | undefined;
  readonly textBody: TextBody | undefined;
  readonly checkBody: ((body: unknown) => readonly InputComplaint[]) | undefined;
  readonly bodyExamples: Readonly<Record<string, unknown>>;
  readonly audit: RefusalAudit | undefined;
  readonly replies: Replies;
  readonly errors: readonly ErrorCode[];
  readonly errorExamples: readonly ApplicationError[];
  readonly asksDatabase: boolean;
}

/** A route with a unit of work of its own. */
export interface UnitEndpoint extends Declaration {
  readonly kind: 'unit';
  readonly access: Access;
  readonly run: (work: Work, actor: Actor, input: Input) => Promise<Reply>;
}

/** A route that waits, and holds no unit meanwhile. */
export interface WaitingEndpoint extends Declaration {
  readonly kind: 'waiting';
  readonly run: (units: UnitsOfWork, actor: Actor, input: Input, signal: LightAbortSignal) => Promise<Reply>;
}

/** A route that sends a text that is too long to be held. */
export interface DownloadEndpoint extends Declaration {
  readonly kind: 'download';
  readonly file: DownloadedFile;
  readonly run: (units: UnitsOfWork, actor: UserActor, input: Input) => AsyncIterable<string>;
}

/** A route that sends events for as long as there are any. */
export interface StreamEndpoint extends Declaration {
  readonly kind: 'stream';
  readonly events: Readonly<Record<string, ReplyDeclaration>>;
  readonly run: (
    units: UnitsOfWork,
    actor: UserActor,
    input: Input,
    position: StreamPosition,
  ) => Promise<AsyncIterable<unknown>>;
  readonly present: (item: unknown) => StreamEvent;
}

/** Any route. */
export type Endpoint = UnitEndpoint | WaitingEndpoint | DownloadEndpoint | StreamEndpoint;

/** Declares a route that works in one unit: opened for it, committed before the reply, closed on every way out. */
export function endpoint<
  const Admitted extends Admission,
  const Declared extends Replies,
  Result,
  Params extends Fields = NoFields,
  Query extends Fields = NoFields,
  Headers extends Fields = NoFields,
  Body extends z.ZodType = z.ZodUndefined,
>(definition: EndpointDefinition<Admitted, Params, Query, Headers, Body, Declared, Result>): UnitEndpoint {
  const { handle, reply, access } = definition;
  type Handled = Parameters<typeof handle>;
  return {
    ...declare(definition),
    kind: 'unit',
    access,
    run: async (work, actor, input) => reply(await handle(work, actor as Handled[1], input)),
  };
}

/** Declares a route that waits for something else than the database: a password hash, the end of a command. */
export function waitingEndpoint<
  const Admitted extends Admission,
  const Declared extends Replies,
  Result,
  Params extends Fields = NoFields,
  Query extends Fields = NoFields,
  Headers extends Fields = NoFields,
  Body extends z.ZodType = z.ZodUndefined,
>(definition: WaitingDefinition<Admitted, Params, Query, Headers, Body, Declared, Result>): WaitingEndpoint {
  const { handle, reply } = definition;
  type Handled = Parameters<typeof handle>;
  return {
    ...declare(definition),
    kind: 'waiting',
    run: async (units, actor, input, signal) => reply(await handle(units, actor as Handled[1], input, signal)),
  };
}

/** Declares a route that answers with a file, sent as it is made, at the pace of its reader. */
export function download<
  const Admitted extends Exclude<Admission, 'anonymous' | 'leaving'>,
  Params extends Fields = NoFields,
  Query extends Fields = NoFields,
>(definition: DownloadDefinition<Admitted, Params, Query>): DownloadEndpoint {
  const { handle, file } = definition;
  type Handled = Parameters<typeof handle>;
  return {
    ...declare({ ...definition, method: 'get', replies: {} }),
    kind: 'download',
    file,
    run: (units, actor, input) => handle(units, actor, input as unknown as Handled[2]),
  };
}

/** Declares a route that answers with Server-Sent Events. `Last-Event-ID` is read for it. */
export function eventStream<
  const Admitted extends Exclude<Admission, 'anonymous' | 'leaving'>,
  Item,
  Params extends Fields = NoFields,
  Query extends Fields = NoFields,
>(definition: StreamDefinition<Admitted, Params, Query, Item>): StreamEndpoint {
  const { handle, present, events } = definition;
  type Handled = Parameters<typeof handle>;
  return {
    ...declare({ ...definition, method: 'get', headers: lastEventIdHeader, replies: {} }),
    kind: 'stream',
    events,
    run: (units, actor, input, position) => handle(units, actor, input as unknown as Handled[2], position),
    present: (item) => present(item as Item),
  };
}

/** Where a stream goes on: an event number, or nothing for its beginning. */
const lastEventIdHeader = z.object({
  'last-event-id': z
    .string()
    .regex(/^\d{0,15}$/u, 'must be the id of an event: a whole number, 0 or more')
    .transform(Number)
    .optional()
    .meta({ description: 'The id of the last event that was received. The stream goes on after it.' }),
});

interface Declarable extends Description<Admission>, Partial<Pick<Declaration, 'bodyExamples'>> {
  readonly textBody?: TextBody;
  readonly checkBody?: (body: unknown) => readonly InputComplaint[];
  readonly params?: Fields;
  readonly query?: Fields;
  readonly headers?: Fields;
  readonly body?: z.ZodType;
  // Each audit reads the input of its own route; whoever calls it gives it just that.
  readonly audit?: RefusalAudit<never>;
  readonly replies: Replies;
}

const pathPattern = /^(?:\/(?:[A-Za-z0-9.-]+|\{[a-z][a-z0-9_]*\}))+$/u;

function declare(definition: Declarable): Declaration {
  const { method, path, operationId, tag, summary, description, role, params, query, headers, body } = definition;
  if (!pathPattern.test(path)) throw new Error(`${operationId}: ${path} is not a path such as /commands/{command_id}`);
  const named = [...path.matchAll(/\{(\w+)\}/gu)].map(([, name]) => name);
  const checked = Object.keys(params?.shape ?? {});
  if (named.toSorted().join() !== checked.toSorted().join()) {
    throw new Error(`${operationId}: the path names ${named.join(', ')}, the schema ${checked.join(', ')}`);
  }
  return {
    ...{ method, path, operationId, tag, summary, role },
    ...(description === undefined ? {} : { description }),
    params,
    query: query?.strict(),
    headers,
    body: body instanceof z.ZodObject ? body.strict() : body,
    textBody: definition.textBody,
    checkBody: definition.checkBody,
    bodyExamples: definition.bodyExamples ?? {},
    audit: definition.audit as RefusalAudit | undefined,
    replies: definition.replies,
    errors: definition.errors ?? [],
    errorExamples: definition.errorExamples ?? [],
    asksDatabase: definition.asksDatabase ?? true,
  };
}
