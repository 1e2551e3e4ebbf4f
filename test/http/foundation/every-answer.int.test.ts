import { expect } from 'chai';
import { z } from 'zod';

import { endpoint, eventStream } from '#http/endpoint.js';
import { noContent, ok } from '#http/reply.js';

import { expectProblem, expectUsualHeaders, pointersOf } from '../expect-problem.js';
import { sendRaw } from '../raw-request.js';
import { json, serve, tokenOf, type ServedEndpoints } from './served-endpoints.js';

const carId = '0190c0de-0000-7000-8000-000000000000';

const endpoints = [
  endpoint({
    method: 'post',
    path: '/cars/{car_id}',
    operationId: 'paintCar',
    tag: 'Cars',
    summary: 'Paint',
    role: 'engineer',
    access: 'write',
    params: z.object({ car_id: z.guid() }),
    query: z.object({ coats: z.string().regex(/^\d$/u).optional(), note: z.string().optional() }),
    headers: z.object({ 'idempotency-key': z.string().max(8).optional() }),
    body: z.object({ colour: z.string().min(1), more: z.looseObject({}).optional() }),
    replies: { 200: { description: 'Painted', schema: z.object({ colour: z.string() }) } },
    handle: (_work, _actor, { body }) => Promise.resolve(body),
    reply: ({ colour }) => ok({ colour }),
  }),
  endpoint({
    method: 'get',
    path: '/cars/{car_id}',
    operationId: 'showCar',
    tag: 'Cars',
    summary: 'Show',
    role: 'anonymous',
    access: 'read',
    params: z.object({ car_id: z.string() }),
    replies: { 204: { description: 'Nothing to show' } },
    handle: (_work, _actor, { params }) =>
      params.car_id === 'broken' ? Promise.reject(new Error('broken')) : Promise.resolve(),
    reply: () => noContent(),
  }),
  eventStream({
    path: '/news',
    operationId: 'followNews',
    tag: 'News',
    summary: 'News',
    role: 'viewer',
    events: {},
    handle: () => Promise.resolve((async function* () {})()),
    present: () => ({ id: 1, event: 'news', data: null }),
  }),
];

async function problemOf(answer: Response) {
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as any };
}

describe('every answer', () => {
  let served: ServedEndpoints;
  before(async () => {
    served = await serve(endpoints, { corsOrigins: ['https://app.example.com'] });
  });
  after(() => served.stop());

  /** A request as it stands on the wire, with an Authorization that would do. */
  const raw = (lines: readonly string[], body: string | Buffer = '') =>
    sendRaw(
      served.url,
      Buffer.concat([
        Buffer.from(
          [...lines, 'Connection: close', `Authorization: Bearer ${tokenOf('engineer')}`, '', ''].join('\r\n'),
          'latin1',
        ),
        Buffer.from(body),
      ]),
    );

  describe('has a request id and the security headers', () => {
    const requests: readonly (readonly [number, string, RequestInit?])[] = [
      [200, '/'],
      [200, '/health/live'],
      [200, '/health/ready'],
      [200, '/openapi.json'],
      [200, '/docs/'],
      [200, '/docs/swagger-ui-bundle.js'],
      [204, '/api/v1/cars/1'],
      [204, '/api/v1/cars/1', { method: 'OPTIONS' }],
      [401, `/api/v1/cars/${carId}`, { method: 'POST' }],
      [401, '/api/v1/news'],
      [404, '/nowhere'],
      [404, '/api/v1/nowhere'],
      [404, '/api/v1/Cars/1'],
      [404, '/docs/nowhere'],
      [405, '/api/v1/cars/1', { method: 'DELETE' }],
      [405, '/health/live', { method: 'POST' }],
      [400, '/api/v1/cars/%zz'],
      [500, '/api/v1/cars/broken'],
    ];
    for (const [status, path, options = {}] of requests) {
      it(`${status} to ${options.method ?? 'GET'} ${path}`, async () => {
        const answer = await fetch(served.url + path, options);
        if (status < 400) {
          await answer.text();
          expect(answer.status).to.equal(status);
          expectUsualHeaders(answer.headers);
          return;
        }
        const problem = await problemOf(answer);
        expectProblem(problem, status);
        expect(problem.body.instance).to.equal(path);
      });
    }

    for (const [status, what, bytes] of [
      [400, 'something else than HTTP', 'HELLO\r\n\r\n'],
      [400, 'a space before the colon of a header', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n'],
      [400, 'two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na'],
      [400, 'no Host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
      [431, 'headers without end', `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`],
    ] as const) {
      it(`${status} to ${what}`, async () => {
        const { headers, text, status: given } = await sendRaw(served.url, bytes);
        expectProblem({ status: given, headers, body: JSON.parse(text) }, status, 'malformed-request');
      });
    }
  });

  describe('says who may call, and how', () => {
    it('names the methods of a path', async () => {
      const answer = await served.fetch('/cars/1', { method: 'PATCH' });
      expect(answer.headers.get('allow')?.split(', ')).to.have.members(['GET', 'HEAD', 'POST']);
      const stream = await served.fetch('/news', { method: 'HEAD', role: 'viewer' });
      expect(stream.status).to.equal(405);
      expect(stream.headers.get('allow')).to.equal('GET');
    });

    it('asks for a token, and says what was wrong with it (RFC 6750)', async () => {
      const ask = async (token?: string): Promise<readonly unknown[]> => {
        const answer = await served.fetch(`/cars/${carId}`, {
          method: 'POST',
          headers: token === undefined ? {} : { authorization: token },
        });
        return [
          ((await answer.json()) as any).code,
          answer.headers.get('www-authenticate')?.match(/error="(\w+)"/u)?.[1],
        ];
      };
      expect(await ask()).to.deep.equal(['not-authenticated', undefined]);
      expect(await ask('Bearer x')).to.deep.equal(['invalid-token', 'invalid_token']);
      expect(await ask(`Bearer ${tokenOf('engineer', -1)}`)).to.deep.equal(['token-expired', 'invalid_token']);
      expect(await ask(`Bearer ${tokenOf('viewer')}`)).to.deep.equal(['role-insufficient', 'insufficient_scope']);
      // A signature of "none" is none.
      const [, payload] = tokenOf('admin').split('.');
      const unsigned = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${payload ?? ''}.`;
      expect(await ask(`Bearer ${unsigned}`)).to.deep.equal(['invalid-token', 'invalid_token']);
    });

    it('keeps answers of the API out of caches', async () => {
      for (const path of ['/cars/1', '/cars/broken', '/nowhere']) {
        expect((await served.fetch(path)).headers.get('cache-control'), path).to.equal('no-store');
      }
    });

    it('lets pages of the named origins in, and of no other', async () => {
      const from = (origin: string, method = 'GET', headers: Record<string, string> = {}) =>
        served.fetch('/cars/1', { method, headers: { ...headers, origin } });
      const ours = await from('https://app.example.com');
      expect(ours.headers.get('access-control-allow-origin')).to.equal('https://app.example.com');
      expect(ours.headers.get('access-control-expose-headers')).to.contain('X-Request-Id');
      const preflight = await from('https://app.example.com', 'OPTIONS', {
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      });
      expect(preflight.status).to.equal(204);
      expect(preflight.headers.get('access-control-allow-headers')).to.contain('Authorization');
      expect((await from('https://evil.example.com')).headers.has('access-control-allow-origin')).to.equal(false);
    });

    it('takes a request id that is one, and makes another in the place of any other', async () => {
      const idFor = async (given: string): Promise<string | null> =>
        (await fetch(`${served.url}/nowhere`, { headers: { 'x-request-id': given } })).headers.get('x-request-id');
      expect(await idFor('trace-1.A_b')).to.equal('trace-1.A_b');
      for (const bad of ['a b', 'a'.repeat(129), 'a,b', '{}']) {
        expect(await idFor(bad)).to.match(/^[0-9a-f-]{36}$/u);
      }
    });
  });

  describe('to bad input is 4xx', () => {
    const paint = (options: RequestInit, path = `/cars/${carId}`) =>
      served.fetch(path, { method: 'POST', role: 'engineer', ...options }).then(problemOf);

    let linesBefore = 0;
    let stepsBefore = 0;
    beforeEach(() => {
      linesBefore = served.lines().length;
      stepsBefore = served.units.steps.length;
    });
    afterEach('opened no unit, and nobody needs to be called', () => {
      expect(served.units.steps.slice(stepsBefore)).to.deep.equal([]);
      const news = served.lines().slice(linesBefore);
      expect(news.filter(({ level }) => level > 30)).to.deep.equal([]);
    });

    it('with everything that is wrong at once', async () => {
      const problem = await paint(
        {
          ...json({ colour: 7, size: 1 }),
          headers: { 'content-type': 'application/json', 'idempotency-key': 'too long a key' },
        },
        '/cars/7?coats=many&colour=red',
      );
      expectProblem(problem, 400, 'invalid-request');
      expect(pointersOf(problem.body)).to.deep.equal([
        '#/header/idempotency-key',
        '#/path/car_id',
        '#/query/coats',
        '#/query/colour',
        '/colour',
        '/size',
      ]);
      for (const { message } of problem.body.errors) expect(message).to.be.a('string').and.not.contain('7');
    });

    for (const [what, body, pointer] of [
      ['no member that is needed', {}, '/colour'],
      ['NUL in a text', { colour: 'a\0b' }, '/colour'],
      ['half a character', { colour: 'a\ud800' }, '/colour'],
      ['NUL deep below', { colour: 'a', more: { list: [{ x: '\0' }] } }, '/more/list/0/x'],
      ['a name with a slash', { colour: 'a', more: { 'a/b~c': '\0' } }, '/more/a~1b~0c'],
    ] as const) {
      it(`of ${what}`, async () => {
        const problem = await paint(json(body));
        expectProblem(problem, 400, 'invalid-request');
        expect(pointersOf(problem.body)).to.deep.equal([pointer]);
      });
    }

    for (const [what, status, code, text, headers = {}] of [
      ['JSON that breaks off', 400, 'malformed-json', '{"colour":', {}],
      ['what is no object', 400, 'invalid-request', '[]', {}],
      ['null', 400, 'invalid-request', 'null', {}],
      ['the prototype as a member', 400, 'invalid-request', '{"colour":"a","more":{"__proto__":{"x":1}}}', {}],
      ['a number beyond all numbers', 400, 'invalid-request', '{"colour":"a","more":{"n":1e999}}', {}],
      ['bytes that are no UTF-8', 400, 'malformed-json', Buffer.from('7b22636f6c6f7572223a22ff227d', 'hex'), {}],
      ['too much', 413, 'body-too-large', `{"colour":"${'a'.repeat(20_000)}"}`, {}],
      ['another type', 415, 'unsupported-media-type', 'colour=red', { 'content-type': 'text/plain' }],
      ['a type that is none', 415, 'unsupported-media-type', '{"colour":"a"}', { 'content-type': 'json' }],
      [
        'a strange charset',
        415,
        'unsupported-media-type',
        '{"colour":"a"}',
        { 'content-type': 'application/json; charset=x' },
      ],
      ['a packed body', 415, 'unsupported-media-type', '{"colour":"a"}', { 'content-encoding': 'gzip' }],
    ] as const) {
      it(`of ${what}: ${status}`, async () => {
        const problem = await paint({ body: text, headers: { 'content-type': 'application/json', ...headers } });
        expectProblem(problem, status, code);
      });
    }

    it('of a body nested too deep, in whole', async () => {
      const bottom = '{"a":'.repeat(900) + '1' + '}'.repeat(900);
      expectProblem(await paint({ ...json({}), body: `{"colour":"a","more":${bottom}}` }), 400, 'invalid-request');
    });

    it('of no body at all', async () => {
      expectProblem(await paint({}), 400, 'invalid-request');
    });

    for (const [what, path, status] of [
      ['NUL in the path', '/cars/%00', 400],
      ['half a character in the path', '/cars/%ED%A0%80', 400],
      ['a broken escape in the path', '/cars/%E0%A4%A', 400],
      ['NUL in the query', `/cars/${carId}?note=%00`, 400],
      ['the same parameter twice', `/cars/${carId}?note=a&note=b`, 400],
      ['a parameter in brackets', `/cars/${carId}?note[a]=b`, 400],
      ['the prototype as a parameter', `/cars/${carId}?__proto__=b`, 400],
    ] as const) {
      it(`of ${what}`, async () => {
        expectProblem(await paint(json({ colour: 'red' }), path), status);
      });
    }

    it('of a chunked body that is too large', async () => {
      const chunk = `2710\r\n${'a'.repeat(10_000)}\r\n`;
      const answer = await raw(
        [
          `POST /api/v1/cars/${carId} HTTP/1.1`,
          'Host: x',
          'Content-Type: application/json',
          'Transfer-Encoding: chunked',
        ],
        `${chunk.repeat(3)}0\r\n\r\n`,
      );
      expectProblem({ ...answer, body: JSON.parse(answer.text) }, 413, 'body-too-large');
    });
  });

  it('ignores a body where none belongs', async () => {
    const answer = await raw(
      ['GET /api/v1/cars/1 HTTP/1.1', 'Host: x', 'Content-Type: text/plain', 'Content-Length: 1'],
      '{',
    );
    expect(answer.status).to.equal(204);
  });

  it('takes or refuses a type with broken parameters, and never fails of it', async () => {
    const body = '{"colour":"red"}';
    for (const type of ['application/json; charset', 'application/json; charset="utf-8', 'application/json;;;', ';']) {
      const answer = await raw(
        [`POST /api/v1/cars/${carId} HTTP/1.1`, 'Host: x', `Content-Type: ${type}`, `Content-Length: ${body.length}`],
        body,
      );
      expect(answer.status, type).to.be.oneOf([200, 400, 415]);
    }
  });
});
