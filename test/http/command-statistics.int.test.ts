import { randomUUID } from 'node:crypto';

import { expect } from 'chai';

import { useDatabase } from '#support/database.js';
import { startProgram, vehicleBody, type LoggedIn, type RunningProgram } from '#support/program.js';

import { expectProblem, pointersOf } from './expect-problem.js';

describe('statistics of commands over HTTP', () => {
  const database = useDatabase();
  let service: RunningProgram;
  let admin: LoggedIn;
  let vehicles: string[];

  before(async () => {
    service = await startProgram(database.url);
    admin = await service.logInAs('admin');
    const register = async () =>
      (await service.call(admin.token, 'POST', '/vehicles', vehicleBody('https://car.example/sovd/v1'))).body
        .vehicle_id;
    vehicles = [await register(), await register()];
  });
  after(() => service.stop());

  const get = (query: Record<string, string> = {}, token = admin.token) =>
    service.call(token, 'GET', `/stats/commands?${new URLSearchParams(query).toString()}`);

  /** Commands that were submitted at a time, waited and worked for some seconds. */
  async function ran(
    vehicleId: string | undefined,
    name: string,
    status: string,
    at: string,
    seconds: readonly (readonly [waited: number | null, worked: number | null])[],
  ): Promise<void> {
    for (const [waited, worked] of seconds) {
      await database.query(
        `insert into commands (command_id, user_id, vehicle_id, fleet_id, command_name, command_params, safety, status,
           when_offline, timeout_seconds, expires_at, submitted_at, started_at, completed_at, attempts,
           last_event_number, response_count, lease_number)
         select $1, $2, v.vehicle_id, v.fleet_id, $4, '{}', 'safe', $5, 'queue', 30, $6::timestamptz, $6::timestamptz,
           $6::timestamptz + make_interval(secs => $7), $6::timestamptz + make_interval(secs => coalesce($7, 0) + $8),
           1, 1, 0, 0
         from vehicles v where v.vehicle_id = $3`,
        [randomUUID(), admin.userId, vehicleId, name, status, at, waited, worked],
      );
    }
  }

  it('counts by type and state, and tells the median, the 95th percentile and the maximum', async () => {
    const at = '2025-03-01T12:00:00Z';
    const hundred = Array.from({ length: 101 }, (_unused, index) => [index, 1000 - index] as const);
    await ran(vehicles[0], 'read-data', 'completed', at, hundred);
    await ran(vehicles[1], 'read-data', 'failed', at, [[1.5, 2]]);
    await ran(vehicles[1], 'discover', 'expired', at, [[null, 60]]);
    const range = { from: '2025-03-01T12:00:00Z', to: '2025-03-01T12:00:00.001Z' };
    const { status, body } = await get(range);
    expect(status).to.equal(200);
    const one = (seconds: number) => ({ p50: seconds, p95: seconds, max: seconds });
    const completed = {
      command_name: 'read-data',
      status: 'completed',
      count: 101,
      waiting_seconds: { p50: 50, p95: 95, max: 100 },
      working_seconds: { p50: 950, p95: 995, max: 1000 },
    };
    expect(body).to.deep.equal({
      from: '2025-03-01T12:00:00.000Z',
      to: '2025-03-01T12:00:00.001Z',
      items: [
        { command_name: 'discover', status: 'expired', count: 1, waiting_seconds: null, working_seconds: null },
        completed,
        {
          ...{ command_name: 'read-data', status: 'failed', count: 1 },
          ...{ waiting_seconds: one(1.5), working_seconds: one(2) },
        },
      ],
    });
    expect((await get({ ...range, vehicle_id: vehicles[0] ?? '' })).body.items).to.deep.equal([completed]);
  });

  it('takes what was submitted from a time on, and before another', async () => {
    for (const second of ['01', '02', '03'])
      await ran(vehicles[0], 'discover', 'failed', `2025-05-01T00:00:${second}Z`, [[0, 1]]);
    const { body } = await get({ from: '2025-05-01T00:00:01Z', to: '2025-05-01T00:00:03Z' });
    expect(body.items.map((item: any) => item.count)).to.deep.equal([2]);
  });

  it('is of the last 24 hours when nothing is said, and of as long before the end', async () => {
    await ran(vehicles[0], 'discover', 'failed', new Date(Date.now() - 23 * 3_600_000).toISOString(), [[0, 1]]);
    await ran(vehicles[0], 'discover', 'failed', new Date(Date.now() - 25 * 3_600_000).toISOString(), [[0, 1]]);
    const { body } = await get();
    expect(body.items.map((item: any) => item.count)).to.deep.equal([1]);
    expect(Date.parse(body.to) - Date.parse(body.from)).to.equal(86_400_000);
    expect((await get({ to: '2025-05-02T00:00:00Z' })).body.from).to.equal('2025-05-01T00:00:00.000Z');
  });

  it('refuses a range that is empty or longer than 92 days, and a vehicle that is not there', async () => {
    for (const range of [
      { from: '2025-05-01T00:00:00Z', to: '2025-05-01T00:00:00Z' },
      { from: '2025-01-01T00:00:00Z', to: '2025-04-03T00:00:00.001Z' },
    ]) {
      const answer = await get(range);
      expectProblem(answer, 400, 'invalid-request');
      expect(pointersOf(answer.body)).to.deep.equal(['#/query/to']);
    }
    expect((await get({ from: '2025-01-01T00:00:00Z', to: '2025-04-03T00:00:00Z' })).status).to.equal(200);
    expectProblem(await get({ vehicle_id: randomUUID() }), 404, 'vehicle-not-found');
  });

  it('counts nothing of vehicles that somebody may not see', async () => {
    const outsider = await service.logInAs('viewer');
    await database.query('delete from fleet_members where user_id = $1', [outsider.userId]);
    await ran(vehicles[0], 'discover', 'failed', '2025-06-01T00:00:00Z', [[0, 1]]);
    const range = { from: '2025-06-01T00:00:00Z', to: '2025-06-02T00:00:00Z' };
    expect((await get(range)).body.items).to.have.lengthOf(1);
    expect((await get(range, outsider.token)).body.items).to.deep.equal([]);
    expectProblem(await get({ ...range, vehicle_id: vehicles[0] ?? '' }, outsider.token), 404, 'vehicle-not-found');
  });
});
