import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { ApplicationError } from '#application/domain/errors.js';
import { UnitOfWorkClosed, type Access, type UnitOfWork } from '#application/ports/unit-of-work.js';
import type { UnitStatements } from '#infrastructure/database/unit-statements.js';

import { levelNumbers } from '../observability/captured-log.js';
import {
  aCommand,
  anAuditEntry,
  aSession,
  aUser,
  aVehicle,
  newId,
  responsesOf,
  storeCommand,
  storeFleet,
} from './builders.js';
import { openTransaction, rejectionOf, useUnits } from './units.js';

describe('SequelizeUnitOfWork', () => {
  const test = useUnits();
  const { database } = test;
  const open: UnitOfWork[] = [];

  afterEach(async () => {
    for (const unit of open.splice(0)) await unit.close();
  });

  function openUnit(access: Access = 'write'): UnitOfWork {
    const unit = test.units.open(access);
    open.push(unit);
    return unit;
  }

  async function count(table: string): Promise<number> {
    const [row] = await database.query<{ count: number }>(`select count(*)::integer as count from ${table}`);
    return row?.count ?? Number.NaN;
  }

  describe('opening', () => {
    it('a thousand units: cost no connection and no statement', async () => {
      const fresh = test.another();
      const units = Array.from({ length: 1000 }, (_, index) => fresh.units.open(index % 2 === 0 ? 'read' : 'write'));
      expect(fresh.pool()).to.deep.equal({ size: 0, available: 0, using: 0, waiting: 0 });
      await Promise.all(units.map((unit) => (unit.commit(), unit.close())));
      expect(fresh.pool().size).to.equal(0);
      expect(fresh.statements.sent()).to.deep.equal([]);
    });
  });

  describe('a unit that reads', () => {
    it('two reads and a commit: are two round trips, without BEGIN and COMMIT, and keep no connection', async () => {
      const { vehicleId } = await storeFleet(test.units);
      test.statements.forget();
      const unit = openUnit('read');
      await unit.vehicles.load(vehicleId);
      expect(test.pool().using).to.equal(0);
      await unit.commands.list({ scope: { kind: 'all' } }, { limit: 10, after: undefined });
      await unit.commit();
      expect(test.statements.verbs()).to.deep.equal(['select', 'select']);
    });

    it('all that notes, locks or writes: is refused and sends nothing', async () => {
      const unit = openUnit('read');
      const { command, transition } = aCommand({ userId: newId(), vehicleId: newId() });
      const session = aSession(newId());
      const vehicle = aVehicle();
      const step = command.remark('claimed', new Date(), 'test');
      const lease = { owner: newId(), seconds: 10 };
      const acts: readonly (() => unknown)[] = [
        () => unit.users.add(aUser()),
        () => unit.sessions.add(session),
        () => unit.sessions.rotate(session, new Date()),
        () => unit.sessions.revokeFamily(session.familyId),
        () => unit.vehicles.add(vehicle),
        () => unit.vehicles.save(vehicle),
        () => unit.vehicles.recordContact(vehicle.id, { status: 'connected', at: new Date() }),
        () => unit.commands.add(command, transition),
        () => unit.commands.releaseIdempotencyKey(command.id),
        () => unit.commands.advance(step),
        () => unit.commands.requestCancel(command.id, new Date()),
        () => unit.commandQueue.lockReady(1, 1),
        () => unit.commandQueue.lockAbandoned(1, []),
        () => unit.commandQueue.lockExpired(1),
        () => unit.commandQueue.lease(step, lease),
        () => unit.commandQueue.renew(lease, []),
        () => unit.commandQueue.release(lease.owner, []),
        () => unit.auditLog.append(anAuditEntry()),
      ];
      for (const act of acts) {
        const error = await rejectionOf(Promise.resolve().then(act));
        expect(error, String(act))
          .to.be.an('error')
          .with.property('message', 'a unit that only reads cannot change anything');
      }
      await unit.commit();
      expect(test.statements.sent()).to.deep.equal([]);
    });
  });

  describe('a unit that writes', () => {
    it('a command with its transition and an audit entry: are one statement without BEGIN', async () => {
      const fleet = await storeFleet(test.units);
      test.statements.forget();
      const unit = openUnit();
      const { command, transition } = aCommand(fleet);
      unit.commands.add(command, transition);
      unit.auditLog.append(anAuditEntry());
      expect(test.statements.sent(), 'before the commit').to.deep.equal([]);
      await unit.commit();
      expect(test.statements.verbs()).to.deep.equal(['with']);
      expect([await count('commands'), await count('command_transitions'), await count('audit_logs')]).to.deep.equal([
        1, 1, 1,
      ]);
    });

    it('one change without expectations: is sent as it is', async () => {
      const unit = openUnit();
      unit.auditLog.append(anAuditEntry());
      await unit.commit();
      expect(test.statements.verbs()).to.deep.equal(['insert']);
    });

    it('nothing noted: commits without a statement', async () => {
      await openUnit().commit();
      expect(test.statements.sent()).to.deep.equal([]);
    });

    it('a change that cannot wait: begins a transaction that the rest joins', async () => {
      const fleet = await storeFleet(test.units);
      const first = await storeCommand(test.units, fleet, { idempotencyKey: 'key', requestHash: 'hash' });
      test.statements.forget();
      const unit = openUnit();
      await unit.commands.releaseIdempotencyKey(first.id);
      const { command, transition } = aCommand(fleet, { idempotencyKey: 'key', requestHash: 'hash' });
      unit.commands.add(command, transition);
      expect(await count('commands'), 'before the commit').to.equal(1);
      await unit.commit();
      expect(test.statements.verbs()).to.deep.equal(['START TRANSACTION', 'update', 'with', 'COMMIT']);
      const kept = await test.units.open('read').commands.findByIdempotencyKey(fleet.userId, 'key');
      expect(kept?.item.id).to.equal(command.id);
    });

    it('two changes of one row: are made in their order, in one transaction', async () => {
      const unit = openUnit();
      const vehicle = aVehicle();
      unit.vehicles.add(vehicle);
      unit.vehicles.save(vehicle.change({ make: 'First' }, new Date()));
      unit.vehicles.save(vehicle.change({}, new Date()).change({ make: 'Second' }, new Date()));
      await unit.commit();
      expect(test.statements.verbs()).to.deep.equal(['START TRANSACTION', 'with', 'with', 'with', 'COMMIT']);
      const stored = await test.units.open('read').vehicles.load(vehicle.id);
      expect(stored).to.include({ make: 'Second', version: 3 });
    });

    it('a change that cannot be sent at all: lets none of the others be committed', async () => {
      const unit = openUnit() as UnitOfWork & UnitStatements;
      const vehicle = aVehicle();
      unit.vehicles.add(vehicle);
      unit.vehicles.save(vehicle.change({ make: 'Second' }, new Date()));
      const failure = new Error('it has no text');
      const unsendable = {
        toPostgres: () => {
          throw failure;
        },
      };
      unit.note({ text: 'update users set email = $1', values: [unsendable] });
      expect(await rejectionOf(unit.commit())).to.equal(failure);
      expect(await count('vehicles')).to.equal(0);
      expect(test.statements.verbs().at(-1)).to.equal('ROLLBACK');
      expect(test.pool()).to.include({ using: 0, waiting: 0 });
    });

    it('many changes: are all there, or none of them', async () => {
      const fleet = await storeFleet(test.units);
      const commands = Array.from({ length: 2500 }, () => aCommand(fleet));
      const fill = async (unit: UnitOfWork) => {
        for (const { command, transition } of commands) unit.commands.add(command, transition);
        return unit.commit();
      };
      const bad = openUnit();
      const [first] = commands;
      if (first === undefined) throw new Error('There is no command.');
      bad.commands.advance(first.command.remark('claimed', new Date(), 'test'));
      await rejectionOf(fill(bad));
      expect(await count('commands')).to.equal(0);
      await fill(openUnit());
      expect(await count('commands')).to.equal(2500);
      expect(await count('command_transitions')).to.equal(2500);
    });

    it('an object that nobody noted: stays unsaved', async () => {
      const { vehicleId } = await storeFleet(test.units);
      const unit = openUnit();
      const vehicle = await unit.vehicles.load(vehicleId);
      vehicle?.change({ make: 'Other' }, new Date());
      await unit.commit();
      expect((await test.units.open('read').vehicles.load(vehicleId))?.make).to.equal('Meridian');
    });

    it('statements sent at the same time: share one transaction', async () => {
      const unit = openUnit();
      await Promise.all([openTransaction(unit), openTransaction(unit), openTransaction(unit)]);
      expect(test.pool().using).to.equal(1);
      await unit.commit();
      expect(test.statements.verbs()).to.deep.equal(['START TRANSACTION', 'select', 'select', 'select', 'COMMIT']);
    });
  });

  describe('after-commit tasks', () => {
    it('run once, in order, and see on another connection what was committed', async () => {
      const counts: Promise<number>[] = [];
      const calls: string[] = [];
      const unit = openUnit();
      unit.auditLog.append(anAuditEntry());
      unit.afterCommit(() => void counts.push(count('audit_logs')));
      unit.afterCommit(() => calls.push('first'));
      unit.afterCommit(() => calls.push('second'));
      expect(calls).to.deep.equal([]);
      await unit.commit();
      expect(calls).to.deep.equal(['first', 'second']);
      expect(await Promise.all(counts)).to.deep.equal([1]);
    });

    it('one that throws: is logged, and neither the commit nor the next task notices', async () => {
      const calls: string[] = [];
      const unit = openUnit();
      unit.auditLog.append(anAuditEntry());
      unit.afterCommit(() => {
        throw new Error('the task is broken');
      });
      unit.afterCommit(() => calls.push('next'));
      await unit.commit();
      expect(calls).to.deep.equal(['next']);
      expect(await count('audit_logs')).to.equal(1);
      const line = test.log.lines().find(({ msg }) => msg === 'a task after the commit failed');
      expect(line).to.include({ level: levelNumbers.error });
      expect(JSON.stringify(line)).to.contain('the task is broken');
    });

    it('a unit that is closed instead: does not run them', async () => {
      const calls: string[] = [];
      const unit = openUnit();
      unit.afterCommit(() => calls.push('task'));
      await unit.close();
      expect(calls).to.deep.equal([]);
    });
  });

  describe('a constraint that is checked at the commit', () => {
    before('a deferred trigger', async () => {
      await database.query(`
        create function refuse_user_agent() returns trigger language plpgsql as $$
        begin
          if new.user_agent = 'refused' then
            raise exception 'refused at the commit' using errcode = 'check_violation';
          end if;
          return new;
        end $$;
        create constraint trigger late after insert on audit_logs deferrable initially deferred
          for each row execute function refuse_user_agent()`);
    });

    const refused = () =>
      anAuditEntry({
        actor: { kind: 'anonymous', origin: { ipAddress: undefined, userAgent: 'refused', requestId: undefined } },
      });

    it('one statement: is an error, stores nothing and runs no task', async () => {
      const calls: string[] = [];
      const unit = openUnit();
      unit.auditLog.append(refused());
      unit.users.add(aUser());
      unit.afterCommit(() => calls.push('task'));
      expect(await rejectionOf(unit.commit())).to.match(/refused at the commit/u);
      expect([await count('audit_logs'), await count('users'), calls.length]).to.deep.equal([0, 0, 0]);
    });

    it('a transaction of several statements: is an error, stores nothing and runs no task', async () => {
      const fleet = await storeFleet(test.units);
      const first = await storeCommand(test.units, fleet, { idempotencyKey: 'key', requestHash: 'hash' });
      test.statements.forget();
      const calls: string[] = [];
      const unit = openUnit();
      await unit.commands.releaseIdempotencyKey(first.id);
      const { command, transition } = aCommand(fleet, { idempotencyKey: 'key', requestHash: 'hash' });
      unit.commands.add(command, transition);
      unit.auditLog.append(refused());
      unit.afterCommit(() => calls.push('task'));
      expect(await rejectionOf(unit.commit())).to.match(/refused at the commit/u);
      expect(test.statements.verbs()).to.deep.equal(['START TRANSACTION', 'update', 'with', 'COMMIT']);
      expect([await count('commands'), await count('audit_logs'), calls.length]).to.deep.equal([1, 0, 0]);
      const kept = await test.units.open('read').commands.findByIdempotencyKey(fleet.userId, 'key');
      expect(kept?.item.id).to.equal(first.id);
    });
  });

  describe('a statement that failed', () => {
    it('and whose error was swallowed: lets no commit succeed, and nothing is stored', async () => {
      const { vehicleId } = await storeFleet(test.units);
      const calls: string[] = [];
      const unit = openUnit();
      await openTransaction(unit);
      unit.auditLog.append(anAuditEntry());
      unit.afterCommit(() => calls.push('task'));
      const failure = await rejectionOf(unit.vehicles.load('no uuid'));
      await rejectionOf(unit.vehicles.load(vehicleId));
      expect(await rejectionOf(unit.commit())).to.equal(failure);
      expect([await count('audit_logs'), calls.length]).to.deep.equal([0, 0]);
      expect(test.statements.verbs().at(-1)).to.equal('ROLLBACK');
    });

    it('outside of a transaction: lets no commit succeed either', async () => {
      const unit = openUnit();
      unit.auditLog.append(anAuditEntry());
      await rejectionOf(unit.vehicles.load('no uuid'));
      await rejectionOf(unit.commit());
      expect(await count('audit_logs')).to.equal(0);
    });

    it('while nobody waits for it: is waited for by the commit, which then refuses', async () => {
      const fleet = await storeFleet(test.units);
      const first = await storeCommand(test.units, fleet, { idempotencyKey: 'key', requestHash: 'hash' });
      const unit = openUnit();
      await unit.commands.releaseIdempotencyKey(first.id);
      const forgotten = rejectionOf(unit.vehicles.load('no uuid'));
      const failure = await rejectionOf(unit.commit());
      expect(failure).to.equal(await forgotten);
      const kept = await test.units.open('read').commands.findByIdempotencyKey(fleet.userId, 'key');
      expect(kept?.item.id).to.equal(first.id);
    });
  });

  describe('a unit that has ended', () => {
    const ends: readonly (readonly [string, (unit: UnitOfWork) => Promise<unknown>])[] = [
      ['closed', (unit) => unit.close()],
      ['committed', (unit) => unit.commit()],
      [
        'refused at its commit',
        async (unit) => rejectionOf((unit.users.add(aUser({ role: 'king' as never })), unit.commit())),
      ],
    ];
    for (const [name, end] of ends) {
      it(`${name}: refuses everything`, async () => {
        const unit = openUnit();
        await end(unit);
        test.statements.forget();
        const acts: readonly (() => unknown)[] = [
          () => unit.users.load(newId()),
          () => unit.users.add(aUser()),
          () => unit.sessions.isFamilyAlive(newId()),
          () => unit.vehicles.load(newId()),
          () => unit.commands.listSubjects(newId()),
          () => unit.commands.releaseIdempotencyKey(newId()),
          () => unit.commandQueue.lockReady(1, 1),
          () => unit.auditLog.append(anAuditEntry()),
          () => unit.afterCommit(() => undefined),
          () => unit.commit(),
        ];
        for (const act of acts) {
          expect(await rejectionOf(Promise.resolve().then(act)), String(act)).to.be.instanceOf(UnitOfWorkClosed);
        }
        await unit.close();
        expect(test.statements.sent()).to.deep.equal([]);
      });
    }

    it('while it commits: refuses what comes too late', async () => {
      const unit = openUnit();
      unit.auditLog.append(anAuditEntry());
      const commit = unit.commit();
      expect(() => unit.auditLog.append(anAuditEntry())).to.throw(UnitOfWorkClosed);
      expect(await rejectionOf(unit.commit())).to.be.instanceOf(UnitOfWorkClosed);
      await commit;
      expect(await count('audit_logs')).to.equal(1);
    });
  });

  describe('close', () => {
    it('twice, also at the same time: sends one ROLLBACK, and both wait for it', async () => {
      const unit = openUnit();
      await openTransaction(unit);
      const first = unit.close();
      await unit.close();
      expect(test.pool().using).to.equal(0);
      await first;
      await unit.close();
      expect(test.statements.verbs()).to.deep.equal(['START TRANSACTION', 'select', 'ROLLBACK']);
    });

    it('during the commit: lets it come to its end, and waits for that', async () => {
      const unit = openUnit();
      await openTransaction(unit);
      unit.auditLog.append(anAuditEntry());
      const commit = unit.commit();
      await unit.close();
      expect(test.pool().using).to.equal(0);
      await commit;
      expect(await count('audit_logs')).to.equal(1);
    });

    it('during a statement: rolls back behind it, and what it had changed is undone', async () => {
      const fleet = await storeFleet(test.units);
      const command = await storeCommand(test.units, fleet, { idempotencyKey: 'key', requestHash: 'hash' });
      const blocker = openUnit();
      await blocker.commands.releaseIdempotencyKey(command.id);
      test.statements.forget();
      const unit = openUnit();
      const statement = unit.commands.releaseIdempotencyKey(command.id);
      await untilBlocked(1);
      const close = unit.close();
      await sleep(30);
      expect(test.statements.verbs(), 'while the statement runs').to.deep.equal(['START TRANSACTION', 'update']);
      await blocker.close();
      await Promise.all([statement, close]);
      expect(test.statements.verbs().filter((verb) => verb === 'ROLLBACK')).to.have.length(2);
      const stored = await test.units.open('read').commands.load(command.id);
      expect(stored?.record.idempotencyKey).to.equal('key');
      expect(test.pool()).to.include({ using: 0, waiting: 0 });
    });

    it('before a statement has got its connection: never sends it', async () => {
      const unit = openUnit();
      const statement = rejectionOf(openTransaction(unit));
      await unit.close();
      expect(await statement).to.be.instanceOf(UnitOfWorkClosed);
      expect(test.statements.verbs()).to.not.include('select');
      expect(test.pool()).to.include({ using: 0, waiting: 0 });
    });

    it('units that were closed in the middle of a transaction: leave no connection in one', async () => {
      const units = Array.from({ length: 10 }, () => openUnit());
      await Promise.all(units.map(openTransaction));
      await Promise.all(units.map((unit) => unit.close()));
      const rows = await database.query(
        `select state from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
      );
      expect(rows).to.deep.equal([]);
    });
  });

  describe('withUnit', () => {
    it('a callback that throws: stores nothing, and the error comes through', async () => {
      const error = new ApplicationError('vehicle-not-found', 'no');
      const rejection = await rejectionOf(
        test.units.withUnit('write', async (work) => {
          await work.commandQueue.lockExpired(1);
          work.auditLog.append(anAuditEntry());
          throw error;
        }),
      );
      expect(rejection).to.equal(error);
      expect(await count('audit_logs')).to.equal(0);
      expect(test.statements.verbs().at(-1)).to.equal('ROLLBACK');
    });

    it('a callback that returns: its result, and what it noted is durable', async () => {
      const result = await test.units.withUnit('write', (work) => {
        work.auditLog.append(anAuditEntry());
        return Promise.resolve('result');
      });
      expect(result).to.equal('result');
      expect(await count('audit_logs')).to.equal(1);
    });
  });

  it('what a unit returns: survives its end, and is no model', async () => {
    const fleet = await storeFleet(test.units);
    const stored = await storeCommand(test.units, fleet);
    const [vehicle, command] = await test.units.withUnit('read', async (work) => [
      await work.vehicles.load(fleet.vehicleId),
      await work.commands.load(stored.id),
    ]);
    for (const object of [vehicle, command]) {
      expect(object).to.not.have.property('dataValues');
      expect(Object.getPrototypeOf(Object.getPrototypeOf(object))).to.equal(Object.prototype);
    }
    expect(command?.receive(responsesOf(stored, 1)).after.record.responseCount).to.equal(1);
  });

  /** Until so many sessions wait for a lock. */
  async function untilBlocked(sessions: number): Promise<void> {
    const text = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    while ((await database.query(text)).length < sessions) await sleep(5);
  }
});
