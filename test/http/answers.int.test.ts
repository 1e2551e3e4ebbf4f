import { request } from 'node:http';
import { gzipSync } from 'node:zlib';

import { expect } from 'chai';

import { useDatabase } from '#support/database.js';
import { startProgram, vehicleBody, type RunningProgram } from '#support/program.js';

import { expectProblem, expectUsualHeaders, pointersOf } from './expect-problem.js';
import { sendRaw, type RawAnswer } from './raw-request.js';

describe('every answer over HTTP', () => {
  const database = useDatabase();
  let service: RunningProgram;
  let admin: string;

  before(async () => {
    service = await startProgram(database.url);
    admin = (await service.logInAs('admin')).token;
  });
  after(() => service.stop());

  /** A request whose body goes out as it is. */
  async function send(method: string, path: string, body?: string | Buffer, headers: Record<string, string> = {}) {
    const response = await fetch(service.url + path, {
      method,
      headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  }
  const register = (body: string | Buffer, headers: Record<string, string> = {}) =>
    send('POST', '/api/v1/vehicles', body, headers);
  const asAnswer = ({ text, ...rest }: RawAnswer) => ({ ...rest, body: JSON.parse(text) });

  it('carries the same headers when all is well', async () => {
    const { body } = await service.call(admin, 'POST', '/vehicles', vehicleBody('http://127.0.0.1:9'));
    const paths = ['/', '/health/live', '/health/ready', '/docs', '/docs/', '/docs/swagger-ui.css'];
    for (const path of [...paths, '/api/v1/vehicles', `/api/v1/vehicles/${body.vehicle_id}`, '/api/v1/command-types']) {
      const response = await fetch(service.url + path, { headers: { authorization: `Bearer ${admin}` } });
      await response.arrayBuffer();
      expect(response.status, path).to.equal(200);
      expectUsualHeaders(response.headers);
      if (path.startsWith('/api')) {
        expect(response.headers.get('cache-control')).to.equal('no-store');
        expect(response.headers.get('content-type')).to.equal('application/json');
      }
    }
  });

  it('is a problem where there is nothing', async () => {
    const paths = [
      '/nowhere',
      '/api',
      '/api/v1',
      '/api/v1/',
      '/api/v1/Vehicles',
      '/api/v1/vehicles/',
      '/api/v2/vehicles',
    ];
    for (const path of [...paths, '/docs/nowhere', '/health', '/.env', '/api/v1/../../etc/passwd', '/%2e%2e/x']) {
      expectProblem(await send('GET', path), 404, 'no-such-route');
    }
  });

  it('is 405 with the methods that there are', async () => {
    const allowed = async (method: string, path: string) => {
      const answer = await send(method, path);
      expectProblem(answer, 405, 'method-not-allowed');
      return answer.headers.get('allow');
    };
    const id = '0190c0de-0000-7000-8000-000000000000';
    expect(await allowed('DELETE', '/api/v1/vehicles')).to.equal('GET, HEAD, POST');
    expect(await allowed('PUT', `/api/v1/vehicles/${id}`)).to.equal('GET, HEAD, PATCH, DELETE');
    expect(await allowed('GET', '/api/v1/auth/login')).to.equal('POST');
    expect(await allowed('POST', `/api/v1/commands/${id}/events`)).to.equal('GET');
    expect(await allowed('POST', '/health/live')).to.equal('GET, HEAD');
    expect(await allowed('DELETE', '/openapi.json')).to.equal('GET, HEAD');
    expect(await allowed('POST', '/docs/')).to.equal('GET, HEAD');
    expect(await allowed('PROPFIND', '/api/v1/vehicles')).to.equal('GET, HEAD, POST');
  });

  it('is 204 with the methods for OPTIONS', async () => {
    const answer = await send('OPTIONS', '/api/v1/vehicles');
    expect(answer.status).to.equal(204);
    expect(answer.headers.get('allow')).to.equal('GET, HEAD, POST');
    expect(answer.headers.has('access-control-allow-origin')).to.equal(false);
    expectUsualHeaders(answer.headers);
  });

  it('lets pages of known origins in, and no others', async () => {
    const open = await startProgram(database.url, { CORS_ORIGINS: 'https://app.example.com' });
    try {
      const preflight = (origin: string) =>
        fetch(`${open.url}/api/v1/vehicles`, {
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'authorization',
          },
        });
      const known = await preflight('https://app.example.com');
      expect(known.status).to.equal(204);
      expect(known.headers.get('access-control-allow-origin')).to.equal('https://app.example.com');
      expect(known.headers.get('access-control-allow-headers')).to.contain('Authorization');
      expect(known.headers.get('access-control-allow-methods')).to.contain('POST');
      const foreign = await preflight('https://elsewhere.example');
      expect(foreign.headers.has('access-control-allow-origin')).to.equal(false);
      const refused = await fetch(`${open.url}/api/v1/vehicles`, { headers: { origin: 'https://app.example.com' } });
      expect(refused.status).to.equal(401);
      expect(refused.headers.get('access-control-allow-origin')).to.equal('https://app.example.com');
    } finally {
      await open.stop();
    }
  });

  describe('to a HEAD', () => {
    it('has the headers of the GET and no body', async () => {
      const get = await fetch(`${service.url}/api/v1/command-types`, { headers: { authorization: `Bearer ${admin}` } });
      const head = await send('HEAD', '/api/v1/command-types');
      expect([head.status, head.body]).to.deep.equal([200, undefined]);
      expect(head.headers.get('content-length')).to.equal(String(Buffer.byteLength(await get.text())));
    });
    it('is 401, 404 and 405 as else', async () => {
      const id = '0190c0de-0000-7000-8000-000000000000';
      expect((await send('HEAD', '/api/v1/vehicles', undefined, { authorization: 'Bearer x' })).status).to.equal(401);
      expect((await send('HEAD', '/nowhere')).status).to.equal(404);
      expect((await send('HEAD', `/api/v1/commands/${id}/events`)).status).to.equal(405);
    });
  });

  describe('to a body', () => {
    it('is 413 when it is too large, with a length and without', async () => {
      const large = JSON.stringify({ ...vehicleBody('http://127.0.0.1:9'), metadata: { text: 'x'.repeat(1_048_576) } });
      expectProblem(await register(large), 413, 'body-too-large');
      const chunks = new ReadableStream({
        start: (controller) => {
          controller.enqueue(Buffer.from(large));
          controller.close();
        },
      });
      const response = await fetch(`${service.url}/api/v1/vehicles`, {
        method: 'POST',
        headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
        body: chunks,
        duplex: 'half',
      });
      expectProblem({ status: response.status, headers: response.headers, body: await response.json() }, 413);
    });

    it('is 415 when it is not JSON, or packed', async () => {
      const body = JSON.stringify(vehicleBody('http://127.0.0.1:9'));
      for (const type of [
        'text/plain',
        'application/xml',
        'application/x-www-form-urlencoded',
        'multipart/form-data',
        'x',
      ]) {
        expectProblem(await register(body, { 'content-type': type }), 415, 'unsupported-media-type');
      }
      expectProblem(await register(gzipSync(body), { 'content-encoding': 'gzip' }), 415, 'unsupported-media-type');
      const latin = { 'content-type': 'application/json; charset=iso-8859-1' };
      expectProblem(await register(body, latin), 415, 'unsupported-media-type');
    });

    it('is 415 when nobody says what it is', async () => {
      const answer = await sendRaw(
        service.url,
        `POST /api/v1/vehicles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${admin}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
      );
      expectProblem(asAnswer(answer), 415, 'unsupported-media-type');
    });

    const malformed: Record<string, string | Buffer> = {
      'cut off': '{"vin": "WVW',
      'followed by more': '{} {}',
      'with comments': '{ /* hello */ }',
      'with single quotes': "{'vin': 1}",
      'with NaN': '{"model_year": NaN}',
      'a word': 'hello',
      'a NUL': '\0',
      'not UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
      'with a plain line end in a text': '{"vin": "a\nb"}',
      'thousands of brackets': '['.repeat(100_000),
    };
    for (const [name, body] of Object.entries(malformed)) {
      it(`is 400 when it is ${name}`, async () => {
        const answer = await register(body);
        expectProblem(answer, 400, 'malformed-json');
        expect(answer.body.detail).to.equal('The body must be JSON in UTF-8 (RFC 8259).');
      });
    }

    const wrong: Record<string, [body: string, pointers: readonly string[]]> = {
      'is missing': ['', ['/make', '/model', '/model_year', '/sovd_base_url', '/vin']],
      'is null': ['null', ['']],
      'is a number': ['5', ['']],
      'is a text': ['"vin"', ['']],
      'is a list': ['[]', ['']],
      'is true': ['true', ['']],
    };
    for (const [name, [body, pointers]] of Object.entries(wrong)) {
      it(`is 400 with a pointer when it ${name}`, async () => {
        const answer = await register(body);
        expectProblem(answer, 400, 'invalid-request');
        expect(pointersOf(answer.body)).to.deep.equal(pointers);
        expect(answer.body.errors[0].message).to.equal(body === '' ? 'is required' : 'must be an object');
      });
    }

    const complaintsOf = async (changes: string) => {
      const { vin, make, model, model_year, sovd_base_url } = vehicleBody('http://127.0.0.1:9');
      const fields = JSON.stringify({ vin, make, model, model_year, sovd_base_url }).slice(0, -1);
      const answer = await register(`${fields},${changes}}`);
      expectProblem(answer, 400, 'invalid-request');
      return answer.body.errors.map((error: any) => [error.pointer, error.message]);
    };

    it('names a NUL character wherever it is', async () => {
      expect(await complaintsOf('"make":"a\\u0000b"')).to.deep.equal([['/make', 'must not contain a NUL character']]);
      expect(await complaintsOf('"metadata":{"a":[1,{"b/c":"\\u0000"}]}')).to.deep.equal([
        ['/metadata/a/1/b~1c', 'must not contain a NUL character'],
      ]);
      expect(await complaintsOf('"metadata":{"a\\u0000":1}')).to.deep.equal([
        ['/metadata', 'must not contain a NUL character'],
      ]);
    });

    it('names half a surrogate pair', async () => {
      expect(await complaintsOf('"make":"\\ud83d"')).to.deep.equal([['/make', 'must be well-formed Unicode']]);
      expect(await complaintsOf('"metadata":{"x":"\\udc00\\ud83d"}')).to.deep.equal([
        ['/metadata/x', 'must be well-formed Unicode'],
      ]);
    });

    it('names what is nested too deep', async () => {
      const [[pointer, message]] = await complaintsOf(`"metadata":{"x":${'['.repeat(5000)}${']'.repeat(5000)}}`);
      expect(pointer).to.match(/^\/metadata\/x(\/0)+$/u);
      expect(message).to.equal('must not be nested deeper than 64 levels');
      const levels = `"metadata":{"x":${'['.repeat(62)}${']'.repeat(62)}}`;
      const fields = JSON.stringify(vehicleBody('http://127.0.0.1:9')).slice(0, -1);
      expect((await register(`${fields},${levels}}`)).status).to.equal(201);
    });

    it('names __proto__ and constructor as unknown, and numbers that overflow', async () => {
      expect(await complaintsOf('"__proto__":{"isAdmin":true}')).to.deep.equal([
        ['/__proto__', 'is not known here; remove it'],
      ]);
      expect(await complaintsOf('"metadata":{"__proto__":1}')).to.deep.equal([
        ['/metadata/__proto__', 'is not known here; remove it'],
      ]);
      expect(await complaintsOf('"constructor":1,"toString":2')).to.have.deep.members([
        ['/constructor', 'is not known here; remove it'],
        ['/toString', 'is not known here; remove it'],
      ]);
      expect(await complaintsOf('"metadata":{"x":1e999}')).to.deep.equal([
        ['/metadata/x', 'must not be larger than a double-precision number can be'],
      ]);
    });

    it('tells of a hundred mistakes at the most', async () => {
      const unknown = Array.from({ length: 50_000 }, (_unused, index) => `"x${index}":"\\u0000"`).join(',');
      expect(await complaintsOf(unknown)).to.have.lengthOf(100);
    });

    it('gives back what was stored, whatever letters it is made of', async () => {
      const metadata = {
        '😀': 'Ünïcödé\u2028',
        '': [''],
        a: { toString: 'x', hasOwnProperty: 1 },
        n: [1e-300, -0.5, null],
      };
      const answer = await register(JSON.stringify({ ...vehicleBody('http://127.0.0.1:9'), metadata }));
      expect(answer.status).to.equal(201);
      const shown = await send('GET', `/api/v1/vehicles/${answer.body.vehicle_id}`);
      expect(shown.body.metadata).to.deep.equal(metadata);
    });
  });

  it('is 400 for a path that is encoded badly', async () => {
    for (const id of ['%', '%zz', '%ff', '%c0%af', 'a%']) {
      expectProblem(await send('GET', `/api/v1/vehicles/${id}`), 400);
    }
    const nul = await send('GET', '/api/v1/vehicles/%00');
    expectProblem(nul, 400, 'invalid-request');
    expect(pointersOf(nul.body)).to.deep.equal(['#/path/vehicle_id']);
  });

  describe('to what is no request', () => {
    const bare = (lines: readonly string[]) => sendRaw(service.url, `${lines.join('\r\n')}\r\n\r\n`);

    it('is 431 for headers that are too large', async () => {
      const answer = await bare(['GET / HTTP/1.1', 'Host: x', `X-Large: ${'x'.repeat(20_000)}`]);
      expectProblem(asAnswer(answer), 431, 'malformed-request');
      expect(answer.headers.get('connection')).to.equal('close');
    });

    const broken: Record<string, readonly string[]> = {
      garbage: ['hello, is it me you are looking for?'],
      'a start of TLS': ['\x16\x03\x01\x02\x00\x01\x00'],
      'HTTP/2': ['PRI * HTTP/2.0', '', 'SM'],
      'two lengths': ['POST / HTTP/1.1', 'Host: x', 'Content-Length: 1', 'Content-Length: 2'],
      'a length and chunks': ['POST / HTTP/1.1', 'Host: x', 'Content-Length: 1', 'Transfer-Encoding: chunked'],
      'a bad header': ['GET / HTTP/1.1', 'Host: x', 'Bad Header: 1'],
    };
    for (const [name, lines] of Object.entries(broken)) {
      it(`is 400 for ${name}`, async () => {
        expectProblem(asAnswer(await bare(lines)), 400, 'malformed-request');
      });
    }

    it('is 400 for chunks that are none', async () => {
      const head = ['POST /api/v1/auth/login HTTP/1.1', 'Host: x', 'Content-Type: application/json'];
      const answer = await bare([...head, 'Transfer-Encoding: chunked', '', 'zz']);
      expectProblem(asAnswer(answer), 400, 'malformed-request');
    });

    it('is 400 without a Host header, which HTTP/1.0 needs not have', async () => {
      expectProblem(asAnswer(await bare(['GET /health/live HTTP/1.1', 'Connection: close'])), 400, 'malformed-request');
      expect((await bare(['GET /health/live HTTP/1.0'])).status).to.equal(200);
    });

    it('is a usual one for odd targets, expectations and upgrades', async () => {
      const get = (target: string, ...more: string[]) =>
        bare([`GET ${target} HTTP/1.1`, 'Host: x', 'Connection: close', ...more]);
      expect((await get('http://elsewhere.example/health/live')).status).to.equal(200);
      expectProblem(asAnswer(await get('*')), 404, 'no-such-route');
      expect((await get('/health/live', 'Expect: miracles')).status).to.equal(200);
      expect((await get('/health/live', 'Upgrade: websocket')).status).to.equal(200);
    });
  });

  describe('has an id', () => {
    const idFor = async (given: string) =>
      (await fetch(`${service.url}/health/live`, { headers: { 'x-request-id': given } })).headers.get('x-request-id');

    it('of the client, when it is one', async () => {
      expect(await idFor('abc-DEF_1.2')).to.equal('abc-DEF_1.2');
      expect(await idFor('x'.repeat(128))).to.equal('x'.repeat(128));
    });

    it('of its own, when the one of the client is none', async () => {
      for (const given of ['', 'two words', 'x'.repeat(129), '<script>', 'a,b', 'é', '{"a":1}']) {
        expect(await idFor(given), given).to.match(/^[0-9a-f-]{36}$/u);
      }
      const twice = await sendRaw(
        service.url,
        'GET /health/live HTTP/1.1\r\nHost: x\r\nX-Request-Id: one\r\nX-Request-Id: two\r\nConnection: close\r\n\r\n',
      );
      expect(twice.headers.get('x-request-id')).to.match(/^[0-9a-f-]{36}$/u);
    });
  });

  describe('knows where a request came from', () => {
    const addressOf = async (running: RunningProgram, forwarded: string) => {
      const { headers } = await running.call(
        ...([undefined, 'POST', '/auth/login', { username: 'nobody', password: 'x' }] as const),
        { 'x-forwarded-for': forwarded, 'user-agent': `long ${'x'.repeat(2000)}` },
      );
      const [row] = await database.query<any>('select ip_address, user_agent from audit_logs where request_id = $1', [
        headers.get('x-request-id'),
      ]);
      expect(row.user_agent).to.have.lengthOf(512);
      return row.ip_address;
    };

    it('and does not believe X-Forwarded-For', async () => {
      expect(await addressOf(service, '203.0.113.7')).to.equal('127.0.0.1');
    });

    it('unless there are proxies, and then only as many', async () => {
      const behind = await startProgram(database.url, { TRUST_PROXY: '1' });
      try {
        expect(await addressOf(behind, '203.0.113.7')).to.equal('203.0.113.7');
        expect(await addressOf(behind, '198.51.100.1, 203.0.113.7')).to.equal('203.0.113.7');
        expect(await addressOf(behind, '::ffff:203.0.113.7')).to.equal('203.0.113.7');
        expect(await addressOf(behind, '2001:db8::1')).to.equal('2001:db8::1');
        expect(await addressOf(behind, 'fe80::1%eth0')).to.equal('fe80::1');
        for (const nonsense of ['unknown', "'; drop table users", 'x'.repeat(5000), '203.0.113.7:4711']) {
          expect(await addressOf(behind, nonsense), nonsense).to.equal(null);
        }
      } finally {
        await behind.stop();
      }
    });
  });

  it('survives a client that sends half a body and goes', async () => {
    const half = request(`${service.url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': '100' },
    });
    half.on('error', () => undefined);
    half.write('{"username":');
    await new Promise((resolve) => setTimeout(resolve, 50));
    half.destroy();
    expect((await fetch(`${service.url}/health/live`)).status).to.equal(200);
  });
});
