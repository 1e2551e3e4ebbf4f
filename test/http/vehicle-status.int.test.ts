import { expect } from 'chai';

import { useDatabase } from '#support/database.js';
import { startProgram, type RunningProgram } from '#support/program.js';

import { eventually, openDesk, type CommandDesk } from '../dispatch/command-desk.js';
import { startCar, type Car } from '../presence/car.js';
import { expectProblem } from './expect-problem.js';

describe("a vehicle's status over HTTP", () => {
  const database = useDatabase();
  let service: RunningProgram;
  let desk: CommandDesk;
  let viewer: string;
  let car: Car;
  let mute: Car;

  before(async () => {
    service = await startProgram(database.url, { DISPATCH_READS_PER_VEHICLE: '2' });
    desk = await openDesk(database, service.url);
    viewer = (await service.logInAs('viewer')).token;
    car = await startCar();
    mute = await startCar({ isMute: true });
  });
  after(async () => {
    await service.stop();
    await Promise.all([car.close(), mute.close()]);
  });

  const show = (id: string) => service.call(viewer, 'GET', `/vehicles/${id}/status`);
  const read = (id: string, name: string) => desk.order(id, 'read-data', { entity: 'apps/one', data_ids: [name] });

  it('of one that was never spoken to: says so', async () => {
    const id = await desk.register(car.baseUrl);
    const answer = await show(id);
    expect(answer.status).to.equal(200);
    expect(answer.body).to.deep.equal({
      vehicle_id: id,
      connection_status: 'disconnected',
      last_seen_at: null,
      last_checked_at: null,
      last_error_code: null,
      pending_commands: 0,
      in_progress_commands: 0,
      last_command: null,
    });
  });

  it('of one that answers: shows when, and how its last command went', async () => {
    const id = await desk.register(car.baseUrl);
    await desk.ended(await read(id, 'one'));
    const last = await desk.ended(await read(id, 'two'));
    const { body } = await show(id);
    expect(body).to.deep.include({ connection_status: 'connected', pending_commands: 0, in_progress_commands: 0 });
    expect(new Date(body.last_seen_at).getTime()).to.be.within(Date.now() - 20_000, Date.now() + 1000);
    expect(body.last_checked_at).to.equal(body.last_seen_at);
    expect(body.last_command).to.deep.equal({
      command_id: last.command_id,
      command_name: 'read-data',
      status: last.status,
      submitted_at: last.submitted_at,
      completed_at: last.completed_at,
      error_code: last.error?.code ?? null,
    });
  });

  it('of one that is busy: counts what runs and what waits, without what has ended', async () => {
    const id = await desk.register(mute.baseUrl);
    const ended = await read(id, 'one');
    await desk.cancel(ended);
    await desk.ended(ended);
    await Promise.all(['two', 'three', 'four', 'five', 'six'].map((name) => read(id, name)));
    let body: any;
    await eventually(async () => {
      ({ body } = await show(id));
      return body.in_progress_commands === 2;
    });
    expect(body).to.include({ pending_commands: 3 });
    expect(body.last_command).to.include({ completed_at: null, error_code: null });
  });

  it('of none, or of an id that is none: is refused', async () => {
    expectProblem(await show('0190c0de-0000-7000-8000-000000000000'), 404, 'vehicle-not-found');
    expectProblem(await show('17'), 400, 'invalid-request');
  });
});
