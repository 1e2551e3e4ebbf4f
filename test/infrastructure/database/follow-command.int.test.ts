import { expect } from 'chai';

import { followCommand, type FollowCommand } from '#application/commands/follow-command.js';
import type { UserActor } from '#application/domain/actor.js';
import type { Command, CommandStep } from '#application/domain/command.js';
import type { CommandEvents } from '#application/ports/command-events.js';
import type { CommandEvent } from '#application/ports/command-repository.js';
import { announceStep, eventsOf, type AnnounceStep } from '#application/record/announce-step.js';
import { InProcessCommandEvents } from '#infrastructure/events/in-process-command-events.js';
import { systemClock } from '#infrastructure/system.js';

import { aCommand, newId, responsesOf, storeCommand, storeFleet } from './builders.js';
import { rejectionOf, useUnits } from './units.js';

const admin: UserActor = {
  kind: 'user',
  userId: newId(),
  username: 'admin',
  role: 'admin',
  sessionId: newId(),
  accessVersion: 0,
  accessUntil: new Date(Date.now() + 3_600_000),
  origin: { requestId: 'r', ipAddress: '127.0.0.1', userAgent: 'mocha' },
};

describe('followCommand', () => {
  /** What this instance knows of commands without a look. */
  const begunEvents = new Map<string, readonly CommandEvent[]>();
  const runningCommands = { begunEvents: (id: string) => begunEvents.get(id) };
  const instance = useUnits();
  let commandEvents: CommandEvents;
  let follower: FollowCommand;
  let command: Command;
  let received: CommandEvent[];
  let whole: Promise<void>;

  beforeEach(async () => {
    const { units } = instance;
    const { log } = instance.log;
    commandEvents = new InProcessCommandEvents({ log });
    follower = followCommand({
      units,
      commandEvents,
      runningCommands,
      clock: systemClock,
      log,
      recheckSeconds: 3600,
    });
    command = await storeCommand(units, await storeFleet(units));
    received = [];
    whole = follow();
    await until(1);
  });

  async function follow(): Promise<void> {
    const following = await follower.begin(admin, command.id, 0);
    for await (const event of follower.events(following, new AbortController().signal)) received.push(event);
  }

  /** Waits until so many events came, and a moment more, so that the follower waits for the next one. */
  async function until(count: number): Promise<void> {
    while (received.length < count) await systemClock.sleep(5);
    await systemClock.sleep(20);
  }

  const remark = (of: Command): CommandStep => of.remark('cancel-refused', new Date(), 'test');
  const cancel = (of: Command, responses = 0): CommandStep =>
    of.move({ to: 'cancelled', at: new Date(), actor: 'test', reason: 'cancel-requested' }, responsesOf(of, responses));
  const announce: AnnounceStep = (work, step) =>
    announceStep({ commandEvents, measurements: { commandMoved: () => undefined } })(work, step);
  const store = (step: CommandStep, isAnnounced = false): Promise<void> =>
    instance.units.withUnit('write', (work) => {
      work.commands.advance(step);
      if (isAnnounced) announce(work, step);
      return Promise.resolve();
    });
  const stored = (): Promise<readonly CommandEvent[]> =>
    instance.units.withUnit('read', (work) => work.commands.listEvents(command.id, 0, 100));

  /** The events of the test, with another way to subscribe to them. */
  const subscribedBy = (subscribe: CommandEvents['subscribe']): CommandEvents => ({
    publish: (news) => commandEvents.publish(news),
    subscribe,
    isConnected: () => commandEvents.isConnected(),
    close: () => commandEvents.close(),
  });
  const reads = (): number => instance.statements.sent().filter((text) => text.includes('from responses r')).length;

  it('while it waits: has events from the news of this instance, without a read, as they are stored', async () => {
    const first = remark(command);
    await store(first, true);
    await until(2);
    const before = reads();
    await store(cancel(first.after, 3), true);
    await whole;
    expect(reads()).to.equal(before);
    expect(received.map(({ eventNumber }) => eventNumber)).to.deep.equal([1, 2, 3, 4, 5, 6]);
    expect(received).to.deep.equal(await stored());
  });

  describe('that hears news while it begins', () => {
    /** Follows the command, and is told this just when it has begun to listen. Gives the numbers of the events as they come. */
    async function* numbersAfter(heard: readonly CommandEvent[]): AsyncGenerator<number, void> {
      const early = subscribedBy(async (id, listener) => {
        const unsubscribe = await commandEvents.subscribe(id, listener);
        for (const event of heard) listener({ commandId: id, eventNumber: event.eventNumber, events: [event] });
        return unsubscribe;
      });
      const { units } = instance;
      const { log } = instance.log;
      const { begin, events } = followCommand({
        units,
        commandEvents: early,
        runningCommands,
        clock: systemClock,
        log,
        recheckSeconds: 3600,
      });
      const following = await begin(admin, command.id, 0);
      for await (const event of events(following, new AbortController().signal)) yield event.eventNumber;
    }

    it('hands on what is new without another read', async () => {
      const step = remark(command);
      const [transition] = step.transitions;
      if (transition === undefined) throw new Error('a remark is a transition');
      const heard: readonly CommandEvent[] = [...(await stored()), { kind: 'status', eventNumber: 2, transition }];
      const before = reads();
      const numbers = numbersAfter(heard);
      expect([(await numbers.next()).value, (await numbers.next()).value]).to.deep.equal([1, 2]);
      const third = numbers.next();
      await systemClock.sleep(20);
      expect(reads() - before).to.equal(1);
      await store(step);
      await store(cancel(step.after), true);
      expect((await third).value).to.equal(3);
      expect((await numbers.next()).done).to.equal(true);
      await whole;
    });

    it('does not look for more when it has it all already', async () => {
      const heard = await stored();
      const before = reads();
      const numbers = numbersAfter(heard);
      expect((await numbers.next()).value).to.equal(1);
      const second = numbers.next();
      await systemClock.sleep(20);
      expect(reads() - before).to.equal(1);
      await store(cancel(command), true);
      expect((await second).value).to.equal(2);
      await whole;
    });
  });

  describe('of a command that this instance has just begun', () => {
    let begun: CommandStep;

    beforeEach(async () => {
      const { command: added, transition } = aCommand(await storeFleet(instance.units));
      const claim = added.claim({ at: new Date(), actor: 'dispatcher', reason: 'claimed' });
      begun = { ...claim, transitions: [transition, ...claim.transitions] };
      await instance.units.withUnit('write', (work) => {
        work.commandQueue.addLeased(begun.after, begun.transitions, { owner: newId(), seconds: 60 });
        announce(work, begun);
        return Promise.resolve();
      });
      begunEvents.set(begun.after.id, eventsOf(begun));
    });

    afterEach(async () => {
      await store(cancel(command), true);
      await whole;
    });

    /** The numbers of the events behind one, until the command has ended. */
    async function numbers(after = 0): Promise<readonly number[]> {
      const following = await follower.begin(admin, begun.after.id, after);
      const received: number[] = [];
      for await (const event of follower.events(following, new AbortController().signal))
        received.push(event.eventNumber);
      return received;
    }
    const statements = (): number => instance.statements.sent().length;

    it('begins without the database, and goes on with the news', async () => {
      const before = statements();
      const streams = [numbers(), numbers(1), numbers(2)];
      await systemClock.sleep(20);
      expect(statements()).to.equal(before);
      await store(cancel(begun.after, 1), true);
      expect(await Promise.all(streams)).to.deep.equal([
        [1, 2, 3, 4],
        [2, 3, 4],
        [3, 4],
      ]);
    });

    it('has the events as the database has them', async () => {
      const following = await follower.begin(admin, begun.after.id, 0);
      const received: CommandEvent[] = [];
      for await (const event of follower.events(following, new AbortController().signal)) {
        received.push(event);
        if (received.length === 2) break;
      }
      const inDatabase = await instance.units.withUnit('read', (work) =>
        work.commands.listEvents(begun.after.id, 0, 100),
      );
      expect(received).to.deep.equal(inDatabase);
    });

    it('is for those alone who may see it', async () => {
      const stranger: UserActor = { ...admin, userId: newId(), role: 'engineer' };
      expect(await rejectionOf(follower.begin(stranger, begun.after.id, 0))).to.include({ code: 'command-not-found' });
    });

    it('looks into the database for one who has seen more', async () => {
      const step = remark(begun.after);
      await store(step);
      await store(cancel(step.after));
      expect(await numbers(3)).to.deep.equal([4]);
    });
  });

  it('news behind a gap: are not believed to be all there is', async () => {
    const first = remark(command);
    const second = cancel(first.after);
    await store(first);
    await store(second, true);
    await whole;
    expect(received)
      .to.deep.equal(await stored())
      .and.to.have.lengthOf(3);
  });

  it('several news at once, in any order and twice: each event comes once, in order', async () => {
    const steps = [remark(command)];
    for (let count = 0; count < 3; count += 1) steps.push(remark((steps.at(-1) as CommandStep).after));
    steps.push(cancel((steps.at(-1) as CommandStep).after, 2));
    for (const step of steps) await store(step);
    const news = steps.map(({ after, transitions, responses }) => ({
      commandId: command.id,
      eventNumber: after.record.lastEventNumber,
      events: [
        ...responses.map((response) => ({ kind: 'response', eventNumber: response.eventNumber, response }) as const),
        ...transitions.map((t) => ({ kind: 'status', eventNumber: t.eventNumber, transition: t }) as const),
      ],
    }));
    for (const each of [...news, ...news.toReversed()]) commandEvents.publish(each);
    await whole;
    expect(received)
      .to.deep.equal(await stored())
      .and.to.have.lengthOf(8);
  });

  it('news without events: are looked up', async () => {
    const step = cancel(command, 1);
    await store(step);
    commandEvents.publish({ commandId: command.id, eventNumber: step.after.record.lastEventNumber });
    await whole;
    expect(received)
      .to.deep.equal(await stored())
      .and.to.have.lengthOf(3);
  });

  it('whoever is refused, or goes before asking for an event: leaves no subscription behind', async () => {
    let subscriptions = 0;
    const counted = subscribedBy(async (id, listener) => {
      const unsubscribe = await commandEvents.subscribe(id, listener);
      subscriptions += 1;
      return () => {
        subscriptions -= 1;
        unsubscribe();
      };
    });
    const { units } = instance;
    const { log } = instance.log;
    const { begin, events } = followCommand({
      units,
      commandEvents: counted,
      runningCommands,
      clock: systemClock,
      log,
      recheckSeconds: 3600,
    });
    expect(await rejectionOf(begin(admin, newId(), 0))).to.include({ code: 'command-not-found' });
    await systemClock.sleep(5);
    expect(subscriptions).to.equal(0);
    const gone = new AbortController();
    events(await begin(admin, command.id, 0), gone.signal);
    expect(subscriptions).to.equal(1);
    gone.abort();
    await systemClock.sleep(5);
    expect(subscriptions).to.equal(0);
    events(await begin(admin, command.id, 0), gone.signal);
    await systemClock.sleep(5);
    expect(subscriptions).to.equal(0);
    await store(cancel(command), true);
    await whole;
  });
});
