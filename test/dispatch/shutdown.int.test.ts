import { expect } from 'chai';

import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { useDatabase } from '#support/database.js';
import { startServiceProcess, type ServiceProcess } from '#support/service-process.js';

import { checkBooks } from './books.js';
import { eventually, openDesk, type CommandDesk } from './command-desk.js';

const stopLimitMs = 10_000;

describe('an instance that is told to stop', function () {
  this.timeout(60_000);
  const database = useDatabase();
  // Leases last longer than a test may take: who takes over sooner was told to.
  const variables = { DISPATCH_DRAIN_SECONDS: '1', DISPATCH_LEASE_SECONDS: '120', DISPATCH_POLL_MS: '100' };
  let simulator: Simulator;
  let service: ServiceProcess;
  let desk: CommandDesk;
  let cars: readonly string[];

  before(async () => {
    simulator = await startSimulator({ vehicles: 3 });
    service = await startServiceProcess(database.url, variables);
    desk = await openDesk(database, service.url);
    cars = await Promise.all(simulator.vehicles.map(({ baseUrl }) => desk.register(baseUrl)));
  });
  afterEach(async () => {
    simulator.reset();
    await database.query("update vehicles set connection_status = 'disconnected', last_checked_at = null");
    await checkBooks(database);
  });
  after(async () => {
    await service.kill();
    await simulator.close();
  });

  const restart = async (changes: Readonly<Record<string, string>> = {}): Promise<void> => {
    service = await startServiceProcess(database.url, { ...variables, ...changes });
    desk = desk.at(service.url);
  };
  const stop = async (): Promise<void> => {
    const startedAt = performance.now();
    expect(await service.stop(), service.lines.slice(-5).join('\n')).to.equal(0);
    expect(performance.now() - startedAt).to.be.below(stopLimitMs);
  };
  const car = (index: number): string => cars[index] ?? '';
  const requests = (commandId: string) => simulator.ledger.entries({ commandId });

  it('a read that runs for long: is left at once to the next, which completes it without a double response', async () => {
    simulator.trouble.add({ kind: 'hang', pathPrefix: '/apps/diagnostic-recorder/data/channel-020', count: 1 });
    const id = await desk.read(car(0), 40);
    await eventually(() => requests(id).length === 20);
    await stop();
    const [left] = await database.query<{ status: string }>('select status from commands where command_id = $1', [id]);
    expect(left?.status).to.equal('in_progress');
    await restart();
    const command = await desk.ended(id);
    expect(command).to.include({ status: 'completed', response_count: 40 });
    const subjects = (await desk.responses(id)).map(({ subject }) => subject);
    expect(new Set(subjects).size).to.equal(40);
    expect(await desk.reasons(id)).to.deep.equal(['submitted', 'claimed', 'taken-over', 'answered']);
  });

  it('a write that is soon done: is waited for, completed', async () => {
    simulator.trouble.add({ kind: 'latency', millis: 500 });
    const id = await desk.write(car(0), 1);
    await eventually(() => requests(id).length === 1);
    await stop();
    await restart();
    expect((await desk.command(id)).status).to.equal('completed');
    expect(requests(id)).to.have.length(1);
  });

  it('a write that is not done in time: outcome_unknown at the stop, and never sent again; what waits is sent after it', async () => {
    simulator.trouble.add({ kind: 'hang', count: 1 });
    const id = await desk.write(car(0), 1);
    await eventually(() => requests(id).length === 1);
    const next = await desk.write(car(0), 2);
    await stop();
    const [left] = await database.query<{ status: string }>('select status from commands where command_id = $1', [id]);
    expect(left?.status).to.equal('outcome_unknown');
    await restart();
    expect((await desk.ended(next)).status).to.equal('completed');
    expect((await desk.command(id)).error.code).to.equal('dispatch-interrupted');
    expect(requests(id)).to.have.length(1);
    expect(requests(next)).to.have.length(1);
  });

  it('a change that waits for a late answer: is not waited for', async () => {
    await service.kill();
    // Longer than a stop may take at all, and then the exit code would not be 0.
    await restart({ DISPATCH_DRAIN_SECONDS: '30' });
    simulator.trouble.add({ kind: 'hang', count: 1 });
    const id = await desk.write(car(0), 1, { timeout_seconds: 1 });
    await desk.ended(id);
    await stop();
    await restart();
    expect((await desk.command(id)).status).to.equal('outcome_unknown');
  });

  it('orders until the end: each is accepted or told to come later, and what was accepted is carried out', async () => {
    const accepted: string[] = [];
    const refusals = new Set<number | string>();
    const over = new AbortController();
    const submitter = (async () => {
      for (let value = 0; !over.signal.aborted; value = (value + 1) % 100) {
        try {
          const { status, body } = await desk.submit(car(value % 3), 'write-data', {
            ...{ entity: 'apps/diagnostic-recorder', data_id: 'trigger-level', value },
          });
          if (status === 202) accepted.push(body.command_id);
          else refusals.add(status);
        } catch {
          // Nobody listens any more.
          refusals.add('closed');
        }
      }
    })();
    await eventually(() => accepted.length > 20);
    await stop();
    over.abort();
    await submitter;
    await restart();
    for (const id of accepted) {
      expect((await desk.ended(id)).status).to.equal('completed');
      expect(requests(id)).to.have.length(1);
    }
    expect([...refusals].filter((refusal) => refusal !== 503 && refusal !== 'closed')).to.deep.equal([]);
  });
});
