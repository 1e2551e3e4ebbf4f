import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import type { CommandEvents, CommandNews } from '#application/ports/command-events.js';
import { uuidV7Identifiers } from '#infrastructure/system.js';

import { levelNumbers, type CapturedLog } from '../infrastructure/observability/captured-log.js';

/** An adapter as two instances of the service have it; the same object twice where there can only be one instance. */
export interface OpenCommandEvents {
  readonly here: CommandEvents;
  readonly there: CommandEvents;
  /** The log of `here`. */
  readonly captured: CapturedLog;
}

/** What every adapter of the command-events port promises. `open` gives connected instances, which the suite closes. */
export function commandEventsContract(name: string, open: () => Promise<OpenCommandEvents>): void {
  describe(`${name} as command events`, () => {
    let here: CommandEvents;
    let there: CommandEvents;
    let captured: CapturedLog;
    let commandId: string;

    beforeEach(async () => {
      ({ here, there, captured } = await open());
      commandId = uuidV7Identifiers.next();
    });
    afterEach(async () => {
      await here.close();
      await there.close();
    });

    it('a listener: hears all news of its command, in order, from both instances', async () => {
      const heard = await listen(here, commandId);
      for (let eventNumber = 1; eventNumber <= 200; eventNumber += 1) there.publish({ commandId, eventNumber });
      await heard.until(200);
      here.publish({ commandId, eventNumber: 201 });
      await heard.until(201);
      expect(heard.news).to.deep.equal(
        Array.from({ length: 201 }, (_, index) => ({ commandId, eventNumber: index + 1 })),
      );
    });

    it('news of this instance: are heard before publish returns', async () => {
      const heard = await listen(here, commandId);
      here.publish({ commandId, eventNumber: 1 });
      expect(heard.news).to.deep.equal([{ commandId, eventNumber: 1 }]);
    });

    it('news of this instance: are heard once, though they come back from outside', async () => {
      const heard = await listen(here, commandId);
      here.publish({ commandId, eventNumber: 1 });
      there.publish({ commandId, eventNumber: 2 });
      await heard.until(2);
      expect(heard.news.map(({ eventNumber }) => eventNumber)).to.deep.equal([1, 2]);
    });

    it('news published after subscribe resolved: are never missed', async () => {
      for (let round = 0; round < 50; round += 1) {
        const id = uuidV7Identifiers.next();
        const heard = await listen(here, id);
        there.publish({ commandId: id, eventNumber: round });
        await heard.until(1);
        heard.unsubscribe();
      }
    });

    it('the second of two listeners that come at once: also misses nothing', async () => {
      for (let round = 0; round < 50; round += 1) {
        const id = uuidV7Identifiers.next();
        const first = listen(here, id);
        const second = await listen(here, id);
        there.publish({ commandId: id, eventNumber: round });
        await second.until(1);
        await (await first).until(1);
      }
    });

    it('news of another command: are not heard', async () => {
      const heard = await listen(here, commandId);
      there.publish({ commandId: uuidV7Identifiers.next(), eventNumber: 1 });
      there.publish({ commandId, eventNumber: 2 });
      await heard.until(1);
      expect(heard.news).to.deep.equal([{ commandId, eventNumber: 2 }]);
    });

    it('several listeners of a command: all hear it, and the end of one leaves the others', async () => {
      const [first, second, far] = await Promise.all([
        listen(here, commandId),
        listen(here, commandId),
        listen(there, commandId),
      ]);
      first.unsubscribe();
      here.publish({ commandId, eventNumber: 1 });
      await Promise.all([second.until(1), far.until(1)]);
      expect(first.news).to.deep.equal([]);
    });

    it('the same function twice: is called twice, and each subscription ends for itself', async () => {
      const news: CommandNews[] = [];
      const listener = (item: CommandNews) => void news.push(item);
      const endFirst = await here.subscribe(commandId, listener);
      await here.subscribe(commandId, listener);
      here.publish({ commandId, eventNumber: 1 });
      endFirst();
      endFirst();
      here.publish({ commandId, eventNumber: 2 });
      expect(news.map(({ eventNumber }) => eventNumber)).to.deep.equal([1, 1, 2]);
    });

    it('a listener that left: hears nothing more, and comes back as if new', async () => {
      const gone = await listen(here, commandId);
      gone.unsubscribe();
      const heard = await listen(here, commandId);
      gone.unsubscribe();
      there.publish({ commandId, eventNumber: 1 });
      await heard.until(1);
      expect(gone.news).to.deep.equal([]);
    });

    it('coming and going in any rhythm: whoever stays at the end hears', async () => {
      for (let round = 0; round < 30; round += 1) {
        const subscriptions = Array.from({ length: 5 }, () => listen(here, commandId));
        for (const subscription of subscriptions.slice(round % 3)) (await subscription).unsubscribe();
        for (const subscription of subscriptions) (await subscription).unsubscribe();
        const heard = listen(here, commandId);
        const leaving = await listen(here, commandId);
        leaving.unsubscribe();
        const staying = await heard;
        there.publish({ commandId, eventNumber: round });
        await staying.until(1);
        staying.unsubscribe();
      }
    });

    it('a listener that throws: is logged, and costs neither the publisher nor the others anything', async () => {
      await here.subscribe(commandId, () => {
        throw new Error('the listener broke');
      });
      const heard = await listen(here, commandId);
      here.publish({ commandId, eventNumber: 1 });
      there.publish({ commandId, eventNumber: 2 });
      await heard.until(2);
      const errors = captured.lines().filter(({ level }) => level === levelNumbers.error);
      expect(errors).to.have.length(2);
      expect(errors[0]).to.have.nested.property('err.message', 'the listener broke');
      expect(errors[0]).to.have.property('command_id', commandId);
    });

    it('a listener that leaves, or brings another, while it is called: does not disturb the round', async () => {
      const calls: string[] = [];
      const endFirst = await here.subscribe(commandId, () => {
        calls.push('first');
        endFirst();
        void here.subscribe(commandId, () => void calls.push('late'));
      });
      await here.subscribe(commandId, () => void calls.push('second'));
      here.publish({ commandId, eventNumber: 1 });
      expect(calls).to.deep.equal(['first', 'second']);
      here.publish({ commandId, eventNumber: 2 });
      expect(calls).to.deep.equal(['first', 'second', 'second', 'late']);
    });

    it('isConnected: says yes', async () => {
      expect(await here.isConnected()).to.equal(true);
    });

    it('close: ends everything, may be called again, and what comes after it is harmless', async () => {
      const heard = await listen(here, commandId);
      await here.close();
      await here.close();
      here.publish({ commandId, eventNumber: 1 });
      const late = await listen(here, commandId);
      here.publish({ commandId, eventNumber: 2 });
      late.unsubscribe();
      heard.unsubscribe();
      expect(heard.news).to.deep.equal([]);
    });
  });
}

/** A subscription whose news are kept. */
export interface Heard {
  readonly news: readonly CommandNews[];
  readonly unsubscribe: () => void;
  /** Resolves when so many news have come; the test's own limit ends a wait for what doesn't come. */
  readonly until: (count: number) => Promise<void>;
}

/** Subscribes, and keeps what is heard. */
export async function listen(events: CommandEvents, commandId: string): Promise<Heard> {
  const news: CommandNews[] = [];
  const unsubscribe = await events.subscribe(commandId, (item) => void news.push(item));
  return {
    news,
    unsubscribe,
    until: async (count) => {
      while (news.length < count) await sleep(1);
    },
  };
}
