import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';
import { QueryTypes } from 'sequelize';

import { ApplicationError } from '#application/domain/errors.js';
import { UnitOfWorkClosed, type UnitOfWork } from '#application/ports/unit-of-work.js';

import { levelNumbers } from '../observability/captured-log.js';
import { aCommand, aUser, anAuditEntry, newId, store, storeCommand, storeFleet } from './builders.js';
import { openTransaction, rejectionOf, useUnits, type Instance } from './units.js';

describe('The connection pool', () => {
  const test = useUnits();
  const { database } = test;

  async function sessionsOf(state: string): Promise<number> {
    const rows = await database.query(
      `select 1 from pg_stat_activity where datname = current_database() and application_name = 'sovd-fleet' and state like $1`,
      [state],
    );
    return rows.length;
  }

  it('200 units that are given up at any point, on 5 connections: leave nothing behind', async function () {
    this.timeout(60_000);
    const small = test.another({ max: 5, acquireMillis: 20_000 });
    const fleet = await storeFleet(small.units);
    const key = { idempotencyKey: 'key', requestHash: 'hash' };
    const contested = await storeCommand(small.units, fleet, key);
    const work = async (unit: UnitOfWork): Promise<never> => {
      await unit.vehicles.load(fleet.vehicleId);
      await unit.commands.releaseIdempotencyKey(contested.id);
      await unit.commandQueue.lockExpired(1);
      const { command, transition } = aCommand(fleet, key);
      unit.commands.add(command, transition);
      unit.auditLog.append(anAuditEntry());
      await unit.commands.load(command.id);
      throw new Error('the client is gone');
    };
    await Promise.all(
      Array.from({ length: 200 }, async () => {
        const unit = small.units.open('write');
        const end = rejectionOf(work(unit));
        await sleep(randomInt(60));
        await unit.close();
        const error = await end;
        if (!(error instanceof UnitOfWorkClosed)) expect(error).to.have.property('message', 'the client is gone');
      }),
    );
    expect(small.pool()).to.include({ using: 0, waiting: 0 });
    expect(small.pool().size).to.be.at.most(5);
    expect(await sessionsOf('idle in transaction%')).to.equal(0);
    const kept = await small.units.withUnit('read', (unit) =>
      unit.commands.list({ scope: { kind: 'all' } }, { limit: 10, after: undefined }),
    );
    expect(kept.items.map(({ id, record }) => [id, record.idempotencyKey])).to.deep.equal([[contested.id, 'key']]);
    expect(await database.query('select 1 from audit_logs')).to.deep.equal([]);
    await storeCommand(small.units, fleet);
  });

  it('all 30 connections in transactions: the next unit is told so after the wait, and served when one is free', async () => {
    const { units, pool } = test.another({ max: 30, acquireMillis: 1500 });
    const holders = Array.from({ length: 30 }, () => units.open('write'));
    // One after the other: to open them all within the time of one would need a machine with nothing else to do.
    for (const holder of holders) await openTransaction(holder);
    expect(pool()).to.include({ size: 30, using: 30 });
    for (const access of ['read', 'write'] as const) {
      const error = await rejectionOf(
        units.withUnit(access, async (unit) => {
          if (access === 'write') await openTransaction(unit as UnitOfWork);
          await unit.vehicles.load(newId());
        }),
      );
      expect(error)
        .to.be.instanceOf(ApplicationError)
        .and.include({ code: 'overloaded', kind: 'unavailable', retryAfterSeconds: 1 });
    }
    expect(pool()).to.include({ size: 30, using: 30, waiting: 0 });
    await holders[0]?.commit();
    expect(await units.withUnit('read', (unit) => unit.vehicles.load(newId()))).to.equal(undefined);
    await Promise.all(holders.slice(1).map((unit) => unit.close()));
    expect(pool()).to.include({ using: 0, waiting: 0 });
  });

  it('a crowd of short reads: is served by some of the connections that there may be', async () => {
    const { units, pool } = test.another({ max: 30 });
    for (let round = 0; round < 3; round += 1) {
      const crowd = Array.from({ length: 300 }, () => units.open('read'));
      await Promise.all(crowd.map((unit) => unit.vehicles.load(newId())));
      await Promise.all(crowd.map((unit) => unit.close()));
    }
    expect(pool()).to.include({ using: 0, waiting: 0 });
    expect(pool().size).to.be.at.least(1).and.below(20);
  });

  it('a full pool and a unit that waits: is served as soon as a connection is back', async () => {
    const { units, pool } = test.another({ max: 1 });
    const holder = units.open('write');
    await openTransaction(holder);
    const waiting = units.withUnit('read', (unit) => unit.vehicles.load(newId()));
    while (pool().waiting === 0) await sleep(1);
    await holder.close();
    expect(await waiting).to.equal(undefined);
  });

  it('reads of one unit: keep no connection from each other, even with a single one', async () => {
    const { units } = test.another({ max: 1, acquireMillis: 2000 });
    const all = Array.from({ length: 20 }, () => units.open('read'));
    await Promise.all(all.map((unit) => unit.vehicles.load(newId())));
    await Promise.all(all.map((unit) => unit.users.load(newId())));
    await Promise.all(all.map((unit) => unit.close()));
  });

  it('every connection: has the timeouts and the name that were set', async () => {
    const { units, sequelize } = test.another({ statementTimeoutMillis: 4321, idleInTransactionTimeoutMillis: 8765 });
    const seen = await settingsOf({ units, sequelize });
    expect(seen).to.deep.equal({
      statement_timeout: '4321ms',
      idle_in_transaction_session_timeout: '8765ms',
      application_name: 'sovd-fleet',
    });
  });

  it('a statement over its time: is overloaded, nothing is stored, and the pool goes on', async () => {
    const { units, pool } = test.another({ statementTimeoutMillis: 200 });
    const fleet = await storeFleet(units);
    const command = await storeCommand(units, fleet);
    const blocker = test.units.open('write');
    await blocker.commands.releaseIdempotencyKey(command.id);
    const unit = units.open('write');
    unit.auditLog.append(anAuditEntry());
    const error = await rejectionOf(unit.commands.releaseIdempotencyKey(command.id));
    expect(error)
      .to.be.instanceOf(ApplicationError)
      .and.include({ code: 'overloaded', kind: 'unavailable', retryAfterSeconds: 2 });
    expect(await rejectionOf(unit.commit())).to.equal(error);
    await blocker.close();
    expect(await database.query('select 1 from audit_logs')).to.deep.equal([]);
    expect(pool()).to.include({ using: 0, waiting: 0 });
    expect(await units.open('read').commands.load(command.id)).to.include({ id: command.id });
  });

  it('a transaction that lies idle too long: is ended by the server, and the pool recovers', async () => {
    const { units, pool } = test.another({ idleInTransactionTimeoutMillis: 100 });
    const unit = units.open('write');
    await openTransaction(unit);
    unit.auditLog.append(anAuditEntry());
    while ((await sessionsOf('idle in transaction%')) > 0) await sleep(20);
    const error = await rejectionOf(unit.commit());
    expect(error).to.be.instanceOf(ApplicationError).and.include({ code: 'database-unavailable' });
    expect(pool()).to.include({ using: 0, waiting: 0 });
    await store(units, (work) => work.users.add(aUser()));
    expect(await database.query('select 1 from audit_logs')).to.deep.equal([]);
  });

  it('a connection that is killed in the middle of a transaction: is translated, refuses the commit, and is replaced', async () => {
    const { units, pool } = test.another({ max: 1 });
    const unit = units.open('write');
    await openTransaction(unit);
    unit.auditLog.append(anAuditEntry());
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
    );
    const error = await rejectionOf(openTransaction(unit));
    expect(error)
      .to.be.instanceOf(ApplicationError)
      .and.include({ code: 'database-unavailable', kind: 'unavailable', retryAfterSeconds: 2 });
    expect(await rejectionOf(unit.commit())).to.equal(error);
    expect(pool()).to.include({ using: 0, waiting: 0 });
    expect(await units.withUnit('read', (work) => work.vehicles.load(newId()))).to.equal(undefined);
    expect(await database.query('select 1 from audit_logs')).to.deep.equal([]);
  });

  it('a connection that is killed under a statement: is translated, also without a transaction', async () => {
    const fleet = await storeFleet(test.units);
    const command = await storeCommand(test.units, fleet);
    const blocker = test.units.open('write');
    await blocker.commands.releaseIdempotencyKey(command.id);
    for (const begins of [true, false]) {
      const unit = test.units.open('write');
      unit.commands.advance(command.remark('claimed', new Date(), 'test'));
      if (begins) await openTransaction(unit);
      const commit = rejectionOf(unit.commit());
      const text = `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      while ((await database.query(text)).length === 0) await sleep(5);
      expect(await commit)
        .to.be.instanceOf(ApplicationError)
        .and.include({ code: 'database-unavailable' });
    }
    await blocker.close();
    expect(await database.query('select 1 from command_transitions')).to.have.length(1);
  });

  it('a connection that is killed before the COMMIT: is translated, stores nothing and runs no task', async () => {
    const fleet = await storeFleet(test.units);
    const command = await storeCommand(test.units, fleet, { idempotencyKey: 'key', requestHash: 'hash' });
    const tasks: string[] = [];
    const unit = test.units.open('write');
    await unit.commands.releaseIdempotencyKey(command.id);
    unit.afterCommit(() => tasks.push('task'));
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
    );
    expect(await rejectionOf(unit.commit()))
      .to.be.instanceOf(ApplicationError)
      .and.include({ code: 'database-unavailable' });
    expect(tasks).to.deep.equal([]);
    expect((await test.units.open('read').commands.load(command.id))?.record.idempotencyKey).to.equal('key');
  });

  it('idle connections that are killed: are replaced without an error', async () => {
    const { units, pool } = test.another({ max: 3 });
    const holders = Array.from({ length: 3 }, () => units.open('write'));
    await Promise.all(holders.map(openTransaction));
    await Promise.all(holders.map((unit) => unit.close()));
    expect(pool().available).to.equal(3);
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    );
    while (pool().size > 0) await sleep(5);
    expect(await units.withUnit('read', (work) => work.vehicles.load(newId()))).to.equal(undefined);
  });

  it('a statement outside of a unit: is refused, and keeps no connection', async () => {
    const { sequelize, pool } = test.another({ max: 1 });
    for (let round = 0; round < 3; round += 1) {
      const error = await rejectionOf(sequelize.query('select 1', { type: QueryTypes.SELECT }));
      expect(error).to.be.an('error').with.property('message', 'a statement was sent outside of a unit of work');
    }
    expect(await rejectionOf(sequelize.models['UserModel']?.findAll() ?? Promise.resolve())).to.be.an('error');
    expect(await rejectionOf(sequelize.transaction())).to.be.an('error');
    expect(pool()).to.include({ using: 0, waiting: 0 });
  });

  it('connections: are logged when opened and closed, with the pool and without credentials', async () => {
    const { units, log, close } = test.another();
    await units.withUnit('read', (work) => work.vehicles.load(newId()));
    await close();
    const lines = log.lines();
    const opened = lines.find(({ msg }) => msg === 'database connection opened');
    expect(opened).to.include({ level: levelNumbers.info });
    expect(opened?.['pool']).to.deep.equal({ size: 1, available: 0, using: 0, waiting: 1 });
    const closed = lines.find(({ msg }) => msg === 'database connection closed');
    expect(closed).to.include({ level: levelNumbers.info });
    expect(closed?.['pool']).to.deep.equal({ size: 0, available: 0, using: 0, waiting: 0 });
    const { password, username } = new URL(database.url);
    expect(password).to.have.length.above(0);
    expect(log.text()).to.not.contain(decodeURIComponent(password));
    expect(log.text()).to.not.contain(`${username}:`);
  });
});

async function settingsOf({ units, sequelize }: Pick<Instance, 'units' | 'sequelize'>): Promise<object> {
  let settings: object = {};
  // What the hook is given is the statement's connection.
  sequelize.addHook('afterPoolAcquire', 'settings', async (connection: unknown) => {
    const { query } = connection as { query: (text: string) => Promise<{ rows: object[] }> };
    for (const name of ['statement_timeout', 'idle_in_transaction_session_timeout', 'application_name']) {
      const { rows } = await query.call(connection, `show ${name}`);
      settings = { ...settings, ...rows[0] };
    }
  });
  await units.withUnit('read', (work) => work.vehicles.load(newId()));
  sequelize.removeHook('afterPoolAcquire', 'settings');
  return settings;
}
