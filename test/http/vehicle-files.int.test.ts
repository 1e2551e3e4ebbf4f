import { expect } from 'chai';

import { defaultFleetId } from '#application/domain/fleet.js';
import { useDatabase } from '#support/database.js';
import { startProgram, vehicleBody, type RunningProgram } from '#support/program.js';

import { expectProblem } from './expect-problem.js';

const header = 'vin,make,model,model_year,sovd_base_url';

describe('files of vehicles over HTTP', () => {
  const database = useDatabase();
  let service: RunningProgram;
  let admin: string;
  let viewer: string;

  before(async () => {
    service = await startProgram(database.url);
    admin = (await service.logInAs('admin')).token;
    viewer = (await service.logInAs('viewer')).token;
  });
  after(() => service.stop());

  const base = 'https://car.example/sovd/v1';
  const vinOf = (count: number) => `WDDZZZ1JZXW${String(count).padStart(6, '0')}`;
  const lineOf = (vin: string, model = 'Imported') => `${vin},Meridian,${model},2024,${base}`;
  const exported = async (token: string, query = ''): Promise<Response> =>
    fetch(`${service.url}/api/v1/vehicles/export${query}`, { headers: { authorization: `Bearer ${token}` } });
  const imported = async (text: string, query = '', token = admin) => {
    const answer = await fetch(`${service.url}/api/v1/vehicles/import${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
      body: text,
    });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as any };
  };
  const register = async (changes: Record<string, unknown> = {}) =>
    (await service.call(admin, 'POST', '/vehicles', vehicleBody(base, changes))).body;
  const withoutFleets = async (role: 'viewer' | 'engineer') => {
    const user = await service.logInAs(role);
    await service.call(admin, 'DELETE', `/fleets/${defaultFleetId}/members/${user.userId}`);
    return user;
  };
  const countOf = async (model: string) => {
    const [row] = await database.query<{ count: number }>(
      'select count(*)::integer as count from vehicles where model = $1',
      [model],
    );
    return row?.count;
  };

  it('an import: registers all vehicles, each on record, and has them probed', async () => {
    const { status, body } = await imported(
      `${header}\r\n${lineOf(vinOf(1), 'First')}\r\n${lineOf(vinOf(2), 'First')}\r\n`,
    );
    expect([status, body]).to.deep.equal([200, { vehicle_count: 2, dry_run: false }]);
    const { body: list } = await service.call(admin, 'GET', '/vehicles?model=first');
    expect(list.items.map((item: any) => item.vin)).to.have.members([vinOf(1), vinOf(2)]);
    for (const { vehicle_id: id, ...vehicle } of list.items) {
      expect(vehicle).to.deep.include({ sovd_base_url: base, model_year: 2024, metadata: {} });
      const [entry] = await database.query<any>('select * from audit_logs where vehicle_id = $1', [id]);
      expect(entry).to.deep.include({ action: 'vehicle.register', outcome: 'success' });
      expect(entry.details).to.deep.equal({ vin: vehicle.vin, is_imported: true });
      expect(entry.user_id).to.be.a('string');
      expect(await database.query('select 1 from vehicle_probes where vehicle_id = $1', [id])).to.have.lengthOf(1);
    }
    const [entry] = await database.query<any>(`select details from audit_logs where action = 'vehicle.import'`);
    expect(entry.details).to.deep.equal({ vehicle_count: 2 });
  });

  it('an import with anything wrong in it: stores nothing, and tells of all of it', async () => {
    const known = await register();
    const text = [
      `${header},fleet_id`,
      `${lineOf(vinOf(10), 'Wrong')},`,
      `${lineOf(vinOf(10), 'Wrong')},`,
      `${lineOf(known.vin, 'Wrong')},`,
      `${lineOf('IOQ', 'Wrong')},`,
      `${vinOf(11)},Meridian,Wrong,2024,http://127.0.0.1:1/,`,
      `${vinOf(12)},Meridian,Wrong,2024,http://169.254.169.254/sovd,`,
      `${lineOf(vinOf(13), 'Wrong')},0190c0de-0000-7000-8000-000000000000`,
    ].join('\n');
    const answer = await imported(text);
    expectProblem(answer, 400, 'invalid-request');
    const pointers: string[] = answer.body.errors.map(({ pointer }: any) => pointer);
    expect(pointers).to.include.members(['/lines/3/vin', '/lines/4/vin', '/lines/5/vin', '/lines/7/sovd_base_url']);
    expect(pointers).to.include('/lines/8/fleet_id');
    expect(pointers).to.not.include('/lines/2/vin');
    expect(pointers).to.deep.equal([...pointers].sort());
    expect(await countOf('Wrong')).to.equal(0);
  });

  it('an import with very many errors: tells of the first hundred', async () => {
    const lines = Array.from({ length: 300 }, () => lineOf('X'));
    const answer = await imported([header, ...lines].join('\n'));
    expectProblem(answer, 400, 'invalid-request');
    expect(answer.body.errors).to.have.lengthOf(100);
    expect(answer.body.detail).to.contain('300');
  });

  it('a dry run: checks everything and stores nothing', async () => {
    const text = `${header}\n${lineOf(vinOf(20), 'Dry')}`;
    const { status, body } = await imported(text, '?dry_run=true');
    expect([status, body]).to.deep.equal([200, { vehicle_count: 1, dry_run: true }]);
    expect(await countOf('Dry')).to.equal(0);
    expectProblem(await imported(`${text}\n${text}`, '?dry_run=true'), 400, 'invalid-request');
    expectProblem(await imported(text, '?dry_run=perhaps'), 400, 'invalid-request');
  });

  it('the same file by two at once: is imported once', async () => {
    const text = [header, ...[30, 31, 32].map((count) => lineOf(vinOf(count), 'Raced'))].join('\n');
    const answers = await Promise.all([1, 2, 3].map(() => imported(text)));
    expect(answers.filter(({ status }) => status === 200)).to.have.lengthOf(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expectProblem(answer, 400, 'invalid-request');
      const pointers = answer.body.errors.map(({ pointer }: any) => pointer);
      expect(pointers).to.deep.equal(['/lines/2/vin', '/lines/3/vin', '/lines/4/vin']);
    }
    expect(await countOf('Raced')).to.equal(3);
  });

  it('a vehicle that was there for a moment: the import stores nothing, and asks for another try', async () => {
    // As if somebody had registered the VIN after the file was checked, and it were gone when it is looked for.
    await database.query(
      `create function refuse_vin() returns trigger language plpgsql as $$
       begin raise unique_violation using constraint = 'vehicles_vin_key'; end $$;
       create trigger refuse_vin before insert on vehicles execute function refuse_vin()`,
    );
    try {
      const answer = await imported(`${header}\r\n${lineOf(vinOf(20), 'Overtaken')}\r\n`);
      expectProblem(answer, 400, 'invalid-request');
      expect(answer.body.errors).to.deep.equal([
        { pointer: '', message: 'The registry changed meanwhile. Send the file again.' },
      ]);
      expect(await countOf('Overtaken')).to.equal(0);
    } finally {
      await database.query('drop function refuse_vin cascade');
    }
  });

  it('an import: is for administrators, and for CSV up to 5 MiB', async () => {
    expectProblem(await imported(header, '', viewer), 403, 'role-insufficient');
    const asJson = await service.call(admin, 'POST', '/vehicles/import', { vin: 1 });
    expectProblem(asJson, 415, 'unsupported-media-type');
    expectProblem(await imported(`${header}\n${' '.repeat(5 * 1024 * 1024)}`), 413, 'body-too-large');
    expectProblem(
      await imported(`${header}\n${lineOf(vinOf(40)).replace('Imported', 'a\0b')}`),
      400,
      'invalid-request',
    );
  });

  it('an import of 10,000 vehicles: is whole', async function () {
    this.timeout(60_000);
    const lines = Array.from({ length: 10_000 }, (_unused, index) => lineOf(vinOf(100_000 + index), 'Many'));
    const { status, body } = await imported([header, ...lines].join('\n'));
    expect([status, body]).to.deep.equal([200, { vehicle_count: 10_000, dry_run: false }]);
    expect(await countOf('Many')).to.equal(10_000);
    const answer = await exported(admin, '?model=Many');
    const rows = (await answer.text()).trimEnd().split('\r\n');
    expect(rows).to.have.lengthOf(10_001);
    expect(new Set(rows).size).to.equal(10_001);
  });

  it('an export: has the filters of the list, and can be imported elsewhere', async () => {
    const awkward = { make: '=HYPERLINK("x")', model: 'Ünïcode, "quoted"', metadata: { a: ['b'] } };
    const one = await register(awkward);
    await register({ make: 'Other' });
    const query = `?make=${encodeURIComponent(awkward.make)}`;
    const answer = await exported(admin, query);
    expect(answer.status).to.equal(200);
    expect(answer.headers.get('content-type')).to.equal('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).to.equal('attachment; filename="vehicles.csv"');
    const text = await answer.text();
    expect(text.trimEnd().split('\r\n')).to.have.lengthOf(2);
    expect(text).to.contain(`'=HYPERLINK`);
    const copy = vinOf(50);
    expect((await imported(text.replace(one.vin, copy))).status).to.equal(200);
    const { body } = await service.call(admin, 'GET', `/vehicles?q=${copy}`);
    expect(body.items[0]).to.deep.include({ ...awkward, vin: copy, fleet_id: one.fleet_id });
    const [entry] = await database.query<any>(`select * from audit_logs where action = 'vehicle.export' limit 1`);
    expect(entry).to.include({ outcome: 'success' });
    const bad = await exported(admin, '?status=lost');
    expectProblem({ status: bad.status, headers: bad.headers, body: await bad.json() }, 400, 'invalid-request');
  });

  it('an export: shows a member the vehicles of their fleets, and nobody else any', async () => {
    const { token, userId } = await withoutFleets('viewer');
    const { body: fleet } = await service.call(admin, 'POST', '/fleets', { name: 'Exported' });
    const mine = await register({ fleet_id: fleet.fleet_id });
    await service.call(admin, 'PUT', `/fleets/${fleet.fleet_id}/members/${userId}`, { role: 'viewer' });
    const lines = (await (await exported(token)).text()).trimEnd().split('\r\n');
    expect(lines).to.have.lengthOf(2);
    expect(lines[1]).to.contain(mine.vin).and.to.contain(fleet.fleet_id);
    const outsider = await withoutFleets('engineer');
    expect((await (await exported(outsider.token)).text()).trimEnd().split('\r\n')).to.have.lengthOf(1);
  });

  it('a retired vehicle: is exported when it is asked for, and cannot be imported', async () => {
    const gone = await register({ make: 'Gone' });
    await service.call(admin, 'DELETE', `/vehicles/${gone.vehicle_id}`);
    expect(await (await exported(admin, '?make=Gone')).text()).to.not.contain(gone.vin);
    const text = await (await exported(admin, '?make=Gone&include_retired=true')).text();
    expect(text).to.contain(gone.vin);
    const answer = await imported(text.replace(gone.vin, vinOf(60)));
    expect(answer.body.errors.map(({ pointer }: any) => pointer)).to.deep.equal(['/lines/2/retired_at']);
  });
});
