import { expect } from 'chai';
import { Client } from 'pg';

import type { Vehicle } from '#application/domain/vehicle.js';
import type { Page } from '#application/ports/paging.js';
import type { UnitOfWork } from '#application/ports/unit-of-work.js';

import { aCommand, newId, storeFleet, type Fleet } from './builders.js';
import { openTransaction, rejectionOf, useUnits } from './units.js';

describe('Statements of one turn of the event loop', () => {
  const test = useUnits({ max: 10 });
  const { database } = test;
  let fleet: Fleet;

  beforeEach(async () => (fleet = await storeFleet(test.units)));

  /** How many connections are taken at the most while a task runs. */
  async function connectionsFor(task: () => Promise<unknown>): Promise<number> {
    let most = 0;
    const look = setInterval(() => (most = Math.max(most, test.pool().using)), 1);
    try {
      await task();
    } finally {
      clearInterval(look);
    }
    return most;
  }

  const times = <Result>(count: number, task: (index: number) => Promise<Result>): Promise<Result[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => task(index)));
  const loadVehicle = (id: string) => test.units.withUnit('read', (work) => work.vehicles.load(id));
  const listVehicles = () =>
    test.units.withUnit('read', (work) =>
      work.vehicles.list({ scope: { kind: 'all' }, includeRetired: false }, { limit: 5, after: undefined }),
    );
  const addCommand = (vehicleId = fleet.vehicleId) =>
    test.units.withUnit('write', (work) => {
      const { command, transition } = aCommand({ ...fleet, vehicleId });
      work.commands.add(command, transition);
      return Promise.resolve(command.id);
    });
  const storedCommands = () => database.query('select command_id from commands');

  it('eight reads by key: are on one connection, and each gets its own rows', async () => {
    const ids = [fleet.vehicleId, newId(), fleet.vehicleId, newId(), fleet.vehicleId, newId(), newId(), newId()];
    const lock = await heldTable('vehicles');
    let reading: Promise<unknown> | undefined;
    const used = await connectionsFor(async () => {
      reading = times(8, (index) => loadVehicle(ids[index] ?? ''));
      await lock.waiters(1);
      await lock.release();
      await reading;
    });
    expect(used).to.equal(1);
    const found = (await reading) as ({ readonly id: string } | undefined)[];
    expect(found.map((vehicle) => vehicle?.id)).to.deep.equal(
      ids.map((id) => (id === fleet.vehicleId ? id : undefined)),
    );
  });

  it('a page of a list among them: shares it too, and each gets its own rows', async () => {
    const lock = await heldTable('vehicles');
    let reading: Promise<unknown> | undefined;
    const used = await connectionsFor(async () => {
      reading = Promise.all([loadVehicle(fleet.vehicleId), listVehicles(), loadVehicle(newId()), listVehicles()]);
      await lock.waiters(1);
      await lock.release();
      await reading;
    });
    expect(used).to.equal(1);
    const [vehicle, page, none, again] = (await reading) as [Vehicle, Page<Vehicle>, undefined, Page<Vehicle>];
    expect(vehicle.id).to.equal(fleet.vehicleId);
    expect(page.items.map(({ id }) => id)).to.deep.equal([fleet.vehicleId]);
    expect(none).to.equal(undefined);
    expect(again).to.deep.equal(page);
  });

  it('more than that: take further connections, and a transaction has one to itself', async () => {
    const lock = await heldTable('vehicles');
    const transaction = async () => {
      const unit: UnitOfWork = test.units.open('write');
      await openTransaction(unit);
      await unit.vehicles.load(fleet.vehicleId);
      await unit.close();
    };
    const all = Promise.all([times(7, () => loadVehicle(fleet.vehicleId)), times(2, listVehicles), transaction()]);
    // Two that share, and one to itself.
    await lock.waiters(3);
    expect(test.pool().using).to.equal(3);
    await lock.release();
    await all;
  });

  it('a write that fails among others: is refused alone', async () => {
    const outcomes = await Promise.allSettled([addCommand(), addCommand(newId()), addCommand()]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
    expect(await storedCommands()).to.have.length(2);
  });

  it('writes on a connection that is lost: all fail, and none is stored', async () => {
    const lock = await heldTable('commands');
    const writing = times(4, () => rejectionOf(addCommand()));
    await lock.waiters(1);
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'sovd-fleet' and wait_event_type = 'Lock'`,
    );
    for (const error of await writing) expect(error).to.have.property('kind', 'unavailable');
    await lock.release();
    expect(await storedCommands()).to.deep.equal([]);
    expect(await addCommand()).to.be.a('string');
  });

  it('no connection is free: each is refused when its time is over, and the next ones are served', async () => {
    const full = test.another({ max: 1, acquireMillis: 200 });
    const holder = full.units.open('write');
    await openTransaction(holder);
    const load = () => full.units.withUnit('read', (work) => work.vehicles.load(fleet.vehicleId));
    const refused = await times(3, () => rejectionOf(load()));
    for (const error of refused) expect(error).to.have.property('code', 'overloaded');
    await holder.close();
    expect((await load())?.id).to.equal(fleet.vehicleId);
  });

  it('a unit that is closed before its turn has come: sends nothing, and the others are served', async () => {
    test.statements.forget();
    const given = test.units.open('read');
    const late = rejectionOf(given.vehicles.load(fleet.vehicleId));
    const other = loadVehicle(fleet.vehicleId);
    await Promise.all([given.close(), late, other]);
    expect(test.statements.sent().filter((text) => text.includes('from vehicles'))).to.have.length(1);
    expect((await other)?.id).to.equal(fleet.vehicleId);
  });

  /** A table that nobody else can use until it is released. */
  async function heldTable(name: string) {
    const holder = new Client({ connectionString: database.url });
    await holder.connect();
    await holder.query(`begin; lock table ${name} in access exclusive mode`);
    return {
      waiters: async (count: number): Promise<void> => {
        const text = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
        while ((await database.query(text)).length < count) await new Promise(setImmediate);
      },
      release: async (): Promise<void> => {
        await holder.query('rollback');
        await holder.end();
      },
    };
  }
});
