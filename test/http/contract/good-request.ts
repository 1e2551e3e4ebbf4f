import { randomUUID } from 'node:crypto';

import { addUser, type LoggedIn } from '#support/program.js';
import type { Content, Operation } from '#support/contract/api-document.js';

import { password, realValue, type Showroom } from './showroom.js';

/** A request that an operation has to answer with a success. */
export interface GoodRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** What an operation needs beyond what its example says: one line for each. */
const preparations: Readonly<Record<string, (room: Showroom) => Promise<Preparation>>> = {
  logIn: async ({ database }) => {
    const { username } = await addUser(database.url, 'engineer');
    return { fields: { username, password } };
  },
  // Whoever logs out must not be the one who asks for the rest.
  logOut: async ({ service }) => asUser(await service.logInAs('viewer')),
  logOutEverywhere: async ({ service }) => asUser(await service.logInAs('viewer')),
  endSession: async ({ service }) => {
    const user = await service.logInAs('viewer');
    const { body } = await service.call(user.token, 'GET', '/auth/sessions');
    return { ...asUser(user), params: { session_id: body.items[0].session_id as string } };
  },
  changePassword: async ({ service }) => {
    const user = await service.logInAs('viewer');
    return { ...asUser(user), fields: { old_password: user.password } };
  },
  settleCommand: async (room) => ({ params: { command_id: await room.newUnknownCommand() } }),
  removeVehicleCredentials: async (room) => {
    const vehicleId = await room.newVehicle();
    const credentials = { kind: 'bearer', token: 'a-token-of-the-vehicle' };
    await room.call(room.admin.token, 'PUT', `/vehicles/${vehicleId}/credentials`, credentials);
    return { params: { vehicle_id: vehicleId } };
  },
  createFleet: () => Promise.resolve({ fields: { name: `fleet ${randomUUID()}` } }),
  changeFleet: () => Promise.resolve({ fields: { name: `fleet ${randomUUID()}` } }),
  cancelCommand: async (room) => ({ params: { command_id: await room.newRunningCommand() } }),
};

interface Preparation {
  readonly params?: Readonly<Record<string, string>>;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly token?: string;
}

function asUser({ token }: LoggedIn): Preparation {
  return { token };
}

/** The request of an operation's example, about things that are really there. Without a name: the first example. */
export async function goodRequest(room: Showroom, operation: Operation, example?: string): Promise<GoodRequest> {
  const { params = {}, fields = {}, token } = (await preparations[operation.operationId]?.(room)) ?? {};
  const body = await realBody(room, operation, example, fields);
  return {
    method: operation.method,
    target: await targetOf(room, operation, params),
    headers: {
      ...(operation.security === undefined ? {} : { authorization: `Bearer ${token ?? room.admin.token}` }),
      ...(body === undefined ? {} : { 'content-type': body.mediaType }),
    },
    body: body?.text,
  };
}

/** The names of the examples of an operation's body; one that is undefined when it has no body. */
export function exampleNames({ requestBody }: Operation): readonly (string | undefined)[] {
  return requestBody === undefined ? [undefined] : Object.keys(mediaOf(requestBody.content).media.examples ?? {});
}

/** The media type of a body, and what is said of it. */
export function mediaOf(content: Content) {
  const [entry] = Object.entries(content);
  if (entry === undefined) throw new Error('a body has a media type');
  return { mediaType: entry[0], media: entry[1] };
}

/** Sends it to the service at this URL, and reads the answer to its end or, of an event stream, its beginning. */
export async function send(url: string, { method, target, headers, body }: GoodRequest) {
  const hangUp = new AbortController();
  const answer = await fetch(url + target, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.any([hangUp.signal, AbortSignal.timeout(20_000)]),
  });
  const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') === true;
  if (isStream) hangUp.abort();
  const text = isStream ? '' : await answer.text();
  return { status: answer.status, headers: answer.headers, text };
}

async function targetOf(
  room: Showroom,
  { path, parameters = [] }: Operation,
  params: Readonly<Record<string, string>>,
): Promise<string> {
  let target = path;
  for (const { name } of parameters.filter((parameter) => parameter.in === 'path')) {
    target = target.replace(`{${name}}`, encodeURIComponent(params[name] ?? (await room.make(name))));
  }
  return target;
}

async function realBody(
  room: Showroom,
  { requestBody }: Operation,
  example: string | undefined,
  fields: Readonly<Record<string, unknown>>,
) {
  if (requestBody === undefined) return undefined;
  const { mediaType, media } = mediaOf(requestBody.content);
  const examples = media.examples ?? {};
  const value = (example === undefined ? Object.values(examples)[0] : examples[example])?.value;
  if (typeof value === 'string') return { mediaType, text: value };
  const real: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value ?? {})) {
    real[name] = name in fields ? fields[name] : ((await realValue(room, name)) ?? member);
  }
  return { mediaType, text: JSON.stringify(real) };
}
