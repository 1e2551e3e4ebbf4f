import { expect } from 'chai';

import type { Endpoint } from '#http/endpoint.js';
import { useDatabase } from '#support/database.js';
import { startProgram, vehicleBody, type RunningProgram } from '#support/program.js';

import { declaredEndpoints, examplePath } from './declared-endpoints.js';
import { expectProblem, expectUsualHeaders, pointersOf } from './expect-problem.js';

const someId = '0190c0de-0000-7000-8000-000000000000';

/** Texts that one place or another chokes on. */
const hostileTexts = [
  ...[
    '',
    ' ',
    '\0',
    'a\0b',
    '\n',
    'a\n',
    '\t',
    '\u2028',
    '\u202e',
    '%',
    '_',
    '\\',
    "'",
    '"',
    "' or 1=1 --",
    '$1',
    '?',
    ':x',
  ],
  ...[
    '../../etc/passwd',
    '..',
    '.',
    '/',
    '//',
    '%00',
    '%2e%2e%2f',
    '{{7*7}}',
    '${7*7}',
    '<script>alert(1)</script>',
    'null',
  ],
  ...['undefined', 'NaN', '-1', '0', '1e309', '99999999999999999999', '9007199254740993', '0x10', 'true', '[]', '{}'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '\ud83d',
    '\udc00',
    '😀',
    'é',
    'e\u0301',
    'ﬀ',
    'İ',
    'ß',
    '\ufeff',
    '\ufffe',
  ],
  ...[
    'x'.repeat(300),
    'x'.repeat(5000),
    '2026-02-30T00:00:00Z',
    '0000-00-00',
    '+275760-09-13T00:00:00Z',
    someId.toUpperCase(),
  ],
];

/** Values of the wrong type, and texts. */
const hostileValues: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, -0, 2 ** 53 + 2, [], [[]], [null], {}, { a: 1 }, ['x']],
  ...[JSON.parse('{"__proto__":{"a":1}}'), { constructor: { prototype: {} } }, Array(1000).fill({}), { length: -1 }],
  ...hostileTexts,
];

describe('hostile input over HTTP', () => {
  const database = useDatabase();
  let service: RunningProgram;
  let admin: string;
  let vehicleId: string;

  before(async () => {
    service = await startProgram(database.url);
    admin = (await service.logInAs('admin')).token;
    const { body } = await service.call(admin, 'POST', '/vehicles', vehicleBody('http://127.0.0.1:9/sovd/v1'));
    vehicleId = body.vehicle_id;
  });
  after(() => service.stop());

  /** Tokens of viewers who tried to log out and were refused. */
  const stillIn: string[] = [];

  /** Sends it and sees that it was understood or refused for what it is, and never our fault. */
  async function survive(what: string, url: string, init: RequestInit): Promise<void> {
    // Whoever logs out must not be the one who attacks the rest.
    const isLogout = url.startsWith('/auth/logout');
    const token = isLogout ? (stillIn.pop() ?? (await service.logInAs('viewer')).token) : admin;
    const response = await fetch(`${service.url}/api/v1${url}`, {
      ...init,
      signal: AbortSignal.timeout(20_000),
      headers: { authorization: `Bearer ${token}`, ...(init.headers as Record<string, string>) },
    });
    const text = await response.text();
    const told = `${what}: ${response.status} ${text.slice(0, 400)}`;
    expect(response.status, told).to.be.below(500);
    expectUsualHeaders(response.headers);
    if (response.status < 400) return;
    if (isLogout && response.status === 400) stillIn.push(token);
    const body = JSON.parse(text);
    expect(body.code, told).not.to.equal('internal-error');
    expectProblem({ status: response.status, headers: response.headers, body }, response.status);
    if (response.status === 400 && body.code === 'invalid-request') expect(pointersOf(body), told).not.to.be.empty;
  }

  /** Ten at a time. */
  async function surviveAll(attacks: readonly (() => Promise<void>)[]): Promise<void> {
    const left = [...attacks];
    const lane = async () => {
      for (let attack = left.shift(); attack !== undefined; attack = left.shift()) await attack();
    };
    await Promise.all(Array.from({ length: 10 }, lane));
  }

  const isStream = (endpoint: Endpoint) => endpoint.kind === 'stream';

  for (const endpoint of declaredEndpoints) {
    const method = endpoint.method.toUpperCase();
    const name = `${method} ${endpoint.path}`;
    const path = examplePath(endpoint);
    const json = { 'content-type': 'application/json' };

    if (endpoint.path.includes('{')) {
      it(`${name} survives any path`, async () => {
        const raw = ['%', '%zz', '%ff', '%00', '%c0%af', '%ed%a0%80', ';', ';a=b', '%20'];
        const encoded = hostileTexts.filter((text) => text.isWellFormed()).map(encodeURIComponent);
        await surviveAll(
          [...raw, ...encoded].map((text) => () => {
            const url = endpoint.path.replaceAll(/\{\w+\}/gu, () => text);
            const body = endpoint.body === undefined ? {} : { body: '{}', headers: json };
            return survive(`${name} at ${text}`, url, { method, ...body });
          }),
        );
      });
    }

    it(`${name} survives any query`, async () => {
      const names = [...Object.keys(endpoint.query?.shape ?? {}), 'unknown', '__proto__', 'a[b]', 'limit[]', 'cursor'];
      const encoded = [
        '%',
        '%ff',
        '%00',
        ...hostileTexts.filter((text) => text.isWellFormed()).map(encodeURIComponent),
      ];
      const body = endpoint.body === undefined ? {} : { body: '{}', headers: json };
      await surviveAll(
        names.flatMap((key) =>
          encoded.map(
            (value) => () =>
              survive(`${name}?${key}=${value}`, `${path}?${encodeURIComponent(key)}=${value}`, { method, ...body }),
          ),
        ),
      );
    });

    if (endpoint.headers !== undefined && !isStream(endpoint)) {
      it(`${name} survives any header`, async () => {
        const sendable = hostileTexts.filter((text) => /^[\t\x20-\x7e\x80-\xff]*$/u.test(text));
        await surviveAll(
          Object.keys(endpoint.headers?.shape ?? {}).flatMap((header) =>
            sendable.map(
              (value) => () =>
                survive(`${name} ${header}: ${value}`, path, {
                  method,
                  headers: { ...json, [header]: value },
                  body: '{}',
                }),
            ),
          ),
        );
      });
    }

    if (endpoint.body === undefined) continue;

    it(`${name} survives any body`, async () => {
      await surviveAll(
        hostileValues.map(
          (value) => () =>
            survive(`${name} ${String(value)}`, path, { method, headers: json, body: JSON.stringify(value) }),
        ),
      );
    });

    const { textBody } = endpoint;
    if (textBody !== undefined) {
      it(`${name} survives any text`, async () => {
        const example = String(Object.values(endpoint.bodyExamples)[0]);
        const texts = hostileTexts.flatMap((text) => [text, example + text, example.replaceAll(/Golf|2024/gu, text)]);
        const headers = { 'content-type': textBody.mediaType };
        await surviveAll(
          texts.map((body) => () => survive(`${name} ${body.slice(0, 300)}`, path, { method, headers, body })),
        );
      });
      continue;
    }

    it(`${name} survives any value in any field`, async function () {
      this.timeout(60_000);
      const attacks: (() => Promise<void>)[] = [];
      for (const example of Object.values(endpoint.bodyExamples)) {
        const good = {
          ...(example as object),
          ...('vehicle_id' in (example as object) ? { vehicle_id: vehicleId } : {}),
        };
        for (const attacked of bodiesWith(good, hostileValues)) {
          const body = JSON.stringify(attacked);
          attacks.push(() => survive(`${name} ${body.slice(0, 300)}`, path, { method, headers: json, body }));
        }
      }
      await surviveAll(attacks);
    });
  }

  it('leaves nothing behind that cannot be read', async () => {
    for (const list of ['/vehicles', '/vehicles?include_retired=true', '/commands']) {
      let cursor: string | null = null;
      do {
        const page: string = `${list}${list.includes('?') ? '&' : '?'}limit=200${cursor === null ? '' : `&cursor=${cursor}`}`;
        const { status, body } = await service.call(admin, 'GET', page);
        expect(status).to.equal(200);
        cursor = body.next_cursor;
      } while (cursor !== null);
    }
  });
});

/** The object with each of its members, on each level, in turn replaced by each value. */
function* bodiesWith(good: object, values: readonly unknown[]): Generator {
  for (const [key, member] of Object.entries(good)) {
    for (const value of values) yield { ...good, [key]: value };
    if (typeof member !== 'object' || member === null) continue;
    for (const inner of bodiesWith(member as object, values)) {
      yield { ...good, [key]: Array.isArray(member) ? Object.values(inner as object) : inner };
    }
  }
}
