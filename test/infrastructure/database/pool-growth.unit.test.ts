import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { PoolGrowth } from '#infrastructure/database/pool-growth.js';

describe('PoolGrowth', () => {
  /** A pool whose connections are opened and given back when the test says so. */
  class Pool {
    readonly order: string[] = [];
    size = 0;
    available = 0;
    readonly #openings: (() => void)[] = [];
    readonly growth: PoolGrowth;

    constructor(max: number) {
      this.growth = new PoolGrowth(
        () => ({ size: this.size, available: this.available, using: this.size - this.available, waiting: 0 }),
        max,
      );
    }

    take(name: string): Promise<void> {
      return this.growth.take(async () => {
        if (this.available > 0) this.available -= 1;
        else {
          this.size += 1;
          await new Promise<void>((resolve) => this.#openings.push(resolve));
        }
        this.order.push(name);
      });
    }

    async open(): Promise<void> {
      for (const opened of this.#openings.splice(0)) opened();
      await turn();
    }

    async giveBack(): Promise<void> {
      this.available += 1;
      this.growth.look();
      await turn();
    }
  }

  async function withFourTaken(max = 30): Promise<Pool> {
    const pool = new Pool(max);
    const first = ['a', 'b', 'c', 'd'].map((name) => pool.take(name));
    await pool.open();
    await Promise.all(first);
    return pool;
  }

  it('the first four: are opened at once', async () => {
    const pool = await withFourTaken();
    expect(pool).to.include({ size: 4 });
    expect(pool.order).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('those behind them: are served in turn as connections are given back, and none is opened for them', async () => {
    const pool = await withFourTaken();
    const others = ['e', 'f', 'g'].map((name) => pool.take(name));
    for (const expected of ['e', 'f', 'g']) {
      expect(pool.order).not.to.include(expected);
      await pool.giveBack();
      expect(pool.order.at(-1)).to.equal(expected);
    }
    await Promise.all(others);
    expect(pool).to.include({ size: 4 });
  });

  it('when none is given back: one after the other gets another opened', async () => {
    const pool = await withFourTaken();
    const others = ['e', 'f'].map((name) => pool.take(name));
    await turn();
    expect(pool).to.include({ size: 4 });
    while (pool.size < 5) await sleep(1);
    await pool.open();
    expect(pool.order.slice(4)).to.deep.equal(['e']);
    while (pool.size < 6) await sleep(1);
    await pool.open();
    await Promise.all(others);
    expect(pool.order.slice(4)).to.deep.equal(['e', 'f']);
  });

  it('a free connection: is taken at once', async () => {
    const pool = await withFourTaken();
    await pool.giveBack();
    await pool.take('e');
    expect(pool).to.include({ size: 4, available: 0 });
  });

  it('all are open that may be: the queue of the pool decides', async () => {
    const pool = await withFourTaken(4);
    const calls: string[] = [];
    await pool.growth.take(() => Promise.resolve(calls.push('e')));
    expect(calls).to.deep.equal(['e']);
  });

  it('one that fails to be opened: its error is thrown, and the next has a try', async () => {
    const pool = await withFourTaken();
    const failure = new Error('no more');
    const failing = pool.growth.take(() => Promise.reject(failure)).catch((error: unknown) => error);
    const next = pool.take('f');
    expect(await failing).to.equal(failure);
    while (pool.size < 5) await sleep(1);
    await pool.open();
    await next;
    expect(pool.order.at(-1)).to.equal('f');
  });
});
