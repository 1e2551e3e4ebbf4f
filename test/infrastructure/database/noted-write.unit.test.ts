import { expect } from 'chai';

import { compileGroup, groupWrites, type NotedWrite, type OwnWrite } from '#infrastructure/database/noted-write.js';

const write = (changes: Partial<OwnWrite> = {}): OwnWrite => ({
  text: 'insert into t (a, b) values ($1, $2)',
  values: ['a', 'b'],
  ...changes,
});

describe('groupWrites', () => {
  it('nothing: is no group', () => {
    expect(groupWrites([])).to.deep.equal([]);
  });

  it('writes of different rows, or of none: are one group, in their order', () => {
    const writes = [write({ target: 'a' }), write(), write({ target: 'b' }), write()];
    expect(groupWrites(writes)).to.deep.equal([writes]);
  });

  it('a row that is met again: begins a new group, which may meet the others again too', () => {
    const [a1, b1, a2, b2, a3, free] = [
      write({ target: 'a' }),
      write({ target: 'b' }),
      write({ target: 'a' }),
      write({ target: 'b' }),
      write({ target: 'a' }),
      write(),
    ];
    expect(groupWrites([a1, b1, a2, b2, free, a3])).to.deep.equal([[a1, b1], [a2, b2, free], [a3]]);
  });

  it('more values than a statement may have: are split before the limit, and nothing is lost', () => {
    const values = Array.from({ length: 7_500 }, () => 1);
    const writes = Array.from({ length: 9 }, () => write({ values }));
    const groups = groupWrites(writes);
    expect(groups.map((group) => group.length)).to.deep.equal([4, 4, 1]);
    expect(groups.flat()).to.deep.equal(writes);
  });

  it('a single write above the limit: is a group of its own', () => {
    const large = write({ values: Array.from({ length: 40_000 }, () => 1) });
    expect(groupWrites([write(), large, write()]).map((group) => group.length)).to.deep.equal([1, 1, 1]);
  });
});

describe('compileGroup', () => {
  it('one write without an expectation: is itself', () => {
    const only = write();
    expect(compileGroup([only])).to.deep.include(only);
  });

  it('one write with an expectation: is checked', () => {
    const { text, values } = compileGroup([
      write({ text: 'delete from t where a = $1', values: ['a'], expectedRows: 1 }),
    ]);
    expect(text).to.equal(
      'with w0 as (delete from t where a = $1 returning 1) select expect_rows((select count(*) from w0), 1)',
    );
    expect(values).to.deep.equal(['a']);
  });

  it('several writes: number their values on, and check those that expect something', () => {
    const { text, values } = compileGroup([
      write({ values: [1, 2] }),
      write({ text: 'update t set b = $2 where a = $1', values: [3, 4], expectedRows: 1 }),
      write({ text: 'delete from t where a = $1', values: [5] }),
      write({ text: 'delete from t where b = $1', values: [6], expectedRows: 0 }),
    ]);
    expect(text).to.equal(
      'with w0 as (insert into t (a, b) values ($1, $2) returning 1), ' +
        'w1 as (update t set b = $4 where a = $3 returning 1), ' +
        'w2 as (delete from t where a = $5 returning 1), ' +
        'w3 as (delete from t where b = $6 returning 1) ' +
        'select expect_rows((select count(*) from w1), 1), expect_rows((select count(*) from w3), 0)',
    );
    expect(values).to.deep.equal([1, 2, 3, 4, 5, 6]);
  });

  it('places of two digits: are not taken for places of one', () => {
    const text = `insert into t values (${Array.from({ length: 12 }, (_, index) => `$${index + 1}`).join(', ')}, $1, $10)`;
    const values = Array.from({ length: 12 }, (_, index) => index);
    const compiled = compileGroup([
      write({ values: ['x'], text: 'delete from t where a = $1' }),
      write({ text, values }),
    ]);
    expect(compiled.text).to.contain('values ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $2, $11)');
  });

  it('the same texts with other values or other expectations: never share what they should not', () => {
    const first = compileGroup([write({ values: [1, 2] }), write({ values: [3, 4] })]);
    const second = compileGroup([write({ values: [5, 6] }), write({ values: [7, 8] })]);
    expect(second.text).to.equal(first.text);
    expect(second.values).to.deep.equal([5, 6, 7, 8]);
    const third = compileGroup([write({ values: [1, 2] }), write({ values: [3, 4], expectedRows: 1 })]);
    expect(third.text).to.not.equal(first.text);
  });

  it('rows for a text: are one part, whatever their number, and all are checked', () => {
    const rowOf = (id: number, mustMeet = false): NotedWrite => ({
      text: 'update t set a = r.a from rows_of($1) as r',
      row: [id, 'a'],
      ...(mustMeet ? { mustMeet } : {}),
    });
    const other = { text: 'insert into u (b) values ($1)', values: ['b'], expectedRows: 3 };
    const two = compileGroup([rowOf(1, true), other, rowOf(2, true)]);
    expect(two.text).to.equal(
      'with w0 as (insert into u (b) values ($1) returning 1), ' +
        'w1 as (update t set a = r.a from rows_of($2) as r returning 1) ' +
        'select expect_rows((select count(*) from w0), 3), expect_rows((select count(*) from w1), $3)',
    );
    expect(two.values).to.deep.equal(['b', '[[1,"a"],[2,"a"]]', 2]);
    const one = compileGroup([rowOf(1, true), other]);
    expect([one.text, one.values]).to.deep.equal([two.text, ['b', '[[1,"a"]]', 1]]);
    expect(compileGroup([rowOf(1), rowOf(2)])).to.deep.include({
      text: 'update t set a = r.a from rows_of($1) as r',
      values: ['[[1,"a"],[2,"a"]]'],
    });
    expect(groupWrites([rowOf(1), other, rowOf(2)])).to.have.length(1);
  });

  it('more texts than are remembered: stay right', () => {
    const textOf = (index: number) =>
      compileGroup([write(), write({ text: `delete from t${index} where a = $1`, values: [index] })]).text;
    const before = textOf(0);
    for (let index = 1; index < 1200; index += 1) expect(textOf(index)).to.contain(`t${index} where a = $3`);
    expect(textOf(0)).to.equal(before);
  });
});
