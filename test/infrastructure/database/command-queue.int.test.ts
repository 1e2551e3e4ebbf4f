import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';
import { Client } from 'pg';

import { defaultFleetId } from '#application/domain/fleet.js';
import type { Command, CommandRecord } from '#application/domain/command.js';
import { ConcurrentChange } from '#application/domain/errors.js';
import type { Safety } from '#application/domain/safety.js';
import type { DueCommand } from '#application/ports/command-queue.js';
import type { UnitOfWork, UnitsOfWork } from '#application/ports/unit-of-work.js';

import { aCommand, newId, store, storeCommand, storeFleet, type Fleet } from './builders.js';
import { rejectionOf, useUnits } from './units.js';

const readsPerVehicle = 4;
const owner = newId();

describe('SequelizeCommandQueue', () => {
  const test = useUnits();
  const { database } = test;
  let fleet: Fleet;
  let minute = 0;

  beforeEach(async () => {
    fleet = await storeFleet(test.units, 3);
    minute = 0;
  });

  /** Commands of one vehicle, each accepted a minute after the one before. */
  async function submit(
    safeties: readonly Safety[],
    changes: Partial<CommandRecord> = {},
  ): Promise<readonly Command[]> {
    const commands: Command[] = [];
    for (const safety of safeties) {
      minute += 1;
      const submittedAt = new Date(Date.now() - 3_600_000 + minute * 60_000);
      const expiresAt = new Date(Date.now() + 3_600_000);
      commands.push(await storeCommand(test.units, fleet, { safety, submittedAt, expiresAt, ...changes }));
    }
    return commands;
  }

  async function claim(limit = 100, units: UnitsOfWork = test.units, seconds = 60): Promise<readonly Command[]> {
    return units.withUnit('write', async (work) => {
      const ready = await work.commandQueue.lockReady(limit, readsPerVehicle);
      return ready.map(({ command }) => {
        const step = command.claim({ at: new Date(), actor: 'test', reason: 'claimed' });
        work.commandQueue.lease(step, { owner, seconds });
        return step.after;
      });
    });
  }

  async function finish(commands: readonly Command[], units: UnitsOfWork = test.units): Promise<void> {
    await units.withUnit('write', (work) => {
      for (const command of commands) {
        work.commands.advance(command.move({ to: 'completed', at: new Date(), actor: 'test', reason: 'answered' }));
      }
      return Promise.resolve();
    });
  }

  const ids = (commands: readonly Command[]) => commands.map(({ id }) => id);
  const dueIds = (due: readonly DueCommand[]) => ids(due.map(({ command }) => command));

  describe('addLeased', () => {
    /** A new read, begun with its acceptance. */
    const begin = (vehicleId: string, units: UnitsOfWork = test.units): Promise<Command> => {
      const { command, transition } = aCommand({ ...fleet, vehicleId });
      const { after, transitions } = command.claim({ at: new Date(), actor: 'test', reason: 'claimed' });
      return units.withUnit('write', (work) => {
        work.commandQueue.addLeased(after, [transition, ...transitions], { owner, seconds: 60 });
        return Promise.resolve(after);
      });
    };
    const stored = () => database.query('select command_id from commands');

    it('a free lane: is in progress, under the lease by the clock of the database, and nobody claims it', async () => {
      const command = await begin(fleet.vehicleId);
      const [row] = await database.query<{ readonly owner: string; readonly seconds: number; readonly events: string }>(
        `select c.lease_owner as owner, extract(epoch from c.lease_expires_at - now())::float8 as seconds,
           (select string_agg(t.reason, ' ' order by t.event_number) from command_transitions t
            where t.command_id = c.command_id) as events
         from commands c where c.command_id = $1`,
        [command.id],
      );
      expect(row).to.include({ owner, events: 'submitted claimed' });
      expect(row?.seconds).to.be.within(30, 60);
      const found = await test.units.withUnit('read', (work) => work.commands.load(command.id));
      expect(found?.record).to.deep.equal(command.record);
      expect(await claim()).to.deep.equal([]);
      await finish([command]);
    });

    for (const state of ['waits', 'runs'] as const) {
      it(`a lane in which a command ${state}: is refused, and nothing is stored`, async () => {
        const [first] = await submit(['safe']);
        if (state === 'runs') await claim();
        expect(await rejectionOf(begin(fleet.vehicleId))).to.be.instanceOf(ConcurrentChange);
        expect(await stored()).to.deep.equal([{ command_id: first?.id }]);
        expect(await database.query('select from command_transitions where event_number = 2')).to.have.length(
          state === 'runs' ? 1 : 0,
        );
      });
    }

    it('a lane that somebody looks into: is refused without waiting for them', async () => {
      const holder = new Client({ connectionString: database.url });
      await holder.connect();
      try {
        await holder.query('begin');
        await holder.query('select from vehicles where vehicle_id = $1 for no key update', [fleet.vehicleId]);
        expect(await rejectionOf(begin(fleet.vehicleId))).to.be.instanceOf(ConcurrentChange);
      } finally {
        await holder.end();
      }
      expect(await stored()).to.deep.equal([]);
    });

    it('of two at once for one vehicle: one begins, and those of other vehicles with it', async () => {
      const others = fleet.vehicleIds.slice(1);
      const results = await Promise.allSettled([
        begin(fleet.vehicleId),
        begin(fleet.vehicleId),
        ...others.map((vehicleId) => begin(vehicleId)),
      ]);
      const refused = results.filter((result) => result.status === 'rejected');
      expect(refused).to.have.length(1);
      expect(refused[0]?.reason).to.be.instanceOf(ConcurrentChange);
      expect(await stored()).to.have.length(1 + others.length);
    });

    it('a command that came while the statement was under way: is seen', async () => {
      const taking = database.query(
        'select t.lane from (select pg_sleep(0.5)) s cross join lateral (select take_lanes(array[$1::uuid]) as lane) t',
        [fleet.vehicleId],
      );
      await sleep(100);
      await submit(['safe']);
      expect(await taking).to.deep.equal([]);
    });
  });

  describe('countPending', () => {
    it('counts what waits, may it start or not, up to the limit', async () => {
      const count = (limit: number) => test.units.withUnit('write', (work) => work.commandQueue.countPending(limit));
      expect(await count(5)).to.equal(0);
      const [first] = await submit(['unsafe', 'safe', 'safe']);
      await database.query("update commands set not_before = now() + interval '1 hour' where command_id = $1", [
        first?.id,
      ]);
      expect(await count(5)).to.equal(3);
      expect(await count(2)).to.equal(2);
    });
  });

  describe('lockReady', () => {
    it('nothing waits: is nothing, for one statement', async () => {
      test.statements.forget();
      const unit = test.units.open('write');
      expect(await unit.commandQueue.lockReady(10, readsPerVehicle)).to.deep.equal([]);
      await unit.close();
      expect(test.statements.verbs()).to.deep.equal(['START TRANSACTION', 'select', 'ROLLBACK']);
    });

    for (const safety of ['idempotent', 'unsafe'] as const) {
      it(`${safety} commands of a vehicle: run alone and in the order of acceptance`, async () => {
        const commands = await submit([safety, safety, safety]);
        const order: string[] = [];
        for (let round = 0; round < 3; round += 1) {
          const claimed = await claim();
          expect(claimed).to.have.length(1);
          expect(await claim(), 'while it runs').to.deep.equal([]);
          order.push(...ids(claimed));
          await finish(claimed);
        }
        expect(order).to.deep.equal(ids(commands));
      });
    }

    it('reads of a vehicle: four at once, and the next as soon as one has ended', async () => {
      const commands = await submit(Array.from({ length: 7 }, () => 'safe' as const));
      const first = await claim();
      expect(ids(first)).to.deep.equal(ids(commands.slice(0, 4)));
      expect(await claim()).to.deep.equal([]);
      await finish(first.slice(1, 2));
      expect(ids(await claim())).to.deep.equal(ids(commands.slice(4, 5)));
      await finish(first.slice(2, 4));
      expect(ids(await claim())).to.deep.equal(ids(commands.slice(5, 7)));
    });

    it('a read behind a waiting change: waits for it, reads before it don’t', async () => {
      const [before, change, behind] = await submit(['safe', 'unsafe', 'safe']);
      const first = await claim();
      expect(ids(first)).to.deep.equal([before?.id]);
      expect(await claim(), 'the change waits for the read').to.deep.equal([]);
      await finish(first);
      const second = await claim();
      expect(ids(second)).to.deep.equal([change?.id]);
      expect(await claim(), 'the read waits for the change').to.deep.equal([]);
      await finish(second);
      expect(ids(await claim())).to.deep.equal([behind?.id]);
    });

    it('a change that may not be tried yet: keeps its place in the lane', async () => {
      const [change] = await submit(['idempotent', 'safe', 'idempotent']);
      const notBefore = new Date(Date.now() + 60_000);
      await database.query('update commands set not_before = $2 where command_id = $1', [change?.id, notBefore]);
      expect(await claim()).to.deep.equal([]);
      await database.query('update commands set not_before = now() where command_id = $1', [change?.id]);
      expect(ids(await claim())).to.deep.equal([change?.id]);
    });

    it('a read that may not be tried yet: lets the others pass', async () => {
      const [first, second] = await submit(['safe', 'safe']);
      const notBefore = new Date(Date.now() + 60_000);
      await database.query('update commands set not_before = $2 where command_id = $1', [first?.id, notBefore]);
      expect(ids(await claim())).to.deep.equal([second?.id]);
    });

    it('a command whose time is over: is never given out, and found by lockExpired', async () => {
      const [late] = await submit(['unsafe'], { expiresAt: new Date(Date.now() - 1) });
      expect(await claim()).to.deep.equal([]);
      const unit = test.units.open('write');
      expect(ids(await unit.commandQueue.lockExpired(10))).to.deep.equal([late?.id]);
      await unit.close();
    });

    it('vehicles: are independent of each other, the oldest command first, up to the limit', async () => {
      const accepted: string[] = [];
      for (const vehicleId of [...fleet.vehicleIds].reverse()) {
        const [first] = await submit(['unsafe', 'unsafe'], { vehicleId });
        accepted.push(first?.id ?? '');
      }
      expect(ids(await claim(2))).to.deep.equal(accepted.slice(0, 2));
      expect(ids(await claim(2))).to.deep.equal(accepted.slice(2));
    });

    it('a lane that another unit has locked: is passed over without waiting', async () => {
      const [first] = await submit(['unsafe']);
      const [other] = await submit(['unsafe'], { vehicleId: fleet.vehicleIds[1] ?? '' });
      const holder = test.units.open('write');
      expect(dueIds(await holder.commandQueue.lockReady(1, readsPerVehicle))).to.deep.equal([first?.id]);
      expect(ids(await claim())).to.deep.equal([other?.id]);
      await holder.close();
      expect(ids(await claim())).to.deep.equal([first?.id]);
    });

    it('an acceptance while its lane is locked: does not wait for it', async () => {
      await submit(['unsafe']);
      const holder = test.units.open('write');
      await holder.commandQueue.lockReady(1, readsPerVehicle);
      await submit(['unsafe']);
      await holder.close();
    });

    it('an earlier command that is committed late: waits for what has overtaken it, then comes first', async () => {
      const [early, late, last] = await submit(['unsafe', 'unsafe', 'unsafe']);
      await database.query('create table kept as select * from commands where command_id = $1', [early?.id]);
      await database.query('delete from command_transitions where command_id = $1', [early?.id]);
      await database.query('delete from commands where command_id = $1', [early?.id]);
      await database.query('begin');
      await database.query('insert into commands select * from kept');
      const overtaken = await claim();
      expect(ids(overtaken)).to.deep.equal([late?.id]);
      await database.query('commit; drop table kept');
      expect(await claim()).to.deep.equal([]);
      await finish(overtaken);
      const next = await claim();
      expect(ids(next)).to.deep.equal([early?.id]);
      await finish(next);
      expect(ids(await claim())).to.deep.equal([last?.id]);
    });

    it('a command that is cancelled while it is being looked at: is not given out', async () => {
      const [command] = await submit(['unsafe']);
      if (command === undefined) throw new Error('There is no command.');
      await database.query('begin');
      await database.query(`update commands set status = 'cancelled', completed_at = now() where command_id = $1`, [
        command.id,
      ]);
      expect(await claim(), 'while the cancel is not committed').to.deep.equal([]);
      await database.query('commit');
      expect(await claim()).to.deep.equal([]);
    });

    it('commands that somebody cancels at the same moment: are given out as they were, or not at all', async () => {
      const lanes = await storeFleet(test.units, 100);
      await store(test.units, (work) => {
        for (const vehicleId of lanes.vehicleIds) {
          const { command, transition } = aCommand({ ...lanes, vehicleId });
          work.commands.add(command, transition);
        }
      });
      const look = async (): Promise<readonly Command[]> => {
        const unit = test.units.open('write');
        try {
          return (await unit.commandQueue.lockReady(100, readsPerVehicle)).map(({ command }) => command);
        } finally {
          await unit.close();
        }
      };
      for (let round = 0; round < 60; round += 1) {
        await database.query(`update commands set status = 'pending', completed_at = null`);
        const cancel = async () => {
          await sleep(round / 6);
          await database.query(`update commands set status = 'cancelled', completed_at = now()`);
        };
        const [ready] = await Promise.all([look(), cancel()]);
        expect(ready.filter(({ status }) => status !== 'pending')).to.deep.equal([]);
      }
    });

    it('what was locked but not leased: is free again when the unit ends', async () => {
      const [command] = await submit(['unsafe']);
      const unit = test.units.open('write');
      await unit.commandQueue.lockReady(1, readsPerVehicle);
      await unit.close();
      expect(ids(await claim())).to.deep.equal([command?.id]);
    });

    it('three instances that claim at once: never give a command out twice, never let a change run beside anything', async function () {
      this.timeout(60_000);
      const instances = [test, test.another({ max: 4 }), test.another({ max: 4 })];
      const lanes = await storeFleet(test.units, 25);
      const safeties: readonly Safety[] = ['safe', 'safe', 'unsafe', 'safe', 'idempotent', 'safe', 'safe'];
      const all = Array.from({ length: 2000 }, (_, index) => ({
        vehicleId: lanes.vehicleIds[index % 25] ?? '',
        safety: safeties[index % safeties.length] ?? 'safe',
      }));
      await test.units.withUnit('write', (work) => {
        for (const changes of all) {
          const { command, transition } = aCommand(lanes, changes);
          work.commands.add(command, transition);
        }
        return Promise.resolve();
      });
      const seen = new Set<string>();
      const running = new Map<string, Set<Command>>(lanes.vehicleIds.map((id) => [id, new Set()]));
      const lastChange = new Map<string, string>();
      let mostReads = 0;

      const begin = (command: Command): void => {
        const lane = running.get(command.record.vehicleId) ?? new Set();
        expect(seen.has(command.id), 'given out twice').to.equal(false);
        seen.add(command.id);
        if (command.changesVehicle) {
          expect(lane.size, 'a change beside something').to.equal(0);
          expect(command.id > (lastChange.get(command.record.vehicleId) ?? ''), 'in order').to.equal(true);
          lastChange.set(command.record.vehicleId, command.id);
        }
        for (const other of lane) expect(other.changesVehicle, 'beside a change').to.equal(false);
        lane.add(command);
        mostReads = Math.max(mostReads, lane.size);
        expect(lane.size, 'reads at once').to.be.at.most(readsPerVehicle);
      };
      const work = async (units: UnitsOfWork): Promise<void> => {
        while (seen.size < all.length) {
          const claimed = await claim(20, units);
          claimed.forEach(begin);
          await sleep(1);
          for (const command of claimed) running.get(command.record.vehicleId)?.delete(command);
          if (claimed.length > 0) await finish(claimed, units);
          else await sleep(10);
        }
      };
      await Promise.all(instances.flatMap(({ units }) => [work(units), work(units), work(units)]));
      expect(mostReads).to.be.above(1);
      const [row] = await database.query(
        `select count(*)::integer as commands, min(attempts) as least, max(attempts) as most, max(lease_number) as leases
         from commands where status = 'completed'`,
      );
      expect(row).to.deep.equal({ commands: 2000, least: 1, most: 1, leases: 1 });
    });
  });

  describe('a lease', () => {
    async function abandoned(except: readonly string[] = []): Promise<readonly string[]> {
      const unit = test.units.open('write');
      const found = await unit.commandQueue.lockAbandoned(10, except);
      await unit.close();
      return dueIds(found);
    }

    async function renew(command: Command, changes: { owner?: string; leaseNumber?: number } = {}) {
      const leaseNumber = changes.leaseNumber ?? command.record.leaseNumber;
      return test.units.withUnit('write', (work) =>
        work.commandQueue.renew({ owner: changes.owner ?? owner, seconds: 60 }, [
          { commandId: command.id, leaseNumber },
        ]),
      );
    }

    async function only(commands: Promise<readonly Command[]>): Promise<Command> {
      const [command] = await commands;
      return command ?? expect.fail('There is no command.');
    }

    it('that lasts: is left alone; that has run out: is found, except by who holds it', async () => {
      await submit(['unsafe']);
      const command = await only(claim());
      expect(await abandoned()).to.deep.equal([]);
      await database.query(`update commands set lease_expires_at = clock_timestamp() - interval '1 ms'`);
      expect(await abandoned([command.id])).to.deep.equal([]);
      expect(await abandoned([newId()])).to.deep.equal([command.id]);
    });

    it('that is renewed: lasts again, and tells of a wish to cancel', async () => {
      await submit(['unsafe']);
      const command = await only(claim(1, test.units, 0));
      expect(await renew(command)).to.deep.equal([{ commandId: command.id, isCancelRequested: false }]);
      expect(await abandoned()).to.deep.equal([]);
      await store(test.units, (work) => work.commands.requestCancel(command.id, new Date()));
      expect(await renew(command)).to.deep.equal([{ commandId: command.id, isCancelRequested: true }]);
    });

    it('of another owner, of another number, or of an ended command: is not renewed', async () => {
      await submit(['unsafe']);
      const command = await only(claim(1, test.units, 0));
      expect(await renew(command, { owner: newId() })).to.deep.equal([]);
      expect(await renew(command, { leaseNumber: 2 })).to.deep.equal([]);
      expect(await abandoned()).to.deep.equal([command.id]);
      await finish([command]);
      expect(await renew(command)).to.deep.equal([]);
      expect(await abandoned()).to.deep.equal([]);
    });

    it('that is given back by its owner: has run out at once; by another: it stays', async () => {
      await submit(['safe']);
      const command = await only(claim());
      const release = (by: string) =>
        test.units.withUnit('write', (work) => work.commandQueue.release(by, [command.id]));
      await release(newId());
      expect(await abandoned()).to.deep.equal([]);
      await release(owner);
      expect(await abandoned()).to.deep.equal([command.id]);
    });

    it('that was taken over: refuses everything that the old owner writes', async () => {
      await submit(['safe']);
      const old = await only(claim(1, test.units, 0));
      const taken = await test.units.withUnit('write', async (work) => {
        const [due] = await work.commandQueue.lockAbandoned(1, []);
        if (due === undefined) throw new Error('There is nothing to take over.');
        const step = due.command.claim({ at: new Date(), actor: 'test', reason: 'taken-over' });
        work.commandQueue.lease(step, { owner: newId(), seconds: 60 });
        return step.after;
      });
      expect(taken.record).to.include({ leaseNumber: 2, attempts: 2 });
      expect(await renew(old)).to.deep.equal([]);
      expect(await rejectionOf(finish([old]))).to.be.instanceOf(ConcurrentChange);
      await finish([taken]);
    });

    it('that two instances take over at once: goes to one of them', async () => {
      await submit(['safe']);
      await claim(1, test.units, 0);
      const other = test.another();
      const found: string[] = [];
      await Promise.all(
        [test.units, other.units].map((units) =>
          units.withUnit('write', async (work) => {
            const abandoned = await work.commandQueue.lockAbandoned(1, []);
            for (const { command } of abandoned) {
              found.push(command.id);
              const step = command.claim({ at: new Date(), actor: 'test', reason: 'taken-over' });
              work.commandQueue.lease(step, { owner: newId(), seconds: 60 });
            }
          }),
        ),
      );
      expect(found).to.have.length(1);
    });

    it('lockExpired: takes the oldest first, up to its limit, and skips what another unit has locked', async () => {
      await submit(['safe', 'safe', 'safe'], { expiresAt: new Date() });
      await spread('expires_at');
      await expectOldestFirst((unit, limit) => unit.commandQueue.lockExpired(limit));
    });

    it('lockAbandoned: takes the oldest first, up to its limit, and skips what another unit has locked', async () => {
      await submit(['safe', 'safe', 'safe']);
      await claim();
      await spread('lease_expires_at');
      await expectOldestFirst(async (unit, limit) =>
        (await unit.commandQueue.lockAbandoned(limit, [])).map(({ command }) => command),
      );
    });

    /** Puts a time of all commands into the past, the later the command was made the further. */
    async function spread(column: string): Promise<void> {
      await database.query(
        `update commands c
         set ${column} = now() - interval '1 minute' * r.place
         from (select command_id, row_number() over (order by command_id) as place from commands) r
         where r.command_id = c.command_id`,
      );
    }

    async function expectOldestFirst(
      lock: (unit: UnitOfWork, limit: number) => Promise<readonly Command[]>,
    ): Promise<void> {
      const rows = await database.query<{ id: string }>(
        'select command_id as id from commands order by command_id desc',
      );
      const expected = rows.map(({ id }) => id);
      const [first, second] = [test.units.open('write'), test.units.open('write')];
      try {
        expect(ids(await lock(first, 1))).to.deep.equal(expected.slice(0, 1));
        expect(ids(await lock(second, 10))).to.deep.equal(expected.slice(1));
      } finally {
        await Promise.all([first.close(), second.close()]);
      }
    }
  });

  it('a long lane: is looked at, row by row, with a bounded number of others for each', async () => {
    await database.query(
      `insert into commands (command_id, user_id, vehicle_id, command_name, command_params, safety, status, when_offline,
         timeout_seconds, expires_at, submitted_at, attempts, last_event_number, response_count, lease_number, fleet_id)
       select gen_random_uuid(), $1, $2, 'read-data', '{}', case when i % 2 = 0 then 'safe' else 'unsafe' end, 'pending',
         'queue', 30, now() + interval '1 hour', now() + i * interval '1 ms', 0, 1, 0, 0, $3
       from generate_series(1, 5000) i`,
      [fleet.userId, fleet.vehicleId, defaultFleetId],
    );
    const other = test.another();
    const before = await rowsRead();
    expect(await claim(100, other.units)).to.have.length(1);
    expect(await claim(100, other.units)).to.have.length(0);
    // A session tells what it has read when it ends.
    await other.close();
    await untilNobodyElse();
    expect((await rowsRead()) - before).to.be.within(5000, 40 * 5000);
  });

  async function untilNobodyElse(): Promise<void> {
    const text = `select 1 from pg_stat_activity where datname = current_database() and application_name = 'sovd-fleet'`;
    const sessions = test.pool().size;
    while ((await database.query(text)).length > sessions) await sleep(5);
  }

  async function rowsRead(): Promise<number> {
    const [row] = await database.query<{ read: number }>(
      `select (sum(i.idx_tup_read) + (select t.seq_tup_read from pg_stat_user_tables t where t.relname = 'commands'))::float8 as read
       from pg_stat_user_indexes i
       where i.relname = 'commands'`,
    );
    return row?.read ?? Number.NaN;
  }
});
