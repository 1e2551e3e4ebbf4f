import { expect } from 'chai';

import { followCommand } from '#application/commands/follow-command.js';
import type { UserActor } from '#application/domain/actor.js';
import { ApplicationError } from '#application/domain/errors.js';
import type { PurgeStep } from '#application/ports/purge-step.js';
import type { Work } from '#application/ports/unit-of-work.js';
import { InProcessCommandEvents } from '#infrastructure/events/in-process-command-events.js';
import { systemClock } from '#infrastructure/system.js';
import { storeEndedCommands } from '#support/ended-commands.js';

import { newId, storeCommand, storeFleet, type Fleet } from './builders.js';
import { costOf } from './query-plans.js';
import { rejectionOf, useUnits, type Instance } from './units.js';

describe('the purge of commands', () => {
  const instance = useUnits();
  const { database } = instance;
  let fleet: Fleet;

  beforeEach(async () => {
    fleet = await storeFleet(instance.units);
  });

  const ended = (endedAt: string, more: { count?: number; responses?: number; status?: string } = {}) =>
    storeEndedCommands(database, { ...fleet, count: 1, responses: 2, ...more, endedAt });
  const responses =
    (days: number, limit = 500) =>
    (work: Work) =>
      work.commandPurge.purgeResponses(days, limit);
  const commands =
    (days: number, limit = 500) =>
    (work: Work) =>
      work.commandPurge.purgeCommands(days, limit);
  const run = (step: (work: Work) => Promise<PurgeStep>, { units }: Pick<Instance, 'units'> = instance) =>
    units.withUnit('write', step);

  async function all(step: (work: Work) => Promise<PurgeStep>, from?: Instance): Promise<readonly number[]> {
    const rows: number[] = [];
    for (;;) {
      const done = await run(step, from);
      if (!done.mayHaveMore) return rows;
      rows.push(done.rows);
    }
  }

  const idsIn = async (table: string): Promise<readonly string[]> =>
    (await database.query<{ id: string }>(`select distinct command_id::text as id from ${table}`)).map(({ id }) => id);

  it('takes what ended so many days ago, to the second, and nothing that is younger', async () => {
    const [old = ''] = await ended(`now() - interval '30 days 1 second'`);
    const [young = ''] = await ended(`now() - interval '29 days 23 hours 59 minutes'`);
    expect(await all(responses(30))).to.deep.equal([2]);
    expect(await idsIn('responses')).to.deep.equal([young]);
    expect(await all(commands(30))).to.deep.equal([4]);
    expect(await idsIn('commands')).to.deep.equal([young]);
    expect(await idsIn('command_transitions')).to.deep.equal([young]);
    expect(await idsIn('audit_logs')).to.have.members([old, young]);
  });

  it('takes every final state, and never what waits or runs, however old it is', async () => {
    const old = new Date('2020-01-01T00:00:00Z');
    const waiting = await storeCommand(instance.units, fleet, { submittedAt: old });
    const [running = ''] = await ended(`timestamptz '2020-01-01'`);
    await database.query(
      `update commands set status = 'in_progress', completed_at = null, lease_owner = gen_random_uuid(),
         lease_expires_at = now() where command_id = $1`,
      [running],
    );
    for (const status of ['completed', 'failed', 'cancelled', 'expired', 'outcome_unknown']) {
      await ended(`now() - interval '400 days'`, { status });
    }
    expect(await all(responses(1))).to.deep.equal([10]);
    expect(await all(commands(1))).to.deep.equal([20]);
    expect(await idsIn('commands')).to.have.members([waiting.id, running]);
    expect(await idsIn('responses')).to.deep.equal([running]);
  });

  it('leaves a command whose responses are there', async () => {
    const ids = await ended(`now() - interval '400 days'`);
    expect(await all(commands(1))).to.deep.equal([]);
    expect(await idsIn('commands')).to.deep.equal(ids);
  });

  it('takes no more rows in a step than it may, but always a whole command, oldest first', async () => {
    const [small = ''] = await ended(`now() - interval '41 days'`, { responses: 3 });
    const [large = ''] = await ended(`now() - interval '40 days'`, { responses: 25 });
    await ended(`now() - interval '39 days' + n * interval '1 second'`, { count: 6, responses: 4 });
    expect(await run(responses(30, 10))).to.deep.equal({ rows: 3, mayHaveMore: true });
    expect(await idsIn('responses'))
      .to.include(large)
      .and.not.to.include(small);
    expect(await all(responses(30, 10))).to.deep.equal([25, 8, 8, 8]);
    // A command counts for itself and its three transitions.
    expect(await all(commands(30, 10))).to.deep.equal([8, 8, 8, 8]);
  });

  it('goes on behind commands that never had a response', async () => {
    await ended(`now() - interval '41 days' + n * interval '1 second'`, { count: 12, responses: 0 });
    await ended(`now() - interval '40 days'`);
    expect(await all(responses(30, 10))).to.deep.equal([0, 2]);
  });

  it('on several instances at once deletes everything once', async () => {
    await ended(`now() - interval '40 days' + n * interval '1 second'`, { count: 300, responses: 4 });
    const instances = [instance.another(), instance.another(), instance.another()];
    const counts = await Promise.all(instances.map((each) => all(responses(30, 20), each)));
    expect(sum(counts.flat())).to.equal(1200);
    const gone = await Promise.all(instances.map((each) => all(commands(30, 20), each)));
    expect(sum(gone.flat())).to.equal(1200);
    expect(await idsIn('commands')).to.deep.equal([]);
  });

  it('skips what somebody else has locked, and does not wait for it', async () => {
    const [locked = '', free = ''] = await ended(`now() - interval '40 days' + n * interval '1 second'`, { count: 2 });
    const other = instance.another();
    const unit = other.units.open('write');
    await unit.commandPurge.purgeResponses(30, 1);
    expect(await all(responses(30))).to.deep.equal([2]);
    expect(await idsIn('responses')).to.deep.equal([locked]);
    await unit.close();
    expect(await all(responses(30))).to.deep.equal([2]);
    expect([locked, free].every((id) => id !== '')).to.equal(true);
  });

  it('breaks off a stream of which a part is gone, instead of leaving it out', async () => {
    const [id = ''] = await ended(`now() - interval '31 days'`, { responses: 250 });
    const { log } = instance.log;
    const { units } = instance;
    const commandEvents = new InProcessCommandEvents({ log });
    const { begin, events } = followCommand({
      units,
      commandEvents,
      runningCommands: { begunEvents: () => undefined },
      clock: systemClock,
      log,
      recheckSeconds: 5,
    });
    const following = await begin(admin, id, 0);
    const seen: number[] = [];
    const follow = async (): Promise<void> => {
      for await (const { eventNumber } of events(following, new AbortController().signal)) {
        seen.push(eventNumber);
        if (eventNumber === 1) await all(responses(30));
      }
    };
    const refusal = await rejectionOf(follow());
    expect(refusal).to.be.instanceOf(ApplicationError).and.to.include({ code: 'responses-purged', kind: 'gone' });
    expect(seen).to.deep.equal(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(await rejectionOf(begin(admin, id, 100))).to.include({ code: 'responses-purged' });
  });

  it('looks at no row that is not due, among many that have ended', async () => {
    await ended(`now() - n * interval '1 minute'`, { count: 5000, responses: 1 });
    await ended(`now() - interval '40 days' - n * interval '1 second'`, { count: 20 });
    await database.query('analyze');
    for (const [step, name] of [
      [responses(30), 'update commands'],
      [commands(30), 'delete from command_transitions'],
    ] as const) {
      instance.statements.forget();
      expect((await run(step)).rows, name).to.be.above(0);
      const text = instance.statements.sent().find((sent) => sent.includes(name)) ?? '';
      // Looked at again, when all is done: nothing is due, and nothing is read to see that.
      const { rowsRead, scannedTables } = await costOf(database.url, text, [30, 500]);
      expect(scannedTables.filter((table) => table === 'commands')).to.deep.equal([]);
      expect(rowsRead, name).to.be.below(10);
    }
  });
});

const admin: UserActor = {
  kind: 'user',
  userId: newId(),
  username: 'admin',
  role: 'admin',
  sessionId: newId(),
  accessVersion: 0,
  accessUntil: new Date(Date.now() + 600_000),
  origin: { ipAddress: undefined, userAgent: undefined, requestId: undefined },
};

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
