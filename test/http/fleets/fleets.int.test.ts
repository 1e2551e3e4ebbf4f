import { randomUUID } from 'node:crypto';

import { expect } from 'chai';

import { defaultFleetId } from '#application/domain/fleet.js';
import { useDatabase } from '#support/database.js';
import { startProgram, vehicleBody, type LoggedIn, type RunningProgram } from '#support/program.js';

import { expectProblem } from '../expect-problem.js';

const nobody = '0190c0de-0000-7000-8000-000000000000';
const base = 'http://127.0.0.1:9/sovd/v1';

describe('fleets over HTTP', () => {
  const database = useDatabase();
  let service: RunningProgram;
  let admin: LoggedIn;
  let engineer: LoggedIn;
  before(async () => {
    service = await startProgram(database.url, { DISPATCH_POLL_MS: '60000' });
    admin = await service.logInAs('admin');
    engineer = await service.logInAs('engineer');
  });
  after(() => service.stop());

  const call = (method: string, path: string, body?: unknown) => service.call(admin.token, method, path, body);
  const newFleet = async (): Promise<any> => (await call('POST', '/fleets', { name: randomUUID() })).body;
  const auditOf = (fleetId: string) =>
    database.query<any>(
      `select action, outcome, user_id, details from audit_logs
       where entity_type = 'fleet' and entity_id = $1 order by occurred_at, log_id`,
      [fleetId],
    );

  it('the first admin finds a fleet, and vehicles go there when nobody names another', async () => {
    const { body } = await call('GET', '/fleets');
    expect(body.items.map(({ fleet_id, name }: any) => [fleet_id, name])).to.deep.include([defaultFleetId, 'default']);
    const vehicle = await call('POST', '/vehicles', vehicleBody(base));
    expect(vehicle.body.fleet_id).to.equal(defaultFleetId);
  });

  it('a fleet is made, shown and renamed, and that is remembered', async () => {
    const name = `Prototypes ${randomUUID()}`;
    const made = await call('POST', '/fleets', { name });
    expect(made.status).to.equal(201);
    const path = `/fleets/${made.body.fleet_id}`;
    expect(made.headers.get('location')).to.equal(`/api/v1${path}`);
    expect((await call('GET', path)).body).to.deep.equal(made.body);
    expectProblem(await call('POST', '/fleets', { name: name.toUpperCase() }), 409, 'fleet-name-taken');
    const renamed = await call('PATCH', path, { name: `${name} 2` });
    expect(renamed.body).to.include({ fleet_id: made.body.fleet_id, name: `${name} 2` });
    expectProblem(await call('PATCH', path, { name: 'Default' }), 409, 'fleet-name-taken');
    expect((await auditOf(made.body.fleet_id)).map(({ action, outcome }) => [action, outcome])).to.deep.equal([
      ['fleet.create', 'success'],
      ['fleet.change', 'success'],
      ['fleet.change', 'refused'],
    ]);
  });

  it('a member is set, changed and removed; sees the fleet meanwhile, and that is remembered', async () => {
    const { fleet_id: fleetId } = await newFleet();
    const path = `/fleets/${fleetId}/members/${engineer.userId}`;
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const set = await call('PUT', path, { role: 'engineer', until });
    expect(set.body).to.include({ fleet_id: fleetId, user_id: engineer.userId, role: 'engineer', until });
    expect((await call('GET', `/fleets/${fleetId}/members`)).body.items).to.deep.equal([set.body]);
    const seen = await service.call(engineer.token, 'GET', `/fleets/${fleetId}`);
    expect(seen.body.my_role).to.equal('engineer');
    const me = await service.call(engineer.token, 'GET', '/auth/me');
    expect(me.body.memberships.map((each: any) => [each.fleet_id, each.role, each.until])).to.have.deep.members([
      [defaultFleetId, 'engineer', null],
      [fleetId, 'engineer', until],
    ]);
    const changed = await call('PUT', path, { role: 'viewer' });
    expect(changed.body).to.deep.equal({ ...set.body, role: 'viewer', until: null });
    expect((await call('DELETE', path)).status).to.equal(204);
    expect((await call('DELETE', path)).status, 'a second time').to.equal(204);
    expectProblem(await service.call(engineer.token, 'GET', `/fleets/${fleetId}`), 404, 'fleet-not-found');
    const audit = await auditOf(fleetId);
    expect(audit.map(({ action, details }) => [action, details.user_id])).to.deep.equal([
      ['fleet.create', undefined],
      ['fleet.member-set', engineer.userId],
      ['fleet.member-set', engineer.userId],
      ['fleet.member-removed', engineer.userId],
    ]);
  });

  it('unknown fleets and users are 404', async () => {
    const { fleet_id: fleetId } = await newFleet();
    const role = { role: 'viewer' };
    expectProblem(await call('PUT', `/fleets/${nobody}/members/${engineer.userId}`, role), 404, 'fleet-not-found');
    expectProblem(await call('PUT', `/fleets/${fleetId}/members/${nobody}`, role), 404, 'user-not-found');
    expectProblem(await call('DELETE', `/fleets/${fleetId}/members/${nobody}`), 404, 'user-not-found');
    expectProblem(await call('GET', `/fleets/${nobody}/members`), 404, 'fleet-not-found');
    expectProblem(await call('PATCH', `/fleets/${nobody}`, { name: 'x' }), 404, 'fleet-not-found');
    expectProblem(await call('POST', '/vehicles', vehicleBody(base, { fleet_id: nobody })), 404, 'fleet-not-found');
    const { body: vehicle } = await call('POST', '/vehicles', vehicleBody(base));
    const move = await call('PATCH', `/vehicles/${vehicle.vehicle_id}`, { fleet_id: nobody });
    expectProblem(move, 404, 'fleet-not-found');
  });

  it('a vehicle that moves takes its commands along', async () => {
    const { fleet_id: fleetId } = await newFleet();
    const { body: vehicle } = await call('POST', '/vehicles', vehicleBody(base));
    const { body: command } = await call('POST', '/commands', {
      vehicle_id: vehicle.vehicle_id,
      command_name: 'discover',
    });
    const inFleet = async (list: string) => (await call('GET', `/${list}?fleet_id=${fleetId}`)).body.items;
    const seen = (path: string) => service.call(engineer.token, 'GET', path);
    expect(await inFleet('vehicles')).to.deep.equal([]);
    expect((await seen(`/commands/${command.command_id}`)).status).to.equal(200);
    const moved = await call('PATCH', `/vehicles/${vehicle.vehicle_id}`, { fleet_id: fleetId });
    expect(moved.body.fleet_id).to.equal(fleetId);
    expect((await inFleet('vehicles')).map((each: any) => each.vehicle_id)).to.deep.equal([vehicle.vehicle_id]);
    expect((await inFleet('commands')).map((each: any) => each.command_id)).to.deep.equal([command.command_id]);
    expectProblem(await seen(`/commands/${command.command_id}`), 404, 'command-not-found');
    expectProblem(await seen(`/vehicles/${vehicle.vehicle_id}`), 404, 'vehicle-not-found');
  });

  it('pages are full for a member, whatever lies between', async () => {
    const { fleet_id: fleetId } = await newFleet();
    const { fleet_id: another } = await newFleet();
    const viewer = await service.logInAs('viewer');
    await call('DELETE', `/fleets/${defaultFleetId}/members/${viewer.userId}`);
    for (const id of [fleetId, another])
      await call('PUT', `/fleets/${id}/members/${viewer.userId}`, { role: 'viewer' });
    const mine: string[] = [];
    for (let index = 0; index < 18; index += 1) {
      const fleet = [defaultFleetId, fleetId, another][index % 3];
      const { body } = await call('POST', '/vehicles', vehicleBody(base, { fleet_id: fleet }));
      await call('POST', '/commands', { vehicle_id: body.vehicle_id, command_name: 'discover' });
      if (fleet !== defaultFleetId) mine.unshift(body.vehicle_id);
    }
    for (const list of ['vehicles', 'commands']) {
      const found: string[] = [];
      const sizes: number[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
        const { body } = await service.call(viewer.token, 'GET', `/${list}?limit=5${after}`);
        found.push(...body.items.map((item: any) => item.vehicle_id));
        sizes.push(body.items.length);
        cursor = body.next_cursor;
      }
      expect(found, list).to.deep.equal(mine);
      expect(sizes, list).to.deep.equal([5, 5, 2]);
    }
  });
});
