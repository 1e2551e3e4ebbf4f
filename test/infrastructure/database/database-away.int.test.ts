import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { ApplicationError } from '#application/domain/errors.js';
import type { UnitOfWork } from '#application/ports/unit-of-work.js';
import { migrateUp } from '#infrastructure/database/migrate.js';
import { startOwnPostgres, type OwnPostgres } from '#support/postgres.js';

import { anAuditEntry, newId, store, storeFleet } from './builders.js';
import { openInstance, openTransaction, rejectionOf, type Instance } from './units.js';

function expectUnavailable(error: unknown, code = 'database-unavailable'): void {
  expect(error).to.be.instanceOf(ApplicationError).and.include({ code, kind: 'unavailable' });
  expect((error as ApplicationError).retryAfterSeconds).to.be.above(0);
}

describe('A database that goes away', function () {
  this.timeout(60_000);
  let postgres: OwnPostgres;
  let instance: Instance;

  before(async () => {
    postgres = await startOwnPostgres();
    await migrateUp(postgres.url);
  });
  beforeEach(async () => {
    await postgres.start();
    instance = openInstance(postgres.url, { max: 5 });
  });
  afterEach(() => instance.close());
  after(() => postgres.stop());

  const look = () => instance.units.withUnit('read', (work) => work.vehicles.load(newId()));
  const write = () => store(instance.units, (work) => work.auditLog.append(anAuditEntry()));

  /** Attempts that nobody waits for any more come to their end, and leave the pool as it was in the beginning. */
  async function untilEmpty(): Promise<void> {
    while (instance.pool().size > 0) await sleep(5);
    expect(instance.pool()).to.deep.equal({ size: 0, available: 0, using: 0, waiting: 0 });
  }

  for (const way of ['stop', 'kill'] as const) {
    it(`${way}, while units are in all their states: is database-unavailable for each, until it is back`, async () => {
      const { vehicleId } = await storeFleet(instance.units);
      const untouched = instance.units.open('write');
      const inTransaction: UnitOfWork[] = [1, 2, 3].map(() => instance.units.open('write'));
      await Promise.all(inTransaction.map(openTransaction));
      for (const unit of inTransaction) unit.auditLog.append(anAuditEntry());
      const [writing, committing, closing] = inTransaction;

      await postgres[way]();
      untouched.auditLog.append(anAuditEntry());
      expectUnavailable(await rejectionOf(untouched.commit()));
      expectUnavailable(await rejectionOf(writing?.vehicles.load(vehicleId) ?? Promise.resolve()));
      expectUnavailable(await rejectionOf(writing?.commit() ?? Promise.resolve()));
      expectUnavailable(await rejectionOf(committing?.commit() ?? Promise.resolve()));
      await closing?.close();
      for (let round = 0; round < 10; round += 1) {
        expectUnavailable(await rejectionOf(look()));
        expectUnavailable(await rejectionOf(write()));
      }
      await untilEmpty();

      await postgres.start();
      await write();
      expect((await instance.units.open('read').vehicles.load(vehicleId))?.id).to.equal(vehicleId);
      expect(instance.pool()).to.include({ using: 0, waiting: 0 });
      const { password } = new URL(postgres.url);
      expect(instance.log.text()).to.not.contain(decodeURIComponent(password));
    });
  }

  it('away from the beginning: is database-unavailable, and served as soon as it comes', async () => {
    await postgres.stop();
    expectUnavailable(await rejectionOf(look()));
    await postgres.start();
    await look();
  });

  it('many units at once while it is away: are all told, and none is left waiting', async () => {
    await postgres.stop();
    const errors = await Promise.all(Array.from({ length: 50 }, () => rejectionOf(write())));
    errors.forEach((error) => expectUnavailable(error));
    await untilEmpty();
    await postgres.start();
    await Promise.all(Array.from({ length: 50 }, () => write()));
  });

  it('a server that takes connections and says nothing: is database-unavailable after the wait', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      sockets.push(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const mute = openInstance(`postgres://user:secret@127.0.0.1:${port}/db`, { acquireMillis: 400 });
    expectUnavailable(await rejectionOf(mute.units.withUnit('read', (work) => work.users.load(newId()))));
    while (mute.pool().size > 0) await sleep(5);
    expect(mute.pool()).to.include({ using: 0, waiting: 0 });
    expect(mute.log.text()).to.not.contain('secret');
    for (const socket of sockets) socket.destroy();
    server.close();
    await mute.close();
  });
});
