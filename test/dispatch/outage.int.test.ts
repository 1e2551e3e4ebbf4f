import { expect } from 'chai';
import { Client } from 'pg';

import { migrateUp } from '#infrastructure/database/migrate.js';
import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { useDatabase } from '#support/database.js';
import { startOwnPostgres, type OwnPostgres } from '#support/postgres.js';
import { startProgram, type RunningProgram } from '#support/program.js';

import { tapDatabase, type WireTap } from '../http/wire-tap.js';
import { checkBooks } from './books.js';
import { eventually, openDesk, type CommandDesk, type Queryable } from './command-desk.js';

describe('a database that goes away under load', function () {
  this.timeout(60_000);
  let postgres: OwnPostgres;
  let simulator: Simulator;
  let programs: readonly RunningProgram[] = [];
  let desk: CommandDesk;
  let cars: readonly string[];

  const database: Queryable = {
    query: async (sql, parameters = []) => {
      const client = new Client({ connectionString: postgres.url });
      await client.connect();
      try {
        return (await client.query(sql, [...parameters])).rows;
      } finally {
        await client.end();
      }
    },
  };

  before(async () => {
    postgres = await startOwnPostgres();
    await migrateUp(postgres.url);
    simulator = await startSimulator({ vehicles: 6 });
    const variables = { DISPATCH_POLL_MS: '200', DISPATCH_LEASE_SECONDS: '3' };
    programs = await Promise.all([1, 2].map(() => startProgram(postgres.url, variables)));
    desk = await openDesk(database, programs[0]?.url ?? '');
    cars = await Promise.all(simulator.vehicles.map(({ baseUrl }) => desk.register(baseUrl)));
  });
  after(async () => {
    await Promise.all(programs.map((program) => program.stop()));
    await simulator.close();
    await postgres.stop();
  });

  const outages: readonly (readonly [string, () => Promise<void>])[] = [
    ['stopped', () => postgres.stop()],
    ['killed', () => postgres.kill()],
  ];
  for (const [how, goAway] of outages) {
    it(`${how} and started: 202 or 503 in between, then service again, nothing accepted is missing, and all ends are true`, async () => {
      simulator.trouble.add({ kind: 'latency', millis: 50, jitterMillis: 200 });
      const accepted: { readonly id: string; readonly isRead: boolean }[] = [];
      const statuses = new Map<number, number>();
      let isOver = false;
      const submitters = [0, 1, 2, 3].map(async (index) => {
        const own = desk.at(programs[index % 2]?.url ?? '');
        for (let count = index; !isOver; count += 1) {
          const isRead = count % 2 === 0;
          const entity = 'apps/diagnostic-recorder';
          const { status, body } = isRead
            ? await own.submit(cars[count % 6] ?? '', 'read-data', { entity, data_ids: ['channel-001', 'channel-002'] })
            : await own.submit(cars[count % 6] ?? '', 'write-data', { entity, data_id: 'trigger-level', value: 1 });
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (status === 202) accepted.push({ id: body.command_id, isRead });
          // At a human pace: the machine is shared.
          await new Promise((resolve) => setTimeout(resolve, 40));
        }
      });
      await eventually(() => accepted.length >= 30);
      await goAway();
      await eventually(() => (statuses.get(503) ?? 0) >= 20);
      // Long enough for every lease to run out.
      await new Promise((resolve) => setTimeout(resolve, 3500));
      await postgres.start();
      const before = accepted.length;
      await eventually(() => accepted.length >= before + 20);
      isOver = true;
      await Promise.all(submitters);
      expect([...statuses.keys()].sort()).to.deep.equal([202, 503]);

      for (const { id, isRead } of accepted) {
        const { status, error } = await desk.ended(id);
        const requests = simulator.ledger.entries({ commandId: id });
        if (isRead) {
          expect(status, `a read: ${JSON.stringify(error)}`).to.equal('completed');
          continue;
        }
        // Nobody died, and every answer of a vehicle was waited with until the database was back.
        expect(requests.length, `requests of a write that is ${status}`).to.equal(status === 'expired' ? 0 : 1);
        expect(status, JSON.stringify(error)).to.be.oneOf(['completed', 'expired']);
      }
      await checkBooks(database);
      simulator.reset();
    });
  }
});

describe('a network that forgets the connections to the database, without a word', function () {
  this.timeout(60_000);
  const database = useDatabase();
  let simulator: Simulator;
  let tap: WireTap;
  let program: RunningProgram;
  let desk: CommandDesk;
  let car: string;

  beforeEach(async () => {
    simulator = await startSimulator({ vehicles: 1 });
    tap = await tapDatabase(database.url);
    program = await startProgram(tap.url, {
      DISPATCH_POLL_MS: '100',
      // Nobody takes a lease over within these tests.
      DISPATCH_LEASE_SECONDS: '300',
      DB_STATEMENT_TIMEOUT_MS: '1000',
      REQUEST_TIMEOUT_SECONDS: '5',
    });
    desk = await openDesk(database, program.url);
    car = await desk.register(simulator.vehicles[0]?.baseUrl ?? '');
    await desk.ended(await desk.read(car));
  });
  afterEach(async () => {
    await program.stop();
    await tap.close();
    await simulator.close();
    await database.clear();
  });

  it('what is under way ends as it should, and what waits is claimed, on new ones', async () => {
    simulator.trouble.add({ kind: 'latency', millis: 300 });
    const running = await desk.write(car, 11);
    await eventually(() => simulator.ledger.entries({ commandId: running }).length === 1);
    const waiting = await desk.write(car, 12);
    tap.forget();
    // Requests may meet forgotten connections too, until each of those is given up.
    await eventually(async () => (await desk.call('GET', '/vehicles')).status === 200);
    for (const id of [running, waiting]) {
      expect((await desk.ended(id)).status).to.equal('completed');
      expect(simulator.ledger.entries({ commandId: id })).to.have.length(1);
    }
    await checkBooks(database);
  });

  it('a service that is told to stop stops', async () => {
    tap.forget();
    await program.stop();
  });
});
