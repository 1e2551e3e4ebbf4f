import { expect } from 'chai';
import type { Client } from 'pg';

import { SequelizeUnitsOfWork } from '#infrastructure/database/sequelize-units-of-work.js';

import { newId, storeFleet } from './builders.js';
import { useUnits } from './units.js';

describe('Prepared statements', () => {
  const test = useUnits({ max: 1 });
  const { database } = test;

  /** What the one connection of a pool has prepared. */
  async function preparedOn({ sequelize }: Pick<typeof test, 'sequelize'>): Promise<readonly string[]> {
    const { connectionManager } = sequelize;
    const client = (await connectionManager.getConnection({ type: 'write' })) as Client;
    try {
      const { rows } = await client.query<{ readonly statement: string }>(
        'select statement from pg_prepared_statements',
      );
      return rows.map(({ statement }) => statement);
    } finally {
      connectionManager.releaseConnection(client);
    }
  }

  const loadVehicles = async (units: SequelizeUnitsOfWork, count: number): Promise<void> => {
    for (let run = 0; run < count; run += 1) await units.withUnit('read', (work) => work.vehicles.load(newId()));
  };

  it('a text that is sent again and again: is prepared once on a connection', async () => {
    const instance = test.another({ max: 1 });
    await loadVehicles(instance.units, 10);
    expect((await preparedOn(instance)).filter((text) => text.includes('from vehicles v'))).to.have.length(1);
  });

  it('turned off: nothing is prepared', async () => {
    const instance = test.another({ max: 1 });
    const units = new SequelizeUnitsOfWork(instance.sequelize, instance.log.log, { preparesStatements: false });
    await loadVehicles(units, 3);
    expect(await preparedOn(instance)).to.deep.equal([]);
  });

  it('a column whose type changes under it: is read all the same, and what is written later too', async () => {
    const { vehicleId } = await storeFleet(test.units);
    const load = () => test.units.withUnit('read', (work) => work.vehicles.load(vehicleId));
    const before = await load();
    await database.query('alter table vehicles alter column make type varchar(200)');
    try {
      expect((await load())?.make).to.equal(before?.make);
      // The connection with the old plan is gone.
      expect((await load())?.make).to.equal(before?.make);
      expect(test.pool()).to.include({ using: 0, waiting: 0 });
    } finally {
      await database.query('alter table vehicles alter column make type text');
    }
  });

  it('a plan that is stale inside of a transaction: the unit runs again', async () => {
    const { vehicleId } = await storeFleet(test.units);
    const lockAndLoad = () =>
      test.units.withUnit('write', async (work) => {
        await work.commandQueue.lockExpired(1);
        return work.vehicles.load(vehicleId);
      });
    const before = await lockAndLoad();
    await database.query('alter table vehicles alter column make type varchar(200)');
    try {
      expect((await lockAndLoad())?.make).to.equal(before?.make);
    } finally {
      await database.query('alter table vehicles alter column make type text');
    }
  });
});
