import { expect } from 'chai';

import { ApplicationError } from '#application/domain/errors.js';
import { ConcurrencyLimit } from '#infrastructure/security/concurrency-limit.js';

describe('ConcurrencyLimit', () => {
  it('more tasks than may run: run a few at a time, in order', async () => {
    const limit = new ConcurrencyLimit({ concurrency: 2, maxWaiting: 10, retryAfterSeconds: 5 });
    const events: string[] = [];
    let running = 0;
    let most = 0;
    const task = (name: string) => async () => {
      events.push(name);
      most = Math.max(most, (running += 1));
      await new Promise(setImmediate);
      running -= 1;
      return name;
    };
    const results = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => limit.run(task(name))));
    expect(results).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
    expect(events).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
    expect(most).to.equal(2);
  });

  it('more tasks than may wait: are refused without being run, until there is room again', async () => {
    const limit = new ConcurrencyLimit({ concurrency: 1, maxWaiting: 1, retryAfterSeconds: 7 });
    const release: (() => void)[] = [];
    const block = () => limit.run(() => new Promise<void>((resolve) => release.push(resolve)));
    const first = block();
    const second = block();
    let hasRun = false;
    const refusal: unknown = await limit
      .run(() => {
        hasRun = true;
        return Promise.resolve();
      })
      .catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(ApplicationError).and.to.include({ code: 'overloaded', retryAfterSeconds: 7 });
    expect(hasRun).to.equal(false);
    release[0]?.();
    await first;
    release[1]?.();
    await second;
    expect(await limit.run(() => Promise.resolve('room'))).to.equal('room');
  });

  it('tasks that fail: give their place back, and their error', async () => {
    const limit = new ConcurrencyLimit({ concurrency: 1, maxWaiting: 10, retryAfterSeconds: 5 });
    const fail = (name: string) => limit.run(() => Promise.reject(new Error(name)));
    const outcomes = await Promise.allSettled([fail('a'), fail('b'), limit.run(() => Promise.resolve('c'))]);
    expect(
      outcomes.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : outcome.value)),
    ).to.deep.equal(['Error: a', 'Error: b', 'c']);
  });
});
