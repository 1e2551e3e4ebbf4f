import { expect } from 'chai';

import { RestingMemory } from '#infrastructure/resting-memory.js';

describe('RestingMemory', () => {
  let collections: number;
  let memory: RestingMemory;

  beforeEach(() => {
    collections = 0;
    memory = new RestingMemory(() => {
      collections += 1;
    });
  });

  function look(...utilizations: readonly number[]): number {
    for (const utilization of utilizations) memory.look(utilization);
    return collections;
  }

  it('at rest: collects once, however long the rest is', () => {
    expect(look(0.9, 0.01, 0.01)).to.equal(0);
    expect(look(0.01)).to.equal(1);
    expect(look(0.01, 0.02, 0.01, 0, 0, 0)).to.equal(1);
  });

  it('work in between: begins the rest anew, and the next one is collected in too', () => {
    expect(look(0.01, 0.01, 0.06, 0.01, 0.01)).to.equal(0);
    expect(look(0.01)).to.equal(1);
    expect(look(0.5, 0.01, 0.01, 0.01)).to.equal(2);
  });

  it('always busy: never collects', () => {
    expect(look(...Array.from({ length: 20 }, () => 0.05))).to.equal(0);
  });
});
