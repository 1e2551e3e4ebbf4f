import { randomUUID } from 'node:crypto';

import { expect } from 'chai';
import jsonwebtoken from 'jsonwebtoken';

import { documentedErrors, type Operation } from '#support/contract/api-document.js';
import { useDatabase } from '#support/database.js';
import { jwtSecret } from '#support/program.js';

import { sendRaw } from '../raw-request.js';
import { codeOf, expectRefusals, operations, operationsWith, type Prepared } from './documented-operations.js';
import { goodRequest, type GoodRequest } from './good-request.js';
import { openShowroom, type Showroom } from './showroom.js';

/*
 * What is wrong with a request in the same way everywhere is sent to every operation that documents a code for it; whoever
 * adds an operation has nothing to do here. What only one operation refuses is in the tests of its subject. Nothing of this
 * is carried out, so a good request is made once, and spoilt in each way.
 */

describe('the errors that every operation documents', () => {
  const database = useDatabase();
  let room: Showroom;
  let viewer: string;
  let loggedOut: string;
  before(async () => {
    room = await openShowroom(database, { MAX_BODY_BYTES: '65536', EVENTS_MAX_STREAMS_PER_USER: '1' });
    viewer = (await room.service.logInAs('viewer')).token;
    loggedOut = (await room.service.logInAs('admin')).token;
    expect((await room.call(loggedOut, 'POST', '/auth/logout')).status).to.equal(204);
  });
  after(() => room.close());

  const made = new Map<Operation, GoodRequest>();
  const refusable = async (operation: Operation): Promise<GoodRequest> => {
    const request = made.get(operation) ?? (await goodRequest(room, operation));
    made.set(operation, request);
    return request;
  };

  /** What makes a request one that is refused with a code. */
  const causes: Readonly<Record<string, (request: GoodRequest, operation: Operation) => GoodRequest>> = {
    'not-authenticated': (request) => withBody(withoutToken(request), undefined),
    'invalid-token': (request) => withToken(request, 'abc'),
    'token-expired': (request) => withToken(request, expired(room.admin.token)),
    'session-ended': (request) => withToken(request, loggedOut),
    'role-insufficient': (request) => withToken(request, viewer),
    'invalid-refresh-token': (request) => withBody(withoutToken(request), '{"refresh_token":"not-one-of-ours"}'),
    'invalid-request': (request) => withQuery(request, 'no_such_parameter', '1'),
    'invalid-cursor': (request) => withQuery(request, 'cursor', 'abc'),
    'malformed-json': (request) => withBody(request, '{"'),
    'unsupported-media-type': (request) => withHeader(request, 'content-type', 'application/x-tar'),
    ...Object.fromEntries(notFoundCodes().map((code) => [code, aboutNothing(code)])),
  };

  for (const [code, cause] of Object.entries(causes)) {
    it(code, async () => {
      const requests: Prepared[number][] = [];
      for (const operation of operationsWith(code)) {
        requests.push([operation, cause(await refusable(operation), operation)]);
      }
      await expectRefusals(room.service.url, requests, code);
    });
  }

  /** What `fetch` doesn't send; and a body that is only announced costs nothing. */
  const rawCauses: Readonly<Record<string, (token: string) => readonly string[]>> = {
    'malformed-request': () => [],
    'body-too-large': (token) => ['Host: x', `Authorization: Bearer ${token}`, 'Content-Length: 99999999999'],
  };

  for (const [code, fieldsOf] of Object.entries(rawCauses)) {
    it(code, async () => {
      const surprises: string[] = [];
      for (const operation of operationsWith(code)) {
        const { target, headers } = await refusable(operation);
        const type = headers['content-type'] === undefined ? [] : [`Content-Type: ${headers['content-type']}`];
        const fields = [...fieldsOf(room.admin.token), ...type, 'Connection: close'];
        const head = `${operation.method} ${target} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`;
        const { text } = await sendRaw(room.service.url, head);
        if (codeOf(text) !== code) surprises.push(`${operation.operationId}: ${text}`);
      }
      expect(surprises).to.deep.equal([]);
    });
  }

  it('too-many-streams', async () => {
    for (const operation of operationsWith('too-many-streams')) {
      const request = withToken(await refusable(operation), (await room.service.logInAs('admin')).token);
      const [before, after] = request.target.split(/[0-9a-f-]{36}/u);
      const target = `${before}${await room.newRunningCommand()}${after}`;
      const hangUp = new AbortController();
      const { headers } = request;
      const open = await fetch(room.service.url + target, { headers, signal: hangUp.signal });
      try {
        expect(open.status).to.equal(200);
        await expectRefusals(room.service.url, [[operation, request]], 'too-many-streams');
      } finally {
        hangUp.abort();
      }
    }
  });
});

function withToken(request: GoodRequest, token: string): GoodRequest {
  return withHeader(request, 'authorization', `Bearer ${token}`);
}

function withoutToken({ headers: { authorization: _none, ...headers }, ...request }: GoodRequest): GoodRequest {
  return { ...request, headers };
}

function withBody(request: GoodRequest, body: string | undefined): GoodRequest {
  return { ...request, body };
}

function withHeader(request: GoodRequest, name: string, value: string): GoodRequest {
  return { ...request, headers: { ...request.headers, [name]: value } };
}

function withQuery(request: GoodRequest, name: string, value: string): GoodRequest {
  const separator = request.target.includes('?') ? '&' : '?';
  return { ...request, target: `${request.target}${separator}${name}=${value}` };
}

/** The token as it would be had it expired. */
function expired(token: string): string {
  const { exp, ...claims } = jsonwebtoken.decode(token) as jsonwebtoken.JwtPayload;
  return jsonwebtoken.sign({ ...claims, iat: (exp ?? 0) - 100_000, exp: (exp ?? 0) - 90_000 }, jwtSecret);
}

function notFoundCodes(): readonly string[] {
  const documented = operations.flatMap((operation) => documentedErrors(operation));
  return [...new Set(documented.flatMap(([status, code]) => (status === 404 && code !== undefined ? [code] : [])))];
}

/** The same request about something that doesn't exist: in its path, in its query, or in the field of its body. */
function aboutNothing(code: string) {
  return (request: GoodRequest, { parameters = [], path }: Operation): GoodRequest => {
    const field = `${code.replace(/-not-found$/u, '').replaceAll('-', '_')}_id`;
    const placeOf = (name: string): string | undefined => parameters.find((parameter) => parameter.name === name)?.in;
    if (placeOf(field) === 'query') return withQuery(request, field, randomUUID());
    const named = [field, 'name'].find((name) => placeOf(name) === 'path');
    if (named === undefined) {
      const body = JSON.parse(request.body ?? '{}') as object;
      return withBody(request, JSON.stringify({ ...body, [field]: randomUUID() }));
    }
    const target = request.target.split('/');
    target[path.split('/').indexOf(`{${named}}`)] = named === 'name' ? 'no-such-thing' : randomUUID();
    return { ...request, target: target.join('/') };
  };
}
