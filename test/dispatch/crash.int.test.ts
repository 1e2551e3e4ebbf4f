import { expect } from 'chai';

import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { useDatabase } from '#support/database.js';
import { startServiceProcess, type ServiceProcess } from '#support/service-process.js';

import { checkBooks } from './books.js';
import { eventually, openDesk, type CommandDesk } from './command-desk.js';

const settleLimitMs = 30_000;

describe('an instance that dies', function () {
  this.timeout(60_000);
  const database = useDatabase();
  let simulator: Simulator;
  let service: ServiceProcess | undefined;
  let desk: CommandDesk;
  let cars: readonly string[];

  const start = async (variables: Readonly<Record<string, string>> = {}): Promise<CommandDesk> => {
    service = await startServiceProcess(database.url, variables);
    return desk.at(service.url);
  };
  const countOf = async (condition: string): Promise<number> => {
    const [row] = await database.query<{ count: number }>(
      `select count(*)::integer as count from commands where ${condition}`,
    );
    return row?.count ?? Number.NaN;
  };

  before(async () => {
    simulator = await startSimulator({ vehicles: 20, executionMillis: 100 });
    service = await startServiceProcess(database.url);
    desk = await openDesk(database, service.url);
    cars = await Promise.all(simulator.vehicles.map(({ baseUrl }) => desk.register(baseUrl)));
    await service.kill();
  });
  afterEach(async () => {
    await service?.kill();
    await checkBooks(database);
    await database.query('delete from responses');
    await database.query('delete from command_transitions');
    await database.query('delete from commands');
    simulator.reset();
  });
  after(() => simulator.close());

  it('kill -9 with 200 commands on the way, then a start: all end, no write is sent twice, no read is lost', async () => {
    simulator.trouble.add({ kind: 'latency', millis: 120, jitterMillis: 160 });
    const variables = { DISPATCH_LEASE_SECONDS: '5' };
    desk = await start(variables);
    const reads: string[] = [];
    const writes: string[] = [];
    // Half of each, mixed in each lane.
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(
        cars.map(async (id, index) => {
          reads.push(await desk.read(id, 3));
          writes.push(await desk.write(id, index));
        }),
      );
    }
    // In the middle of it: something has ended, something runs, something waits.
    await eventually(async () => (await countOf("status = 'completed'")) >= 5);
    await service?.kill();
    const underWay = await database.query<{ command_id: string }>(
      "select command_id from commands where status = 'in_progress' and safety <> 'safe'",
    );
    expect(await countOf("status = 'in_progress'"), 'running at the kill').to.be.above(0);
    expect(await countOf("status = 'pending'"), 'waiting at the kill').to.be.above(0);

    desk = await start(variables);
    const startedAt = performance.now();
    await eventually(async () => (await countOf("status in ('pending', 'in_progress')")) === 0);
    expect(performance.now() - startedAt).to.be.below(settleLimitMs);

    const all = await database.query<{ command_id: string; status: string; safety: string }>(
      'select command_id, status, safety from commands',
    );
    expect(all).to.have.length(200);
    const statuses = new Map(all.map((row) => [row.command_id, row.status]));
    expect(new Set(reads.map((id) => statuses.get(id)))).to.deep.equal(new Set(['completed']));
    const unknown = writes.filter((id) => statuses.get(id) === 'outcome_unknown');
    expect(unknown).to.have.members(underWay.map((row) => row.command_id));
    for (const id of writes) {
      const sent = simulator.ledger.entries({ commandId: id, method: 'PUT' });
      // What was under way may have been on the way to the vehicle only.
      expect(sent.length, `requests of ${id}`).to.be.within(unknown.includes(id) ? 0 : 1, 1);
      if (!unknown.includes(id)) expect(statuses.get(id)).to.equal('completed');
    }
    for (const id of unknown) expect((await desk.command(id)).error.code).to.equal('dispatch-interrupted');
  });

  it('kill -9 in the middle of a read with many responses: another goes on, no response comes twice', async () => {
    simulator.trouble.add({ kind: 'latency', millis: 15 });
    desk = await start({ DISPATCH_LEASE_SECONDS: '2' });
    const id = await desk.read(cars[0] ?? '', 100);
    await desk.until(id, ({ response_count: count }) => count >= 20);
    await service?.kill();
    const [stored] = await database.query<{ response_count: number }>('select response_count from commands');
    expect(stored?.response_count).to.be.within(20, 99);
    simulator.trouble.clear();

    desk = await start({ DISPATCH_LEASE_SECONDS: '2' });
    const command = await desk.ended(id);
    expect(command).to.include({ status: 'completed', response_count: 100, attempts: 2 });
    const responses = await desk.responses(id);
    expect(responses.map(({ sequence_number: number }) => number)).to.deep.equal([...responses.keys()]);
    expect(new Set(responses.map(({ subject }) => subject)).size).to.equal(100);
    expect(responses.map(({ is_final: isFinal }) => isFinal).indexOf(true)).to.equal(99);
    expect(await desk.reasons(id)).to.deep.equal(['submitted', 'claimed', 'taken-over', 'answered']);
  });

  it('reads of an instance that died: one that was often tried goes on, one that was to be cancelled does not', async () => {
    simulator.trouble.add({ kind: 'hang', count: 2 });
    desk = await start({ DISPATCH_LEASE_SECONDS: '2' });
    const tried = await desk.read(cars[0] ?? '');
    const unwanted = await desk.read(cars[1] ?? '');
    await eventually(() => simulator.ledger.size === 2);
    await service?.kill();
    // A vehicle that is away for long makes many attempts.
    await database.query('update commands set attempts = 50 where command_id = $1', [tried]);
    await database.query('update commands set cancel_requested_at = now() where command_id = $1', [unwanted]);
    desk = await start({ DISPATCH_LEASE_SECONDS: '2' });
    expect((await desk.ended(tried)).status).to.equal('completed');
    expect((await desk.ended(unwanted)).status).to.equal('cancelled');
    expect(simulator.ledger.entries({ commandId: unwanted })).to.have.length(1);
  });
});
