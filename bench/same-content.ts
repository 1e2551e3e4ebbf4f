import { deepStrictEqual } from 'node:assert/strict';

import { Client } from 'pg';

import { measuredPaths, orderFor, type PathRequest } from './paths.js';
import type { Listening } from './processes.js';
import { vehicleId } from './seed.js';

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Requests that are refused, each with the status that all must give. */
const refusals: readonly (readonly [status: number, request: PathRequest])[] = [
  [404, { method: 'GET', path: `/api/v1/vehicles/${vehicleId(0)}` }],
  [400, { method: 'GET', path: '/api/v1/vehicles/none' }],
  [400, { method: 'GET', path: '/api/v1/vehicles?limit=0' }],
  [400, { method: 'GET', path: '/api/v1/vehicles?limit=201' }],
  [400, { method: 'GET', path: '/api/v1/vehicles?cursor=none' }],
  [400, { method: 'GET', path: '/api/v1/commands?vehicle_id=none' }],
  [404, orderFor(vehicleId(0))],
  [400, orderFor('none')],
  [400, { method: 'POST', path: '/api/v1/commands', body: '{' }],
  [400, { method: 'POST', path: '/api/v1/commands', body: JSON.stringify({ command_name: 'fly' }) }],
];

/**
 * Checks that a peer does the same work as the service: equal bodies for every read, and for an order the same answer and
 * the same three rows, but for ids and times. Throws an AssertionError that shows the difference.
 */
export async function checkSameContent(
  service: Pick<Listening, 'url'>,
  peer: Pick<Listening, 'url' | 'name'>,
  token: string,
  databaseUrl: string,
): Promise<void> {
  for (const { requests } of measuredPaths.filter(({ isWrite }) => !isWrite)) {
    for (const request of requests.slice(0, 3)) await comparePages(service.url, peer, request, token);
  }
  const [expected, actual] = [await ask(service.url, orderOf(), token), await ask(peer.url, orderOf(), token)];
  deepStrictEqual(withoutIdentity(actual), withoutIdentity(expected), `${peer.name} answers an order differently`);
  deepStrictEqual(
    await storedRows(databaseUrl, String(actual.body['command_id'])),
    await storedRows(databaseUrl, String(expected.body['command_id'])),
    `${peer.name} stores an order differently`,
  );
  for (const server of [service, peer]) {
    for (const [status, request] of refusals) {
      deepStrictEqual((await ask(server.url, request, token)).status, status, `${server.url} ${request.path}`);
    }
    const strangers = [await ask(server.url, orderOf(), undefined), await ask(server.url, orderOf(), `${token}x`)];
    deepStrictEqual(
      strangers.map(({ status }) => status),
      [401, 401],
    );
  }
}

async function comparePages(
  serviceUrl: string,
  peer: Pick<Listening, 'url' | 'name'>,
  request: PathRequest,
  token: string,
): Promise<void> {
  const expected = await ask(serviceUrl, request, token);
  deepStrictEqual(await ask(peer.url, request, token), expected, `${peer.name} differs at ${request.path}`);
  const { items, next_cursor: cursor } = expected.body;
  if (!Array.isArray(items)) return;
  deepStrictEqual(items.length, 50, 'a page of the benchmark has 50 items');
  const next = { ...request, path: `${request.path}&cursor=${String(cursor)}` };
  deepStrictEqual(
    await ask(peer.url, next, token),
    await ask(serviceUrl, next, token),
    `${peer.name} differs at ${next.path}`,
  );
}

function orderOf(): PathRequest {
  return orderFor(vehicleId(2));
}

async function ask(url: string, { method, path, body }: PathRequest, token: string | undefined): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  // What is refused needn't be JSON.
  return { status: response.status, body: (response.ok ? JSON.parse(text) : {}) as Answer['body'] };
}

function withoutIdentity({ status, body }: Answer): object {
  const { command_id: _id, submitted_at: submittedAt, expires_at: expiresAt, ...rest } = body;
  const lifetimeMillis = new Date(String(expiresAt)).getTime() - new Date(String(submittedAt)).getTime();
  return { status, ...rest, lifetimeMillis };
}

async function storedRows(databaseUrl: string, commandId: string): Promise<object> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<object>(
      `select to_jsonb(c) - array['command_id', 'submitted_at', 'expires_at'] as command,
         (select jsonb_agg(to_jsonb(t) - array['command_id', 'occurred_at'])
          from command_transitions t where t.command_id = c.command_id) as transitions,
         (select jsonb_agg(to_jsonb(a) - array['log_id', 'command_id', 'entity_id', 'occurred_at', 'request_id'])
          from audit_logs a where a.command_id = c.command_id and a.entity_id = c.command_id::text) as entries
       from commands c
       where c.command_id = $1`,
      [commandId],
    );
    return rows;
  } finally {
    await client.end();
  }
}
