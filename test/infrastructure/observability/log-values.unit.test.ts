import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';

import { expect } from 'chai';

import { Secret } from '#config/secret.js';
import { toLogValue } from '#infrastructure/observability/log-values.js';

describe('toLogValue', () => {
  it('plain data: stays as it is', () => {
    const value = { text: 'a', number: 1.5, flag: false, nothing: null, list: [1, 'b', { c: [] }], gone: undefined };
    expect(toLogValue(value)).to.deep.equal(value);
  });

  it('values that JSON does not know: become text', () => {
    expect(toLogValue([10n, Number.NaN, Symbol('s'), new Date(0), new Date(Number.NaN), () => 1])).to.deep.equal([
      '10',
      'NaN',
      'Symbol(s)',
      '1970-01-01T00:00:00.000Z',
      '[invalid date]',
      null,
    ]);
  });

  it('keys that name a secret: hide what they hold, at any depth and however they are written', () => {
    const keys = ['password', 'newPassword', 'PASSWORD_HASH', 'refresh_token', 'accessToken', 'Authorization'];
    const more = ['Set-Cookie', 'cookie', 'client-secret', 'apiKey', 'x-api-key', 'credentials', 'private_key', 'jwt'];
    for (const key of [...keys, ...more]) {
      const shown = JSON.stringify(toLogValue({ outer: [{ [key]: { deep: ['canary'] } }] }));
      expect(shown, key).to.contain('[redacted]').and.not.to.contain('canary');
    }
  });

  it('an object of a class: shows the class alone', () => {
    const request = new IncomingMessage(new Socket());
    request.headers.authorization = 'canary';
    class Row {
      readonly email = 'canary';
      toJSON(): string {
        return this.email;
      }
    }
    const shown = toLogValue({
      request,
      row: new Row(),
      map: new Map([['a', 'canary']]),
      bytes: Buffer.from('canary'),
    });
    expect(shown).to.deep.equal({ request: '[IncomingMessage]', row: '[Row]', map: '[Map]', bytes: '[Buffer]' });
    expect(toLogValue({ database: new Secret('canary') })).to.deep.equal({ database: '[redacted]' });
    expect(toLogValue({ address: new URL('http://a:canary@host/path') })).to.deep.equal({
      address: 'http://[redacted]@host/path',
    });
  });

  it('an error: shows name, message, code, stack and causes, and nothing that hangs on it', () => {
    const cause = Object.assign(new TypeError('inner'), { code: 'ECONNREFUSED', parameters: ['canary'] });
    const error = Object.assign(new Error('outer', { cause }), { sql: 'canary', headers: { a: 'canary' } });
    const shown = toLogValue({ err: error }) as { err: Record<string, unknown> };
    expect(Object.keys(shown.err)).to.have.members(['name', 'message', 'code', 'stack', 'cause', 'errors']);
    expect(shown.err).to.include({ name: 'Error', message: 'outer', code: undefined });
    expect(shown.err['stack']).to.contain('log-values.unit.test');
    expect(shown.err['cause']).to.include({ name: 'TypeError', message: 'inner', code: 'ECONNREFUSED' });
    expect(JSON.stringify(shown)).not.to.contain('canary');
  });

  it("a driver's error inside an ORM's, and several in one: are shown", () => {
    const wrapped = Object.assign(new Error('query failed'), {
      original: Object.assign(new Error('down'), { code: '57P01' }),
    });
    const several = new AggregateError([Object.assign(new Error('v6'), { code: 'E6' }), new Error('v4')], 'all');
    expect(toLogValue(wrapped)).to.have.nested.property('cause.code', '57P01');
    expect(toLogValue(several)).to.have.nested.property('errors[0].code', 'E6');
    expect(toLogValue(several)).to.have.nested.property('errors[1].message', 'v4');
  });

  it('an error whose parts are not what their types say: is shown as far as it goes', () => {
    const odd = new Error('x');
    Object.defineProperty(odd, 'message', { value: { canary: true } });
    Object.defineProperty(odd, 'stack', {
      get: () => {
        throw new Error('no stack');
      },
    });
    expect(toLogValue(odd)).to.include({ name: 'Error', message: undefined, stack: '[unreadable]' });
  });

  it('circles: end, in objects, arrays and causes', () => {
    const circle: Record<string, unknown> = { name: 'a', list: [] };
    circle['self'] = circle;
    (circle['list'] as unknown[]).push(circle);
    expect(toLogValue(circle)).to.deep.equal({ name: 'a', list: ['[circular]'], self: '[circular]' });
    const error = new Error('loop');
    error.cause = error;
    expect(JSON.stringify(toLogValue(error)).match(/"message":"loop"/gu)).to.have.length(6);
  });

  it('the same object twice side by side: is no circle', () => {
    const part = { a: 1 };
    expect(toLogValue({ x: part, y: part })).to.deep.equal({ x: { a: 1 }, y: { a: 1 } });
  });

  it('objects that refuse to be read: cost their own place alone', () => {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const hostile = {
      get broken(): string {
        throw new Error('no');
      },
      fine: 1,
    };
    expect(toLogValue({ hostile, proxy: revoked.proxy, bare: Object.create(null) as object })).to.deep.equal({
      hostile: { broken: '[unreadable]', fine: 1 },
      proxy: '[unreadable]',
      bare: {},
    });
  });

  it('a __proto__ key: is a field like others', () => {
    const shown = toLogValue(JSON.parse('{"__proto__": {"polluted": 1}, "a": 2}'));
    expect(JSON.stringify(shown)).to.equal('{"__proto__":{"polluted":1},"a":2}');
  });

  it('depth, width and size: are bounded', () => {
    let deep: unknown = 'end';
    for (let level = 0; level < 10_000; level += 1) deep = { deep };
    expect(JSON.stringify(toLogValue(deep))).to.equal(`${'{"deep":'.repeat(6)}"[deeper]"${'}'.repeat(6)}`);

    expect(toLogValue(Array.from({ length: 100 }, () => 0)))
      .to.have.length(65)
      .and.to.include('[36 more]');
    expect(
      Object.keys(toLogValue(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [i, i]))) as object),
    ).to.have.length(65);

    const wide = (levels: number): unknown => (levels === 0 ? 'x' : Array.from({ length: 60 }, () => wide(levels - 1)));
    expect(JSON.stringify(toLogValue(wide(3)))).to.have.length.below(20_000);
    expect(JSON.stringify(toLogValue('x'.repeat(1_000_000)))).to.have.length.below(8300);
  });
});
