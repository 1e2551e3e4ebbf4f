import { expect } from 'chai';

import { hasLink, readOffers, readReferences } from '#application/domain/sovd/entity-document.js';

describe('readReferences', () => {
  const reference = { id: 'ecu', name: 'ECU', href: 'http://Vehicle:20002/vehicle/v15/components/ecu' };
  const cases = [
    ['items', { items: [reference] }, [{ id: 'ecu', name: 'ECU' }]],
    ['value', { '@odata.count': 1, value: [reference] }, [{ id: 'ecu', name: 'ECU' }]],
    ['a bare array', [reference], [{ id: 'ecu', name: 'ECU' }]],
    [
      'bare texts',
      { items: ['a', 'b'] },
      [
        { id: 'a', name: undefined },
        { id: 'b', name: undefined },
      ],
    ],
    [
      'texts and objects',
      ['a', { id: 'b' }],
      [
        { id: 'a', name: undefined },
        { id: 'b', name: undefined },
      ],
    ],
    ['ids that are numbers', { items: [{ id: 16 }] }, [{ id: '16', name: undefined }]],
    ['items without an id', { items: [{ name: 'x' }, null, 3, reference] }, [{ id: 'ecu', name: 'ECU' }]],
    ['an empty list', { items: [] }, []],
    ['items of null beside value', { items: null, value: ['a'] }, [{ id: 'a', name: undefined }]],
  ] as const;
  for (const [what, document, expected] of cases) {
    it(`${what}: is read`, () => expect(readReferences(document)).to.deep.equal(expected));
  }

  it('something else: is no list', () => {
    for (const document of [{}, { items: {} }, { data: [] }, 'a', null]) {
      expect(readReferences(document), JSON.stringify(document)).to.equal(undefined);
    }
  });
});

describe('readOffers', () => {
  it('links: are what an entity offers, null and false are none', () => {
    const document = {
      id: 'ecu',
      data: 'http://localhost:20002/vehicle/v15/components/ecu/data',
      faults: './faults',
      'data-lists': '/x',
      bulk_data: '/y',
      modes: null,
      locks: false,
      subcomponents: '/z',
    };
    expect(readOffers(document)).to.have.members(['data', 'data-lists', 'faults', 'bulk-data']);
  });

  it('capabilities as booleans: are what they stand for, beside the links', () => {
    const capabilities = { read_data: true, write_data: false, clear_faults: true, sessions: true, security: true };
    expect(readOffers({ operations: './operations', capabilities })).to.have.members([
      'operations',
      'data',
      'faults',
      'modes',
    ]);
    expect(readOffers({ capabilities: { read_data: 'yes', faults: false } })).to.deep.equal([]);
  });

  it('capabilities as a list of names: are those that are collections', () => {
    const named = [{ name: 'data', href: '/d' }, { id: 'faults' }, 'logs', { name: 'hosts' }, 3, null];
    expect(readOffers({ capabilities: named })).to.have.members(['data', 'faults', 'logs']);
  });

  it('no links at all: nothing is offered', () => expect(readOffers({ id: 'ecu', name: 'ECU' })).to.deep.equal([]));
});

describe('hasLink', () => {
  it('null, false and absent: are none', () => {
    expect(['a', 'b', 'c', 'd'].map((link) => hasLink({ a: './a', b: null, c: false }, link))).to.deep.equal([
      true,
      false,
      false,
      false,
    ]);
  });
});
