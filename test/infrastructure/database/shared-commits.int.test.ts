import { expect } from 'chai';

import type { Command, CommandStep } from '#application/domain/command.js';

import {
  aCommand,
  anAuditEntry,
  awkwardText,
  newId,
  responsesOf,
  store,
  storeCommand,
  storeFleet,
  type Fleet,
} from './builders.js';
import { rejectionOf, useUnits } from './units.js';

describe('Units that are committed in one turn of the event loop', () => {
  const test = useUnits({ max: 10 });
  const { database } = test;
  let fleet: Fleet;

  beforeEach(async () => {
    fleet = await storeFleet(test.units);
    test.statements.forget();
  });

  /** Stores a command; `told` hears of its commit. */
  const add = (vehicleId = fleet.vehicleId, told?: string[]): Promise<Command> =>
    test.units.withUnit('write', (work) => {
      const { command, transition } = aCommand({ ...fleet, vehicleId });
      work.commands.add(command, transition);
      work.afterCommit(() => told?.push(command.id));
      return Promise.resolve(command);
    });
  const times = <Result>(count: number, task: () => Promise<Result>): Promise<Result[]> =>
    Promise.all(Array.from({ length: count }, task));
  const inserts = () => test.statements.sent().filter((text) => text.includes('insert into commands'));

  it('are one statement, up to sixty-four of them', async () => {
    await times(64, add);
    expect(inserts()).to.have.length(1);
    test.statements.forget();
    await times(65, add);
    expect(inserts()).to.have.length(2);
    expect(await database.query('select 1 from commands')).to.have.length(129);
    expect(await database.query('select 1 from command_transitions')).to.have.length(129);
  });

  it('store what each would store alone', async () => {
    const parameters = { [awkwardText]: [1.5, null, true, { text: awkwardText }] };
    const addAwkward = () =>
      test.units.withUnit('write', (work) => {
        const key = newId();
        const { command, transition } = aCommand(fleet, { parameters, idempotencyKey: key, requestHash: awkwardText });
        work.commands.add(command, transition);
        work.auditLog.append(
          anAuditEntry({ commandId: command.id, entityId: awkwardText, details: { [awkwardText]: awkwardText } }),
        );
        return Promise.resolve(command);
      });
    const rowsOf = async ({ id }: Command) => {
      const [row] = await database.query<Record<string, unknown>>(
        `select to_jsonb(c) - array['command_id', 'expires_at', 'submitted_at', 'idempotency_key'] as command,
           c.expires_at - c.submitted_at as expiry, to_jsonb(t) - array['command_id', 'occurred_at'] as transition,
           to_jsonb(a) - array['log_id', 'command_id', 'occurred_at'] as audit
         from commands c join command_transitions t using (command_id) join audit_logs a using (command_id)
         where command_id = $1`,
        [id],
      );
      return row;
    };
    const alone = await rowsOf(await addAwkward());
    expect(alone)
      .to.have.property('audit')
      .that.deep.includes({ entity_id: awkwardText, details: { [awkwardText]: awkwardText }, user_id: null });
    test.statements.forget();
    const together = await times(2, addAwkward);
    expect(inserts()).to.have.length(1);
    for (const command of together) {
      expect(await rowsOf(command)).to.deep.equal(alone);
      const loaded = await test.units.withUnit('read', (work) => work.commands.load(command.id));
      expect(loaded?.record).to.deep.equal(command.record);
    }
  });

  it('of executions that go on: store what each would store alone, but for one whose lease is lost', async () => {
    const claimed = async () => {
      const command = await storeCommand(test.units, fleet);
      const claim = command.claim({ at: new Date(), actor: 'dispatcher', reason: 'claimed' });
      await store(test.units, (work) => work.commandQueue.lease(claim, { owner: newId(), seconds: 60 }));
      return claim.after;
    };
    const [first, second, third] = await times(3, claimed);
    if (first === undefined || second === undefined || third === undefined) throw new Error('three are needed');
    const stepOf = (command: Command) =>
      command.move(
        {
          to: 'failed',
          at: new Date(),
          actor: awkwardText,
          reason: 'vehicle-error',
          error: { code: 'vehicle-error', message: awkwardText },
        },
        responsesOf(command, 2),
      );
    const advance = (step: CommandStep) =>
      test.units.withUnit('write', (work) => {
        work.commands.advance(step);
        return Promise.resolve();
      });
    const rowsOf = async ({ id }: Command) => {
      const [row] = await database.query<Record<string, unknown>>(
        `select to_jsonb(c) - array['command_id', 'expires_at', 'submitted_at', 'started_at', 'completed_at',
             'lease_owner', 'lease_expires_at'] as command,
           (select jsonb_agg(to_jsonb(t) - array['command_id', 'occurred_at'] order by t.event_number)
            from command_transitions t where t.command_id = c.command_id) as transitions,
           (select jsonb_agg(to_jsonb(r) - array['command_id', 'response_id', 'received_at'] order by r.event_number)
            from responses r where r.command_id = c.command_id) as responses
         from commands c where c.command_id = $1`,
        [id],
      );
      return row;
    };
    await advance(stepOf(first));
    const alone = await rowsOf(first);
    expect(alone?.['responses']).to.have.length(2);
    const untouched = await rowsOf(third);
    await database.query('update commands set lease_number = lease_number + 1 where command_id = $1', [third.id]);
    test.statements.forget();
    const steps = [stepOf(second), stepOf(third)];
    const outcomes = await Promise.allSettled(steps.map(advance));
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected']);
    expect(await rowsOf(second)).to.deep.equal(alone);
    const left = await rowsOf(third);
    expect([left?.['transitions'], left?.['responses']]).to.deep.equal([untouched?.['transitions'], null]);
    const [together = ''] = test.statements.sent();
    expect(together).to.include('update commands').and.include('jsonb_array_elements');
    const loaded = await test.units.withUnit('read', (work) => work.commands.load(second.id));
    expect(loaded).to.deep.equal(steps[0]?.after);
  });

  it('of which one is refused: are committed alone, and only what is stored is told of', async () => {
    const told: string[] = [];
    const outcomes = await Promise.allSettled([
      add(fleet.vehicleId, told),
      add(newId(), told),
      add(fleet.vehicleId, told),
    ]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
    const stored = await database.query<{ command_id: string }>('select command_id from commands');
    expect(told).to.have.members(stored.map(({ command_id: id }) => id));
    expect(told).to.have.length(2);
    // Together, and then each by itself.
    expect(inserts()).to.have.length(4);
  });

  it('of the same row: are not one statement, and the second is refused', async () => {
    const { command, transition } = aCommand(fleet);
    const addIt = () =>
      test.units.withUnit('write', (work) => {
        work.commands.add(command, transition);
        return Promise.resolve();
      });
    const outcomes = await Promise.allSettled([addIt(), addIt()]);
    expect(outcomes.map(({ status }) => status)).to.have.members(['fulfilled', 'rejected']);
    expect(await database.query('select 1 from commands')).to.have.length(1);
  });

  it('when the connection is lost: are not sent a second time, since nobody knows what became of them', async () => {
    await database.query(
      `create function lose_connection() returns trigger language plpgsql as $$
       begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$;
       create trigger lose_connection before insert on commands execute function lose_connection()`,
    );
    try {
      for (const error of await times(3, () => rejectionOf(add())))
        expect(error).to.have.property('kind', 'unavailable');
      expect(inserts()).to.have.length(1);
    } finally {
      await database.query('drop function lose_connection cascade');
    }
    expect(await database.query('select 1 from commands')).to.deep.equal([]);
  });
});
