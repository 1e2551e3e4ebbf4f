import { expect } from 'chai';

import { useDatabase } from '#support/database.js';
import { findFreePort } from '#support/free-port.js';
import { startProgram, type RunningProgram } from '#support/program.js';

import { eventually, openDesk, type CommandDesk } from '../dispatch/command-desk.js';
import { startCar, type Car } from './car.js';

describe('presence', function () {
  this.timeout(30_000);
  const database = useDatabase();
  const programs: RunningProgram[] = [];
  const cars: Car[] = [];

  afterEach(async () => {
    await Promise.all(programs.splice(0).map((program) => program.stop()));
    await Promise.all(cars.splice(0).map((car) => car.close()));
    await database.clear();
  });

  const start = async (variables: Record<string, string> = {}): Promise<CommandDesk> => {
    const program = await startProgram(database.url, { PROBE_INTERVAL_SECONDS: '1', ...variables });
    programs.push(program);
    return openDesk(database, program.url);
  };
  const park = async (...options: Parameters<typeof startCar>): Promise<Car> => {
    const car = await startCar(...options);
    cars.push(car);
    return car;
  };
  const statusOf = async (desk: CommandDesk, id: string) => (await desk.call('GET', `/vehicles/${id}/status`)).body;
  const until = async (desk: CommandDesk, id: string, isSo: (status: any) => boolean): Promise<any> => {
    let status: any;
    await eventually(
      async () => isSo((status = await statusOf(desk, id))),
      () => JSON.stringify(status),
    );
    return status;
  };

  it('of a vehicle that nobody orders anything from: is found out all the same', async () => {
    const desk = await start();
    const there = await park();
    const id = await desk.register(there.baseUrl);
    const away = await desk.register(`http://127.0.0.1:${await findFreePort()}/sovd/v1`);
    const seen = await until(desk, id, ({ last_checked_at: at }) => at !== null);
    expect(seen).to.include({
      connection_status: 'connected',
      last_seen_at: seen.last_checked_at,
      last_error_code: null,
    });
    const missed = await until(desk, away, ({ last_checked_at: at }) => at !== null);
    expect(missed).to.include({
      connection_status: 'disconnected',
      last_seen_at: null,
      last_error_code: 'vehicle-unreachable',
    });
    expect(there.requests.every((line) => line === 'GET /sovd/v1/version-info')).to.equal(true);
  });

  it('of a vehicle that does not answer in time: is an error', async () => {
    const desk = await start({ PROBE_TIMEOUT_SECONDS: '1' });
    const id = await desk.register((await park({ isMute: true })).baseUrl);
    const status = await until(desk, id, ({ last_checked_at: at }) => at !== null);
    expect(status).to.include({ connection_status: 'error', last_error_code: 'vehicle-timeout' });
  });

  it('when it comes back: starts what waits for the vehicle at once, whenever it would have been tried next', async () => {
    const desk = await start({ DISPATCH_POLL_MS: '60000' });
    const port = await findFreePort();
    const id = await desk.register(`http://127.0.0.1:${port}/sovd/v1`);
    const command = await desk.order(id, 'read-data', { entity: 'apps/one', data_ids: ['two'] });
    // Put off by far more than this test lasts, once it waits again.
    await eventually(async () => {
      const rows = await database.query(
        `update commands set not_before = now() + interval '30 minutes'
         where status = 'pending' and not_before is not null and command_id = $1 returning 1`,
        [command],
      );
      return rows.length === 1;
    });
    await until(desk, id, (status) => status.connection_status === 'disconnected');
    await park({ port });
    await desk.ended(command);
    expect(await statusOf(desk, id)).to.include({ connection_status: 'connected', pending_commands: 0 });
  });

  it('asked for by two instances: costs a vehicle one request', async () => {
    const desk = await start({ PROBE_INTERVAL_SECONDS: '0' });
    const all = await Promise.all(Array.from({ length: 12 }, () => park()));
    const ids = await Promise.all(all.map(({ baseUrl }) => desk.register(baseUrl)));
    await Promise.all([1, 2].map(() => start({ PROBE_INTERVAL_SECONDS: '600', PROBE_CONCURRENCY: '2' })));
    for (const id of ids) await until(desk, id, ({ connection_status: status }) => status === 'connected');
    expect(all.map(({ requests }) => requests.length)).to.deep.equal(all.map(() => 1));
  });

  it('of a vehicle that stays away: is asked for less and less often', async () => {
    const desk = await start();
    const id = await desk.register(`http://127.0.0.1:${await findFreePort()}/sovd/v1`);
    let row: { readonly failures: number; readonly pause: number } | undefined;
    await eventually(async () => {
      [row] = await database.query(
        `select p.failures, extract(epoch from p.next_probe_at - v.last_checked_at)::float8 as pause
         from vehicle_probes p join vehicles v using (vehicle_id) where vehicle_id = $1`,
        [id],
      );
      return (row?.failures ?? 0) >= 3;
    });
    // The third pause is four seconds, of which a random half may be left out.
    expect(row?.pause).to.be.greaterThan(1.8);
  });

  it('switched off: asks nobody', async () => {
    const desk = await start({ PROBE_INTERVAL_SECONDS: '0' });
    const car = await park();
    const id = await desk.register(car.baseUrl);
    const other = await start();
    await until(other, id, ({ connection_status: status }) => status === 'connected');
    const [program] = programs.splice(1);
    await program?.stop();
    const before = car.requests.length;
    await database.query(`update vehicle_probes set next_probe_at = now() - interval '1 hour'`);
    await database.query(`update vehicles set last_checked_at = now() - interval '1 hour'`);
    // A command goes its whole way meanwhile.
    await desk.ended(await desk.order(id, 'read-data', { entity: 'apps/one', data_ids: ['two'] }));
    expect(car.requests.slice(before)).to.not.include('GET /sovd/v1/version-info');
  });

  it('does not keep the service from stopping, whatever a vehicle does', async () => {
    const desk = await start({ PROBE_TIMEOUT_SECONDS: '60' });
    const car = await park({ isMute: true });
    await desk.register(car.baseUrl);
    await eventually(() => car.requests.length > 0);
    await Promise.all(programs.splice(0).map((program) => program.stop()));
    const [row] = await database.query<{ last_checked_at: Date | null }>('select last_checked_at from vehicles');
    expect(row?.last_checked_at).to.equal(null);
  });
});
