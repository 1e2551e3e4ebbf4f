import { expect } from 'chai';

import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { useDatabase } from '#support/database.js';
import { startProgram, type RunningProgram } from '#support/program.js';

import { tapDatabase, type WireTap } from '../http/wire-tap.js';
import { checkBooks } from './books.js';
import { eventually, openDesk, type CommandDesk } from './command-desk.js';
import { useWorkshop } from './workshop.js';

describe('a command that is accepted', () => {
  const workshop = useWorkshop({ vehicles: 6, variables: { DISPATCH_CONCURRENCY: '3' } });
  const car = (index: number): string => workshop.car(`car-${index + 1}`);

  before('keeps the state in which each command is stored', async () => {
    await workshop.database.query('create table first_states (command_id uuid primary key, status text)');
    await workshop.database.query(`
      create function keep_first_state() returns trigger language plpgsql as $keep$
      begin
        insert into first_states values (new.command_id, new.status);
        return new;
      end
      $keep$`);
    await workshop.database.query(
      'create trigger first_state after insert on commands for each row execute function keep_first_state()',
    );
  });

  const firstStates = async (ids: readonly string[]): Promise<readonly string[]> => {
    const rows = await workshop.database.query<{ readonly status: string }>(
      `select f.status from unnest($1::uuid[]) with ordinality as o (id, place)
       join first_states f on f.command_id = o.id order by o.place`,
      [ids],
    );
    return rows.map(({ status }) => status);
  };
  const hung = () => workshop.simulator.ledger.entries().filter(({ ending }) => ending === 'hung').length;

  it('a read that nothing waits before: is stored as in progress, and its author is told that it was accepted', async () => {
    const { desk } = workshop;
    const parameters = { entity: 'apps/diagnostic-recorder', data_ids: ['channel-001'] };
    const { status, body } = await desk.submit(car(0), 'read-data', parameters);
    expect([status, body.status]).to.deep.equal([202, 'pending']);
    expect(await firstStates([body.command_id])).to.deep.equal(['in_progress']);
    const ended = await desk.ended(body.command_id);
    expect(ended).to.include({ status: 'completed', attempts: 1 });
    expect(await desk.reasons(body.command_id)).to.deep.equal(['submitted', 'claimed', 'answered']);
  });

  it('what changes the vehicle: waits in the queue until it is claimed', async () => {
    const { desk } = workshop;
    const write = await desk.write(car(0), 12);
    expect((await desk.ended(write)).status).to.equal('completed');
    expect(await firstStates([write])).to.deep.equal(['pending']);
  });

  it('a read for a vehicle that is busy: waits in its lane', async () => {
    const { desk, simulator } = workshop;
    simulator.trouble.add({ kind: 'hang', count: 1 });
    const first = await desk.read(car(1));
    await eventually(() => hung() === 1);
    const second = await desk.read(car(1));
    await desk.ended(second);
    await desk.cancel(first);
    await desk.ended(first);
    expect(await firstStates([first, second])).to.deep.equal(['in_progress', 'pending']);
  });

  describe('a read that begins at once', () => {
    /** Who made its first two steps, as its stream says. The database is made to tell another story, so that this shows who was asked. */
    const actorsOf = async (id: string): Promise<readonly string[]> => {
      await workshop.database.query("update command_transitions set actor = 'database' where command_id = $1", [id]);
      const { events } = await workshop.desk.follow(id, { stopAfter: 2 });
      return events.slice(0, 2).map(({ data }) => data.actor);
    };

    it('is not looked up for whoever follows it then', async () => {
      const { desk, simulator } = workshop;
      simulator.trouble.add({ kind: 'hang', count: 1 });
      const id = await desk.read(car(3));
      await eventually(() => hung() === 1);
      expect(await actorsOf(id))
        .to.include('dispatcher')
        .and.not.include('database');
      await desk.cancel(id);
      await desk.ended(id);
      expect(await actorsOf(id)).to.deep.equal(['database', 'database']);
    });

    it('is looked up once more of it is stored', async () => {
      const { desk } = workshop;
      const path = 'apps/diagnostic-recorder/data/stream/events';
      const query = { 'x-events': '100', 'x-interval-millis': '20' };
      const { body } = await desk.submit(car(4), 'sovd-request', { method: 'GET', path, query });
      await eventually(async () => (await desk.command(body.command_id)).response_count > 0);
      expect(await actorsOf(body.command_id)).to.deep.equal(['database', 'database']);
      await desk.cancel(body.command_id);
      await desk.ended(body.command_id);
    });
  });

  it('many at once for one vehicle: each is accepted and carried out', async () => {
    const { desk } = workshop;
    const ids = await Promise.all(Array.from({ length: 12 }, () => desk.read(car(2))));
    for (const id of ids) expect((await desk.ended(id)).status).to.equal('completed');
  });

  it('more than there are places: wait, and come before those that are accepted later', async () => {
    const { desk, simulator } = workshop;
    simulator.trouble.add({ kind: 'hang', count: 5 });
    const running = [await desk.read(car(0)), await desk.read(car(1)), await desk.read(car(2))];
    await eventually(() => hung() === 3);
    const waiting = await desk.read(car(3));
    const later = await desk.read(car(4));
    await desk.cancel(running[0] ?? '');
    await eventually(() => hung() === 4);
    expect((await desk.command(waiting)).status).to.equal('in_progress');
    expect((await desk.command(later)).status).to.equal('pending');
    for (const id of [...running.slice(1), waiting]) await desk.cancel(id);
    await eventually(() => hung() === 5);
    await desk.cancel(later);
    for (const id of [...running, waiting, later]) await desk.ended(id);
    // With the queue empty, the next ones begin at once again.
    let last = '';
    await eventually(async () => {
      last = await desk.read(car(5));
      await desk.ended(last);
      return (await firstStates([last]))[0] === 'in_progress';
    });
    expect(await firstStates([waiting, later])).to.deep.equal(['pending', 'pending']);
  });
});

describe('a command whose acceptance was not answered by the database', () => {
  const database = useDatabase();
  let simulator: Simulator;
  let tap: WireTap;
  let program: RunningProgram;
  let desk: CommandDesk;
  let car: string;

  before(async () => {
    simulator = await startSimulator({ vehicles: 1 });
    tap = await tapDatabase(database.url);
    // Nobody takes a lease over within this test.
    program = await startProgram(tap.url, { DISPATCH_POLL_MS: '100', DISPATCH_LEASE_SECONDS: '300' });
    desk = await openDesk(database, program.url);
    car = await desk.register(simulator.vehicles[0]?.baseUrl ?? '');
    await desk.ended(await desk.read(car));
  });
  after(async () => {
    await program.stop();
    await tap.close();
    await simulator.close();
  });

  it('is 503; if it was stored it is found, and carried out once', async () => {
    tap.loseAnswerTo(/take_lanes/u);
    const parameters = { entity: 'apps/diagnostic-recorder', data_ids: ['channel-002'] };
    const { status } = await desk.submit(car, 'read-data', parameters);
    expect(status).to.equal(503);
    const [row] = await database.query<{ readonly command_id: string }>(
      'select command_id from commands order by submitted_at desc limit 1',
    );
    const id = row?.command_id ?? '';
    expect((await desk.ended(id)).status).to.equal('completed');
    expect(await desk.reasons(id)).to.deep.equal(['submitted', 'claimed', 'answered']);
    expect(simulator.ledger.entries({ commandId: id })).to.have.length(1);
    await checkBooks(database);
  });
});
