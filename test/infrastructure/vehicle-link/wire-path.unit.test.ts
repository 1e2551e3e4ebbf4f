import { expect } from 'chai';

import { VehicleLinkFailure } from '#application/domain/sovd/exchange.js';
import { executionPath, parseBase, resolveReference, wirePath } from '#infrastructure/vehicle-link/wire-path.js';

const base = { origin: 'http://vehicle', path: '/vehicle/v15' };
const executions = 'components/engine/operations/self-test/executions';

describe('parseBase', () => {
  it('takes origin and path, without a slash at the end', () => {
    expect(parseBase('https://car.example:8443/sovd/v1/')).to.deep.equal({
      origin: 'https://car.example:8443',
      path: '/sovd/v1',
    });
    expect(parseBase('http://10.0.0.1')).to.deep.equal({ origin: 'http://10.0.0.1', path: '' });
  });

  for (const url of ['ftp://car/sovd', 'car.example/sovd', '', 'file:///etc/passwd']) {
    it(`refuses '${url}'`, () => {
      expect(() => parseBase(url))
        .to.throw(VehicleLinkFailure)
        .with.property('neverSent', true);
    });
  }
});

describe('wirePath', () => {
  it('keeps the path byte for byte', () => {
    const path = "apps/ros%2Ftopic%2fa/data/x%20y;v=1,2:3@4!$&'()*+~_-.z/";
    expect(wirePath(base, { method: 'GET', path })).to.equal(`/vehicle/v15/${path}`);
  });

  it('an empty path is the root of the server', () => {
    expect(wirePath(base, { method: 'GET', path: '' })).to.equal('/vehicle/v15/');
  });

  it('query parameters are encoded, and repeated where they come twice', () => {
    const query = [
      ['tags', 'a b'],
      ['tags', 'c&d'],
      ['status[confirmedDTC]', '1'],
      ['empty', ''],
    ] as const;
    expect(wirePath(base, { method: 'GET', path: 'x', query })).to.equal(
      '/vehicle/v15/x?tags=a%20b&tags=c%26d&status%5BconfirmedDTC%5D=1&empty=',
    );
  });

  for (const path of [
    '..',
    '../x',
    'components/..',
    'components/../../x',
    'components/./x',
    'components/%2e%2e/x',
    'components/%2E./x',
    'components/.%2e',
    'components/a%2F..%2Fb',
    'components/%2e%2e%5c..%5Cx',
    '/components',
    '//evil.example/components',
    'components?x=1',
    'components#x',
    'components\\..\\x',
    'components/a b',
    'components/a\r\nX: y',
    'components/ä',
  ]) {
    it(`refuses ${JSON.stringify(path)}, and nothing was sent`, () => {
      expect(() => wirePath(base, { method: 'GET', path }))
        .to.throw(VehicleLinkFailure)
        .that.includes({ code: 'internal-error', neverSent: true, isTransient: false });
    });
  }

  it('dots within a name are no steps', () => {
    expect(wirePath(base, { method: 'GET', path: 'data/..a/...%2E/v1.2' })).to.equal(
      '/vehicle/v15/data/..a/...%2E/v1.2',
    );
  });

  it('refuses half a surrogate pair in the query', () => {
    expect(() => wirePath(base, { method: 'GET', path: 'x', query: [['q', '\ud800']] })).to.throw(VehicleLinkFailure);
  });
});

describe('resolveReference', () => {
  const item = `/vehicle/v15/${executions}/17`;
  const cases: readonly (readonly [what: string, reference: string, expected: string | undefined])[] = [
    ['our own URL', `http://vehicle/vehicle/v15/${executions}/17`, item],
    ['an absolute path', item, item],
    ['the hard-coded localhost of CDA', `http://localhost:20002/vehicle/v15/${executions}/17`, item],
    ['a prefix in other letters', `http://localhost:20002/Vehicle/v15/${executions}/17`, item],
    ['the listen address 0.0.0.0', `http://0.0.0.0:8080/${executions}/17`, item],
    ['a foreign host', `https://evil.example/${executions}/17`, item],
    ['a foreign host without a scheme', `//evil.example/${executions}/17`, item],
    ['a host with credentials', `http://user:pw@evil.example/vehicle/v15/${executions}/17`, item],
    ['another prefix', `/v1/${executions}/17`, item],
    ['no prefix', `/${executions}/17`, item],
    [
      'entity ids in other letters',
      `/v1/Components/ENGINE/operations/self-test/executions/17`,
      '/vehicle/v15/Components/ENGINE/operations/self-test/executions/17',
    ],
    ['a path relative to the base', `${executions}/17`, item],
    ['a relative path by the rules', 'executions/17', item],
    ['an id alone', '17', item],
    ['an id with a colon', 'member:17', `/vehicle/v15/${executions}/member:17`],
    ['a relative path with dots', '../self-test/executions/17', item],
    ['another collection', 'http://x/api/updates/u1/status', '/vehicle/v15/updates/u1/status'],
    ['a query', `${executions}/17?refresh=true`, `${item}?refresh=true`],
    [
      'an encoded slash',
      `/v1/components/a%2Fb/operations/o/executions/1`,
      '/vehicle/v15/components/a%2Fb/operations/o/executions/1',
    ],
    ['a double slash', `http://x//vehicle/v15/${executions}/17`, item],
    ['steps out of the base', '/vehicle/v15/../../etc/passwd', undefined],
    ['encoded steps out of the base', '/vehicle/v15/components/%2e%2e%2f%2e%2e%2fetc', undefined],
    ['a page that has nothing to do with SOVD', 'http://x/login', undefined],
    ['nothing', '  ', undefined],
    ['a bare host', 'http://x', undefined],
  ];
  for (const [what, reference, expected] of cases) {
    it(`${what}: ${String(expected)}`, () => {
      expect(resolveReference(base, executions, reference)).to.equal(expected);
    });
  }

  it('a base without a path takes any path, and drops a prefix that the way to the vehicle cuts off', () => {
    const root = { origin: 'http://vehicle', path: '' };
    const path = 'engine/ecu/operations/o/executions';
    expect(resolveReference(root, path, `http://0.0.0.0:8080/${path}/1`)).to.equal(`/${path}/1`);
    expect(resolveReference(root, executions, `/sovd/v1/${executions}/1`)).to.equal(`/${executions}/1`);
    expect(resolveReference(root, 'x', '/something/else')).to.equal('/something/else');
  });

  it('a base that looks like an entity itself is not taken for one', () => {
    const nested = { origin: 'http://vehicle', path: '/apps/gateway/v1' };
    expect(resolveReference(nested, executions, `/apps/gateway/v1/${executions}/1`)).to.equal(
      `/apps/gateway/v1/${executions}/1`,
    );
    expect(resolveReference(nested, executions, `/apps/other/v1/${executions}/1`)).to.equal(
      `/apps/gateway/v1/${executions}/1`,
    );
  });
});

describe('executionPath', () => {
  it('an id becomes one segment', () => {
    expect(executionPath(base, executions, 'a/b c')).to.equal(`/vehicle/v15/${executions}/a%2Fb%20c`);
  });

  for (const id of ['', '.', '..', 'a/../b', '\udc00']) {
    it(`${JSON.stringify(id)} can't be addressed`, () => {
      expect(executionPath(base, executions, id)).to.equal(undefined);
    });
  }
});
