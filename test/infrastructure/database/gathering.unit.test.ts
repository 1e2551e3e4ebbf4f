import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { Gathering } from '#infrastructure/database/gathering.js';

describe('Gathering', () => {
  const longMillis = 60_000;

  /** A gathering of up to three numbers, whose batches end when the test says so. */
  function start({ maxWaitMillis = longMillis, maxUnderWay = 1 } = {}) {
    const batches: { readonly items: readonly number[]; readonly end: () => void }[] = [];
    const gathering = new Gathering<number>({
      fits: (batch) => batch.length < 3,
      maxUnderWay,
      maxWaitMillis,
      run: (items) => new Promise((end) => batches.push({ items: [...items], end })),
    });
    return { gathering, batches, left: () => batches.map(({ items }) => items) };
  }

  it('what is added in one turn of the event loop: leaves at its end, together', async () => {
    const { gathering, left } = start();
    gathering.add(1);
    gathering.add(2);
    await Promise.resolve();
    expect(left()).to.deep.equal([]);
    await turn();
    expect(left()).to.deep.equal([[1, 2]]);
  });

  it('what comes while a batch is under way: leaves together when that one ends', async () => {
    const { gathering, batches, left } = start();
    gathering.add(1);
    await turn();
    gathering.add(2);
    await turn();
    gathering.add(3);
    await turn();
    expect(left()).to.deep.equal([[1]]);
    batches[0]?.end();
    await turn();
    expect(left()).to.deep.equal([[1], [2, 3]]);
  });

  it('more than fits: makes batches that wait for nothing once they are full', async () => {
    const { gathering, left } = start();
    for (const item of [1, 2, 3, 4, 5, 6, 7]) gathering.add(item);
    await turn();
    expect(left()).to.deep.equal([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    gathering.add(8);
    await turn();
    gathering.add(9);
    await turn();
    expect(left()).to.have.length(2);
    gathering.add(10);
    await turn();
    expect(left().slice(2)).to.deep.equal([[7, 8, 9]]);
  });

  it('what waits for a batch that does not end: leaves after a moment', async () => {
    const { gathering, left } = start({ maxWaitMillis: 5 });
    gathering.add(1);
    await turn();
    gathering.add(2);
    await turn();
    expect(left()).to.deep.equal([[1]]);
    while (left().length < 2) await sleep(1);
    expect(left()).to.deep.equal([[1], [2]]);
  });

  it('fewer are under way than may be: nobody waits', async () => {
    const { gathering, left } = start({ maxUnderWay: 2 });
    gathering.add(1);
    await turn();
    gathering.add(2);
    await turn();
    gathering.add(3);
    await turn();
    expect(left()).to.deep.equal([[1], [2]]);
  });

  it('a thousand items in many turns: each is done once, in order', async () => {
    const done: number[] = [];
    const gathering = new Gathering<number>({
      fits: (batch) => batch.length < 7,
      maxUnderWay: 1,
      maxWaitMillis: 1,
      run: async (items) => {
        done.push(...items);
        await turn();
      },
    });
    for (let item = 0; item < 1000; item += 1) {
      gathering.add(item);
      if (item % 13 === 0) await turn();
    }
    while (done.length < 1000) await turn();
    expect(done).to.deep.equal(Array.from({ length: 1000 }, (_, item) => item));
  });
});
