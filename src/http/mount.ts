import { LightAbortController } from '#application/waiting/light-abort.js';
import { Router, type Request, type RequestHandler, type Response } from 'express';

import type { Refused } from '#application/audit/record-refusal.js';
import type { Actor, AnonymousActor, UserActor } from '#application/domain/actor.js';
import { ApplicationError, ConcurrentChange, type ErrorKind } from '#application/domain/errors.js';
import { includesRole } from '#application/domain/user.js';
import type { TaskLog } from '#application/ports/log.js';
import type { UnitsOfWork } from '#application/ports/unit-of-work.js';

import { sendDownload } from './download.js';
import {
  needsRole,
  type Declaration,
  type DownloadEndpoint,
  type Endpoint,
  type Input,
  type StreamEndpoint,
  type UnitEndpoint,
  type WaitingEndpoint,
} from './endpoint.js';
import { sendEventStream } from './event-stream.js';
import type { Authenticate } from './middleware/authenticate.js';
import { contextOf } from './middleware/request-context.js';
import type { OpenStreams } from './open-streams.js';
import { countAnonymous, countUser, type RequestLimits } from './request-limits.js';
import { bodyReader, type BodyReader } from './read-body.js';
import { readInput } from './read-input.js';
import { methodNotAllowed, refuseMethod } from './refuse-method.js';
import { sendReply } from './reply.js';

/** What mounted routes need. */
export interface MountDependencies {
  readonly units: UnitsOfWork;
  readonly authenticate: Authenticate;
  readonly requestLimits: RequestLimits;
  readonly authenticateLeaving: Authenticate;
  readonly streams: OpenStreams;
  readonly maxBodyBytes: number;
  readonly requestTimeoutSeconds: number;
  /** Collects, of what was made a moment ago, what nobody needs any more. May do nothing. */
  readonly collectYoungObjects: () => void;
  /** Puts a refused act into the audit log. */
  readonly recordRefusal: (units: UnitsOfWork, refused: Refused) => Promise<void>;
}

/** How often a handler runs at the most, when others were faster. */
const maxRuns = 3;

/** Refusals that a person caused; what failed on our side is for the log. */
const refusedKinds: ReadonlySet<ErrorKind> = new Set([
  'forbidden',
  'not-found',
  'conflict',
  'unprocessable',
  'too-many',
]);

/**
 * A router of declared routes, which answers other methods on their paths with 405. Express tries one route after the
 * other, so those of each first segment have a router of their own.
 */
export function routerOf(endpoints: readonly Endpoint[], dependencies: MountDependencies): RequestHandler {
  const readBody = bodyReader(dependencies.maxBodyBytes);
  const routers = new Map<string, Router>();
  const methodsOfPath = new Map<string, string[]>();
  const routerFor = (path: string): Router => {
    const segment = firstSegment(path);
    const router = routers.get(segment) ?? Router({ caseSensitive: true, strict: true });
    routers.set(segment, router);
    return router;
  };
  for (const endpoint of endpoints) {
    const path = expressPath(endpoint.path);
    const handler = handlerOf(endpoint, dependencies, readBody);
    routerFor(path)[endpoint.method](path, handler);
    const methods =
      endpoint.method === 'get' && endpoint.kind !== 'stream' ? ['GET', 'HEAD'] : [endpoint.method.toUpperCase()];
    methodsOfPath.set(path, [...(methodsOfPath.get(path) ?? []), ...methods]);
  }
  for (const [path, methods] of methodsOfPath) routerFor(path).all(path, refuseMethod(methods));
  return (request, response, next) => {
    const router = routers.get(firstSegment(request.path));
    if (router === undefined) next();
    else router(request, response, next);
  };
}

function firstSegment(path: string): string {
  const end = path.indexOf('/', 1);
  return end === -1 ? path : path.slice(0, end);
}

/** A request that was let in and read, and what everything done for it works with. */
interface Incoming<Who = AnonymousActor | UserActor> {
  readonly actor: Who;
  readonly input: Input;
  readonly response: Response;
  readonly log: TaskLog;
  /** Units whose lines and costs go to the log of the request. */
  readonly units: UnitsOfWork;
}

function handlerOf(endpoint: Endpoint, dependencies: MountDependencies, readBody: BodyReader): RequestHandler {
  return async (request, response) => {
    if (request.method === 'HEAD' && endpoint.kind === 'stream') throw methodNotAllowed(['GET'], response);
    const { log } = contextOf(request);
    const units = dependencies.units.toldTo(log);
    tellSubject(log, request.params);
    const actor = await admit(endpoint, request, response, dependencies);
    if (endpoint.body !== undefined) await readBody(request, response, endpoint.textBody);
    const input = readInput(endpoint, request);
    tellSubject(log, input.body);
    const incoming = { actor, input, response, log, units };
    try {
      if (endpoint.kind === 'unit') await runUnit(endpoint, dependencies, incoming);
      else if (endpoint.kind === 'waiting') await runWaiting(endpoint, incoming);
      else if (endpoint.kind === 'download') await runDownload(endpoint, dependencies, ofUser(incoming));
      else await runStream(endpoint, dependencies, ofUser(incoming), request);
    } catch (error) {
      await rememberRefusal(endpoint, dependencies, { request, actor, input, error });
      throw error;
    }
  };
}

/** Who calls, if they may. Before anything else, so that a stranger learns nothing about what is right and wrong. */
async function admit(
  endpoint: Endpoint,
  request: Request,
  response: Response,
  dependencies: MountDependencies,
): Promise<AnonymousActor | UserActor> {
  const { requestLimits } = dependencies;
  const { role } = endpoint;
  if (role === 'anonymous' || (role === 'leaving' && request.get('authorization') === undefined)) {
    countAnonymous(requestLimits, request, response);
    return { kind: 'anonymous', origin: contextOf(request).origin };
  }
  const check = role === 'leaving' ? dependencies.authenticateLeaving : dependencies.authenticate;
  const actor = await check(request, response).catch((error: unknown) => {
    // Whoever has no good token is counted as nobody, or guessing at tokens would be free.
    countAnonymous(requestLimits, request, response);
    throw error;
  });
  contextOf(request).log.addFields({ user_id: actor.userId });
  const excess = countUser(requestLimits, actor.userId, response);
  if (excess !== undefined) {
    if (excess.isFirst) await rememberRefusal(endpoint, dependencies, { request, actor, error: excess.error });
    throw excess.error;
  }
  if (!needsRole(role) || includesRole(actor.role, role)) return actor;
  const error = new ApplicationError('role-insufficient', `This needs the role ${role}; yours is ${actor.role}.`);
  await rememberRefusal(endpoint, dependencies, { request, actor, error });
  throw error;
}

/** One unit for the request: opened here, committed before the reply, closed on every way out. */
async function runUnit(
  endpoint: UnitEndpoint,
  { requestTimeoutSeconds }: MountDependencies,
  { actor, input, response, log, units }: Incoming,
): Promise<void> {
  for (let run = 1; ; run += 1) {
    const unit = units.open(endpoint.access);
    const deadline = { isOver: false };
    const close = (): void => void unit.close();
    const timer = setTimeout(() => {
      deadline.isOver = true;
      close();
    }, requestTimeoutSeconds * 1000);
    // The client hung up: give the connection back now.
    response.once('close', close);
    try {
      const reply = await endpoint.run(unit, actor, input);
      await unit.commit();
      tellSubject(log, reply.body);
      sendReply(response, reply);
      return;
    } catch (error) {
      if (deadline.isOver)
        throw new ApplicationError('overloaded', 'The request took too long. Try again in a moment.');
      if (!(error instanceof ConcurrentChange) || run >= maxRuns || response.destroyed) throw error;
    } finally {
      clearTimeout(timer);
      response.off('close', close);
      await unit.close();
    }
  }
}

async function runWaiting(endpoint: WaitingEndpoint, { actor, input, response, log, units }: Incoming): Promise<void> {
  const gone = new LightAbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const reply = await endpoint.run(units, actor, input, gone.signal);
  tellSubject(log, reply.body);
  sendReply(response, reply);
}

async function runDownload(
  { run, file }: DownloadEndpoint,
  { collectYoungObjects }: MountDependencies,
  { actor, input, response, units }: Incoming<UserActor>,
): Promise<void> {
  await sendDownload(response, run(units, actor, input), { file, collectYoungObjects });
}

async function runStream(
  endpoint: StreamEndpoint,
  { streams }: MountDependencies,
  { actor, input, response, units }: Incoming<UserActor>,
  request: Request,
): Promise<void> {
  const stream = streams.open(actor, response);
  // It may be open for hours, and needs neither the memory of these nor the token among them.
  request.headers = {};
  request.rawHeaders.length = 0;
  try {
    const after = Number(Reflect.get(input.headers, 'last-event-id') ?? 0);
    const events = await endpoint.run(units, actor, input, { after, signal: stream.signal });
    await sendEventStream(response, events, endpoint.present, stream);
  } finally {
    stream.end();
  }
}

/** An act that failed; without an input when it was not looked at. */
interface FailedAct {
  readonly request: Request;
  readonly actor: Actor;
  readonly input?: Input;
  readonly error: unknown;
}

async function rememberRefusal(
  endpoint: Declaration,
  { units, recordRefusal }: MountDependencies,
  { request, actor, input, error }: FailedAct,
): Promise<void> {
  const { audit } = endpoint;
  if (audit === undefined || !(error instanceof ApplicationError) || !refusedKinds.has(error.kind)) return;
  const { action, entityType, entityIdParam } = audit;
  const params: object = input?.params ?? request.params;
  // A refusal for want of a role comes before the input is checked.
  const entityId = entityIdParam === undefined ? undefined : uuidOf(Reflect.get(params, entityIdParam));
  const vehicleId = entityType === 'vehicle' ? entityId : input === undefined ? undefined : audit.vehicleId?.(input);
  const { log } = contextOf(request);
  try {
    await recordRefusal(units.toldTo(log), { actor, action, entityType, entityId, vehicleId, error });
  } catch (failure) {
    log.error({ err: failure, action }, 'a refusal could not be put into the audit log');
  }
}

/** Puts the vehicle and the command that a request is about on its log lines. */
function tellSubject(log: TaskLog, source: unknown): void {
  if (typeof source !== 'object' || source === null) return;
  for (const name of ['vehicle_id', 'command_id']) {
    if (!(name in source)) continue;
    const id = uuidOf(Reflect.get(source, name));
    if (id !== undefined) log.addFields({ [name]: id });
  }
}

function uuidOf(text: unknown): string | undefined {
  return typeof text === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu.test(text) ? text : undefined;
}

function ofUser(incoming: Incoming): Incoming<UserActor> {
  if (incoming.actor.kind !== 'user') throw new Error('this route needs a user');
  return incoming as Incoming<UserActor>;
}

function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/gu, ':$1');
}
