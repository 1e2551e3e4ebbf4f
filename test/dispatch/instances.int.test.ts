import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { useDatabase } from '#support/database.js';
import { startServiceProcess, type ServiceProcess } from '#support/service-process.js';

import { checkBooks } from './books.js';
import { eventually, openDesk, type CommandDesk } from './command-desk.js';

describe('an instance that another one replaces', function () {
  this.timeout(60_000);
  const database = useDatabase();
  const variables = {
    DISPATCH_LEASE_SECONDS: '2',
    DISPATCH_POLL_MS: '200',
    DISPATCH_CONCURRENCY: '4',
    EVENTS_RECHECK_SECONDS: '300',
    // One that is frozen within a transaction keeps its rows locked until then.
    DB_IDLE_IN_TRANSACTION_TIMEOUT_MS: '1000',
  };
  let simulator: Simulator;
  let services: ServiceProcess[] = [];
  let desks: readonly CommandDesk[] = [];
  let cars: readonly string[];

  before(async () => {
    simulator = await startSimulator({ vehicles: 8 });
  });
  beforeEach(async () => {
    services = await Promise.all([1, 2].map(() => startServiceProcess(database.url, variables)));
    const first = await openDesk(database, services[0]?.url ?? '');
    desks = services.map(({ url }) => first.at(url));
    cars = await Promise.all(simulator.vehicles.map(({ baseUrl }) => first.register(baseUrl)));
  });
  afterEach(async () => {
    for (const service of services) service.thaw();
    await Promise.all(services.map((service) => service.kill()));
    await checkBooks(database);
    for (const table of ['responses', 'command_transitions', 'commands', 'vehicle_probes'])
      await database.query(`delete from ${table}`);
    await database.query('delete from vehicles');
    simulator.reset();
  });
  after(() => simulator.close());

  const desk = (index: 0 | 1): CommandDesk => {
    const found = desks[index];
    if (found === undefined) throw new Error('There is no such instance.');
    return found;
  };
  const requests = (commandId: string) => simulator.ledger.entries({ commandId });
  const ownerOf = async (id: string): Promise<string | undefined> => {
    const [row] = await database.query<{ lease_owner: string | null }>(
      'select lease_owner from commands where command_id = $1',
      [id],
    );
    return row?.lease_owner ?? undefined;
  };
  /** Fills one instance, so that the other has to take the rest; gives the ids by instance. */
  const spread = async (order: (car: string) => Promise<string>): Promise<ReadonlyMap<string, readonly string[]>> => {
    const ids = await Promise.all(cars.map(order));
    await eventually(() => ids.every((id) => requests(id).length === 1));
    const byOwner = new Map<string, string[]>();
    for (const id of ids) {
      const owner = (await ownerOf(id)) ?? '';
      byOwner.set(owner, [...(byOwner.get(owner) ?? []), id]);
    }
    return byOwner;
  };
  /** Which of the services an owner of leases is: the one whose commands rest while it is frozen. */
  const ownedBy = async (service: ServiceProcess, byOwner: ReadonlyMap<string, readonly string[]>): Promise<string> => {
    const renewals = async (): Promise<ReadonlyMap<string, string>> => {
      const rows = await database.query<{ owner: string; until: string }>(
        "select lease_owner as owner, max(lease_expires_at)::text as until from commands where status = 'in_progress' group by 1",
      );
      return new Map(rows.map(({ owner, until }) => [owner, until]));
    };
    service.freeze();
    // PostgreSQL still carries out what was on its way.
    await sleep(200);
    const before = await renewals();
    let moved: readonly string[] = [];
    await eventually(async () => {
      const now = await renewals();
      moved = [...byOwner.keys()].filter((owner) => now.get(owner) !== before.get(owner));
      return moved.length > 0;
    });
    service.thaw();
    const [owner] = [...byOwner.keys()].filter((candidate) => !moved.includes(candidate));
    if (owner === undefined) throw new Error('Both instances seem to run.');
    return owner;
  };

  it('one is killed: the other takes over its reads, and tells the truth about its writes', async () => {
    simulator.trouble.add({ kind: 'hang' });
    const byOwner = await spread((id) => (cars.indexOf(id) % 2 === 0 ? desk(0).read(id) : desk(0).write(id, 1)));
    simulator.trouble.clear();
    await services[0]?.kill();
    const survivor = desk(1);
    const dead = await (async () => {
      let taken: string | undefined;
      await eventually(async () => {
        for (const [owner, ids] of byOwner) {
          const ends = await Promise.all(ids.map((id) => survivor.command(id)));
          if (ends.every(({ status }) => status === 'completed' || status === 'outcome_unknown')) taken = owner;
        }
        return taken !== undefined;
      });
      return taken ?? '';
    })();
    const ids = byOwner.get(dead) ?? [];
    expect(ids).to.have.length(4);
    for (const id of ids) {
      const { status, safety } = await survivor.command(id);
      expect(status).to.equal(safety === 'safe' ? 'completed' : 'outcome_unknown');
      expect(requests(id)).to.have.length(safety === 'safe' ? 2 : 1);
    }
    // What the living one holds is not touched.
    for (const [owner, others] of byOwner) {
      if (owner === dead) continue;
      for (const id of others) expect((await survivor.command(id)).status).to.equal('in_progress');
    }
  });

  it('one that stood still for longer than its lease: writes nothing more about what it lost', async () => {
    simulator.trouble.add({ kind: 'hang', method: 'GET' });
    simulator.trouble.add({ kind: 'hang', method: 'PUT' });
    const byOwner = await spread((id) => (cars.indexOf(id) % 2 === 0 ? desk(0).read(id) : desk(0).write(id, 1)));
    const [first] = services;
    if (first === undefined) throw new Error('There is no instance.');
    const owner = await ownedBy(first, byOwner);
    const ids = byOwner.get(owner) ?? [];
    simulator.trouble.clear();
    first.freeze();
    const other = desk(1);
    for (const id of ids) await other.ended(id);
    const settled = await Promise.all(ids.map((id) => other.command(id)));
    first.thaw();
    // It finds out at its next renewal, lets go of the vehicle, and is of use again.
    await eventually(() => ids.every((id) => requests(id)[0]?.ending === 'hung'));
    await eventually(() => first.lines.filter(isAboutLease).length >= ids.length);
    await desk(0).ended(await desk(0).read(cars[0] ?? ''));
    expect(await Promise.all(ids.map((id) => other.command(id)))).to.deep.equal(settled);
    // And knows that it doesn't know any more how far they are.
    for (const { command_id: id, last_event_number: last } of settled) {
      const { events } = await desk(0).follow(id);
      expect(events.at(-1)?.id).to.equal(last);
    }
    for (const { safety, status } of settled) {
      expect(status).to.equal(safety === 'safe' ? 'completed' : 'outcome_unknown');
    }
    for (const id of ids) {
      const { safety } = await other.command(id);
      if (safety !== 'safe') expect(requests(id)).to.have.length(1);
    }
  });

  it('a vehicle that answers an instance whose lease is lost: the answer is not written down', async () => {
    simulator.trouble.add({ kind: 'latency', millis: 2000 });
    const byOwner = await spread((id) => desk(0).write(id, 1, { timeout_seconds: 60 }));
    for (const service of services) service.freeze();
    const ids = [...byOwner.values()].flat();
    // Both stand still, so a third takes over what they hold.
    const third = await startServiceProcess(database.url, variables);
    services.push(third);
    const other = desk(0).at(third.url);
    for (const id of ids) expect((await other.ended(id)).status).to.equal('outcome_unknown');
    for (const service of services) service.thaw();
    await eventually(() => services.slice(0, 2).every(({ lines }) => lines.filter(isAboutLease).length >= 4));
    for (const id of ids) {
      const command = await other.command(id);
      expect(command).to.include({ status: 'outcome_unknown', response_count: 0 });
      expect(command.error.code).to.equal('dispatch-interrupted');
      expect(requests(id)).to.have.length(1);
    }
  });
});

function isAboutLease(line: string): boolean {
  return line.includes('the lease of a command is lost');
}
