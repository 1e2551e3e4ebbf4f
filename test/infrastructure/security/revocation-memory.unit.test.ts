import { expect } from 'chai';

import { RevocationMemory } from '#infrastructure/security/revocation-memory.js';

const tokenMillis = 900_000;
const skewMillis = 60_000;

describe('RevocationMemory', () => {
  let nowMillis: number;
  let memory: RevocationMemory;
  beforeEach(() => {
    nowMillis = 1_000_000_000;
    memory = new RevocationMemory({ tokenMillis, maxEntries: 3, nowMillis: () => nowMillis });
  });

  const access = (changes: object = {}) => ({
    userId: 'ada',
    sessionId: 'session',
    accessVersion: 2,
    accessUntil: new Date(nowMillis + tokenMillis),
    ...changes,
  });

  it('a session: is dead, no other one with it, and it is news once', () => {
    expect(memory.add({ kind: 'session', sessionId: 'session' })).to.equal(true);
    expect(memory.add({ kind: 'session', sessionId: 'session' })).to.equal(false);
    expect(memory.covers(access())).to.equal(true);
    expect(memory.covers(access({ sessionId: 'another' }))).to.equal(false);
  });

  it('a user: tokens of lower versions are dead, and an older revocation changes nothing', () => {
    expect(memory.add({ kind: 'user', userId: 'ada', accessVersion: 3 })).to.equal(true);
    expect(memory.add({ kind: 'user', userId: 'ada', accessVersion: 2 })).to.equal(false);
    expect(memory.covers(access())).to.equal(true);
    expect(memory.covers(access({ accessVersion: 3 }))).to.equal(false);
    expect(memory.covers(access({ userId: 'bob' }))).to.equal(false);
  });

  it('what no living token can be about: vanishes', () => {
    memory.add({ kind: 'session', sessionId: 'session' });
    memory.add({ kind: 'user', userId: 'ada', accessVersion: 3 });
    nowMillis += tokenMillis + skewMillis;
    memory.forgetOld();
    expect(memory.size).to.equal(2);
    nowMillis += 1;
    memory.forgetOld();
    expect(memory.size).to.equal(0);
  });

  it('too many: the oldest is forgotten, and tokens as old as it are dead instead', () => {
    const old = access({ sessionId: 'session 0' });
    for (let count = 0; count < 10; count += 1) {
      memory.add({ kind: 'session', sessionId: `session ${count}` });
      nowMillis += 1000;
    }
    expect(memory.size).to.equal(3);
    expect(memory.droppedCount).to.equal(7);
    expect(memory.covers(old)).to.equal(true);
    expect(memory.covers(access({ sessionId: 'new' }))).to.equal(false);
  });
});
