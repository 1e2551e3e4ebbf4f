import { gzipSync } from 'node:zlib';

import { expect } from 'chai';

import { VehicleLinkFailure } from '#application/domain/sovd/exchange.js';
import type { AnswerBody } from '#application/domain/response.js';
import { readBody, representText } from '#infrastructure/vehicle-link/answer-body.js';
import { mediaTypeOf, retryAfterSecondsOf } from '#infrastructure/vehicle-link/answer-headers.js';

import { rejection } from './vehicle-server.js';

interface Case {
  readonly bytes: string | Buffer;
  readonly type?: string;
  readonly status?: number;
  readonly coding?: string;
  readonly maxBytes?: number;
}

async function read({ bytes, type, status = 200, coding, maxBytes = 1_000_000 }: Case): Promise<AnswerBody> {
  const headers = {
    ...(type === undefined ? {} : { 'content-type': type }),
    ...(coding === undefined ? {} : { 'content-encoding': coding }),
  };
  return (await readBody({ status, headers, body: Buffer.from(bytes as Buffer) }, maxBytes)).body;
}

function base64(bytes: string | Buffer): AnswerBody {
  return { encoding: 'base64', value: Buffer.from(bytes as Buffer).toString('base64') };
}

const json = 'application/json';

describe('readBody', () => {
  const cases: readonly (readonly [what: string, input: Case, expected: AnswerBody])[] = [
    ['no body', { bytes: '', type: json }, { encoding: 'none' }],
    ['no body and a wrong type', { bytes: '', type: 'text/html' }, { encoding: 'none' }],
    [
      'JSON',
      { bytes: '{"a":[1,"ü"]}', type: 'application/json; charset=utf-8' },
      { encoding: 'json', value: { a: [1, 'ü'] } },
    ],
    ['a JSON type with a suffix', { bytes: '3', type: 'application/vnd.x+JSON' }, { encoding: 'json', value: 3 }],
    ['JSON that is null', { bytes: 'null', type: json }, { encoding: 'json', value: null }],
    ['JSON with a byte order mark', { bytes: '\ufeff{"a":1}', type: json }, { encoding: 'json', value: { a: 1 } }],
    [
      'JSON with a made-up charset',
      { bytes: '{"a":1}', type: `${json}; charset=utf8mb4` },
      { encoding: 'json', value: { a: 1 } },
    ],
    [
      'JSON in UTF-16',
      { bytes: Buffer.from('{"a":1}', 'utf16le'), type: `${json};charset="UTF-16LE"` },
      { encoding: 'json', value: { a: 1 } },
    ],
    ['JSON without a type', { bytes: ' {"a":1}' }, { encoding: 'json', value: { a: 1 } }],
    ['JSON called text', { bytes: '[1]', type: 'text/html' }, { encoding: 'json', value: [1] }],
    ['a number called text stays text', { bytes: '123', type: 'text/plain' }, { encoding: 'text', value: '123' }],
    ['a number without a type stays text', { bytes: '123' }, { encoding: 'text', value: '123' }],
    [
      'text that begins like JSON',
      { bytes: '{not json', type: 'text/plain' },
      { encoding: 'text', value: '{not json' },
    ],
    ['HTML', { bytes: '<html>', type: 'text/html' }, { encoding: 'text', value: '<html>' }],
    ['blanks called JSON', { bytes: ' \r\n', type: json }, { encoding: 'none' }],
    [
      'broken JSON with an error status is text',
      { bytes: '<html>', type: json, status: 500 },
      { encoding: 'text', value: '<html>' },
    ],
    [
      'latin1 that says so',
      { bytes: Buffer.from('Öl', 'latin1'), type: 'text/plain; charset=ISO-8859-1' },
      { encoding: 'text', value: 'Öl' },
    ],
    [
      'latin1 that does not say so',
      { bytes: Buffer.from('Öl', 'latin1'), type: 'text/plain' },
      base64(Buffer.from('Öl', 'latin1')),
    ],
    ['a charset that nobody knows', { bytes: 'x', type: 'text/plain; charset=x-klingon' }, base64('x')],
    ['bytes', { bytes: Buffer.from([0xff, 0x00, 0x80]) }, base64(Buffer.from([0xff, 0x00, 0x80]))],
    ['binary data that happens to be text', { bytes: '[]', type: 'application/octet-stream' }, base64('[]')],
    ['text with NUL', { bytes: 'a\0b', type: 'text/plain' }, base64('a\0b')],
    ['JSON with NUL in a string', { bytes: '{"a":"\\u0000"}', type: json }, base64('{"a":"\\u0000"}')],
    ['JSON with NUL in a name', { bytes: '{"\\u0000":1}', type: json }, base64('{"\\u0000":1}')],
    ['JSON with half a surrogate pair', { bytes: '["\\ud83d"]', type: json }, base64('["\\ud83d"]')],
    [
      'JSON with a whole surrogate pair',
      { bytes: '["\\ud83d\\ude00"]', type: json },
      { encoding: 'json', value: ['😀'] },
    ],
    [
      'JSON that spells out the escape',
      { bytes: '["\\\\u0000"]', type: json },
      { encoding: 'json', value: ['\\u0000'] },
    ],
    ['a number that no double holds', { bytes: '[1e999]', type: json }, { encoding: 'text', value: '[1e999]' }],
    [
      'gzip that nobody asked for',
      { bytes: gzipSync('{"a":1}'), type: json, coding: 'GZIP' },
      { encoding: 'json', value: { a: 1 } },
    ],
    ['a coding that nobody knows', { bytes: 'xyz', type: 'text/plain', coding: 'zstd' }, base64('xyz')],
    ['two codings', { bytes: 'xyz', type: json, coding: 'gzip, br' }, base64('xyz')],
    ['identity', { bytes: '[]', type: json, coding: 'identity' }, { encoding: 'json', value: [] }],
  ];
  for (const [what, input, expected] of cases) {
    it(what, async () => {
      expect(await read(input)).to.deep.equal(expected);
    });
  }

  it('a 2xx that calls itself JSON and is not: invalid, with an excerpt for the log alone', async () => {
    const error = await rejection(read({ bytes: '<html>secret words', type: json }));
    expect(error).to.be.instanceOf(VehicleLinkFailure).that.includes({
      code: 'vehicle-invalid-response',
      neverSent: false,
      isTransient: false,
    });
    expect(error).to.have.property('message').that.does.not.contain('secret');
    expect(error).to.have.nested.property('cause.message').that.contains('secret words');
  });

  it('a megabyte of brackets: valid JSON too deep to be kept as such, and the stack survives', async () => {
    const depth = 500_000;
    const bytes = '['.repeat(depth) + ']'.repeat(depth);
    expect(await read({ bytes, type: json, maxBytes: 2_000_000 })).to.deep.equal({ encoding: 'text', value: bytes });
    const objects = `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`;
    expect(await read({ bytes: objects, type: json })).to.deep.equal({ encoding: 'text', value: objects });
  });

  it('two hundred levels are kept', async () => {
    const bytes = '['.repeat(200) + ']'.repeat(200);
    expect(await read({ bytes, type: json })).to.have.property('encoding', 'json');
  });

  it('names that are special in JavaScript are names', async () => {
    const body = await read({ bytes: '{"__proto__":{"x":1},"constructor":2}', type: json });
    expect(JSON.stringify(body)).to.equal('{"encoding":"json","value":{"__proto__":{"x":1},"constructor":2}}');
  });

  it('a compression bomb: too large', async () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    const error = await rejection(read({ bytes: bomb, type: json, coding: 'gzip', maxBytes: 100_000 }));
    expect(error).to.include({ code: 'response-too-large', neverSent: false });
  });

  it('gzip that is none: invalid', async () => {
    const error = await rejection(read({ bytes: 'no gzip', type: json, coding: 'gzip' }));
    expect(error).to.include({ code: 'vehicle-invalid-response', neverSent: false });
  });

  it('weighs a body as it is after decompression', async () => {
    const body = gzipSync('x'.repeat(1000));
    const sized = await readBody({ status: 200, headers: { 'content-encoding': 'gzip' }, body }, 10_000);
    expect(sized.bytes).to.equal(1000);
  });
});

describe('representText', () => {
  it('JSON, text, nothing, and what the database can not hold', () => {
    expect(representText('{"a":1}')).to.deep.equal({ encoding: 'json', value: { a: 1 } });
    expect(representText('12')).to.deep.equal({ encoding: 'json', value: 12 });
    expect(representText('hello')).to.deep.equal({ encoding: 'text', value: 'hello' });
    expect(representText('')).to.deep.equal({ encoding: 'none' });
    expect(representText('a\0')).to.deep.equal(base64('a\0'));
    expect(representText('"\\u0000"')).to.deep.equal(base64('"\\u0000"'));
  });
});

describe('mediaTypeOf', () => {
  it('lower case, without parameters', () => {
    expect(mediaTypeOf({ 'content-type': ' Application/JSON ; charset=x' })).to.equal('application/json');
    expect(mediaTypeOf({ 'content-type': ';charset=x' })).to.equal(undefined);
    expect(mediaTypeOf({})).to.equal(undefined);
  });
});

describe('retryAfterSecondsOf', () => {
  const now = Date.parse('2026-01-01T00:00:00.500Z');
  const cases: readonly (readonly [value: string, expected: number | undefined])[] = [
    ['120', 120],
    ['0', 0],
    [' 5 ', 5],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['99999999999', undefined],
  ];
  for (const [value, expected] of cases) {
    it(`${value}: ${String(expected)}`, () => {
      expect(retryAfterSecondsOf({ 'retry-after': value }, now)).to.equal(expected);
    });
  }
});
