import { expect } from 'chai';

import { systemClock, uuidV7Identifiers } from '#infrastructure/system.js';

describe('uuidV7Identifiers', () => {
  it('ten thousand ids: are UUIDv7 of this moment, each above the one before', () => {
    const beforeMillis = Date.now();
    const ids = Array.from({ length: 10_000 }, () => uuidV7Identifiers.next());
    const afterMillis = Date.now();
    expect(ids).to.deep.equal([...new Set(ids)].sort());
    for (const id of ids) expect(id).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
    const millis = ids.map((id) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16));
    expect(millis[0]).to.be.at.least(beforeMillis);
    expect(millis.at(-1)).to.be.at.most(afterMillis);
  });
});

describe('systemClock', () => {
  it('now: is the time of this machine', () => {
    const beforeMillis = Date.now();
    const now = systemClock.now().getTime();
    expect(now).to.be.within(beforeMillis, Date.now());
  });

  it('sleep: resolves not before its time', async () => {
    const startedMillis = performance.now();
    await systemClock.sleep(20);
    // Timers count in whole milliseconds.
    expect(performance.now() - startedMillis).to.be.at.least(19);
  });

  it('sleep with a signal: resolves when it aborts, and at once when it already has', async () => {
    const abort = new AbortController();
    const longSleep = systemClock.sleep(3_600_000, abort.signal);
    abort.abort();
    await longSleep;
    await systemClock.sleep(3_600_000, abort.signal);
  });

  it('a sleep longer than a timer can count: does not end at once', async () => {
    const abort = new AbortController();
    const endless = systemClock.sleep(2 ** 40, abort.signal).then(() => 'endless');
    expect(await Promise.race([endless, systemClock.sleep(10).then(() => 'short')])).to.equal('short');
    abort.abort();
    await endless;
  });
});
