import { expect } from 'chai';

import { readVersions } from '#application/domain/sovd/discovery-versions.js';

describe('readVersions', () => {
  const cases = [
    [
      'sovd_info with an absolute address',
      { sovd_info: [{ version: '1.1.0', base_uri: 'http://localhost:7690/sovd/v1', vendor_info: { name: 'core' } }] },
      [{ version: '1.1.0', base_path: '/sovd/v1', vendor_info: { name: 'core' } }],
    ],
    ['items', { items: [{ version: '1.0', base_uri: '/api/v1' }] }, [{ version: '1.0', base_path: '/api/v1' }]],
    [
      'versions with identifiers',
      { versions: [{ version_identifier: 'v1', base_path: '/vehicle/v1', 'x-sovd-version': '1.1.0' }] },
      [{ version: '1.1.0', base_path: '/vehicle/v1' }],
    ],
    [
      'versions with an access address without a path',
      { versions: [{ version: '1.0', accessurl: 'http://0.0.0.0:8080', status: 'active' }] },
      [{ version: '1.0', base_path: '/' }],
    ],
    [
      'a list under a name of its own',
      { server: '2.3', api_versions: [{ version: 'v1', url: 'sovd/v1', status: 'current' }] },
      [{ version: 'v1', base_path: '/sovd/v1' }],
    ],
    [
      'two lists: the usual one goes first',
      { versions: [{ version: '2' }], sovd_info: [{ version: '1' }] },
      [{ version: '1' }],
    ],
    ['an empty usual list beside another', { sovd_info: [], items: [{ version: '1' }] }, [{ version: '1' }]],
    ['a bare array', [{ version: 1.1 }, { name: 'no version' }], [{ version: '1.1' }]],
  ] as const;
  for (const [what, document, expected] of cases) {
    it(`${what}: is read`, () => expect(readVersions(document)).to.deep.equal(expected));
  }

  it('a document without versions: tells none', () => {
    for (const document of [{}, { sovd_info: [] }, { items: ['1.0'] }, { version: '1.0' }, [], 'v1', null]) {
      expect(readVersions(document), JSON.stringify(document)).to.equal(undefined);
    }
  });
});
