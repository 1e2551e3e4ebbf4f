import { expect } from 'chai';

import { readDataItem } from '#application/domain/sovd/data-item.js';

describe('readDataItem', () => {
  const errors = [{ path: '/wheel', error: { error_code: 'not-responding', message: 'silent' } }];
  const cases = [
    ['data, as the template has it', { id: 'x', data: { rpm: 800 } }, { value: { rpm: 800 } }],
    [
      'value with unit and name',
      { did: 1, value: 12.5, unit: 'V', name: 'Supply' },
      { value: 12.5, unit: 'V', name: 'Supply' },
    ],
    ['both: data goes first', { data: 1, value: 2 }, { value: 1 }],
    ['data of null beside a value', { data: null, value: 2 }, { value: 2 }],
    ['values that are as good as nothing', { data: 0 }, { value: 0 }],
    ['false', { data: false }, { value: false }],
    ['an empty text', { data: '' }, { value: '' }],
    ['null as data', { id: 'x', data: null }, { value: null }],
    ['null as value', { value: null }, { value: null }],
    ['a part that could not be read', { data: { front: 2 }, errors }, { value: { front: 2 }, errors }],
    ['errors alone', { id: 'x', errors }, { value: null, errors }],
    ['errors of null', { data: 1, errors: null }, { value: 1 }],
  ] as const;
  for (const [what, document, expected] of cases) {
    it(`${what}: is read`, () => expect(readDataItem('x', document)).to.deep.equal({ data_id: 'x', ...expected }));
  }

  it('a document that tells no value: is none', () => {
    for (const document of [{}, { id: 'x' }, { errors: null }, [], [1], 'text', 3, null]) {
      expect(readDataItem('x', document), JSON.stringify(document)).to.equal(undefined);
    }
  });
});
