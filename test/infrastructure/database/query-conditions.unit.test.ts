import { expect } from 'chai';

import { likeContains, QueryConditions, toPage } from '#infrastructure/database/query-conditions.js';

describe('QueryConditions', () => {
  it('none: is no clause, and the first value comes first', () => {
    const conditions = new QueryConditions();
    expect([conditions.clause, conditions.nextPlace, conditions.valuesAnd(11)]).to.deep.equal(['', '$1', [11]]);
  });

  it('several: are numbered on, and what is not given leaves no trace', () => {
    const conditions = new QueryConditions();
    const at = new Date();
    conditions.add('a is null');
    conditions.addIfGiven('b = ?', undefined);
    conditions.addIfGiven('c = ?', 'c');
    conditions.add('(d = ? or e = ?)', 'd', 'e');
    conditions.addCursor('t', 'i', { at, id: 'id' });
    expect(conditions.clause).to.equal(
      'where a is null and c = $1 and (d = $2 or e = $3) and (t, i) < ($4::timestamptz, $5::uuid)',
    );
    expect(conditions.nextPlace).to.equal('$6');
    expect(conditions.valuesAnd(51)).to.deep.equal(['c', 'd', 'e', at, 'id', 51]);
  });

  it('a value that is false, 0 or empty: is given', () => {
    const conditions = new QueryConditions();
    for (const value of [false, 0, '']) conditions.addIfGiven('a = ?', value);
    expect(conditions.valuesAnd()).to.deep.equal([false, 0, '']);
  });
});

describe('toPage', () => {
  const position = (id: string) => ({ at: new Date(0), id });

  it('one row more than the limit: is left out, and the last one shown is where the list goes on', () => {
    expect(toPage(['a', 'b', 'c'], 2, position)).to.deep.equal({ items: ['a', 'b'], next: position('b') });
  });

  it('as many rows as the limit, or fewer: are the end', () => {
    expect(toPage(['a', 'b'], 2, position)).to.deep.equal({ items: ['a', 'b'], next: undefined });
    expect(toPage([], 2, position)).to.deep.equal({ items: [], next: undefined });
  });
});

describe('likeContains', () => {
  it('the characters of a pattern: are plain', () => {
    expect(likeContains('50%_\\x')).to.equal('%50\\%\\_\\\\x%');
  });
});
