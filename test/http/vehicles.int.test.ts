import { expect } from 'chai';

import { useDatabase } from '#support/database.js';
import { startProgram, vehicleBody, type RunningProgram } from '#support/program.js';

import { expectProblem, pointersOf } from './expect-problem.js';

describe('vehicles over HTTP', () => {
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
  const register = (changes: Record<string, unknown> = {}) =>
    service.call(admin, 'POST', '/vehicles', vehicleBody(base, changes));
  const list = (query: Record<string, string> = {}) =>
    service.call(viewer, 'GET', `/vehicles?${new URLSearchParams(query).toString()}`);
  const auditOf = (vehicleId: string) =>
    database.query<any>('select * from audit_logs where vehicle_id = $1 order by log_id', [vehicleId]);

  describe('registering', () => {
    it('gives the vehicle and its path, and is audited', async () => {
      const answer = await register({ metadata: { fleet: 'north', ключ: [1, null, { deep: true }] } });
      expect(answer.status).to.equal(201);
      const { body } = answer;
      expect(answer.headers.get('location')).to.equal(`/api/v1/vehicles/${body.vehicle_id}`);
      expect(body).to.include({ make: 'Meridian', connection_status: 'disconnected', last_seen_at: null });
      expect(body).to.include({ sovd_base_url: base, retired_at: null, vin_check_digit_valid: false });
      const shown = await service.call(viewer, 'GET', `/vehicles/${body.vehicle_id}`);
      expect(shown.status).to.equal(200);
      expect(shown.body).to.deep.equal(body);
      const [entry] = await auditOf(body.vehicle_id);
      expect(entry).to.include({ action: 'vehicle.register', outcome: 'success', entity_id: body.vehicle_id });
      expect(entry.details).to.deep.equal({ vin: body.vin });
    });

    it('takes slashes from the end of the base', async () => {
      const { body } = await register({ sovd_base_url: `${base}//` });
      expect(body.sovd_base_url).to.equal(base);
    });

    it('refuses a VIN that is registered, and remembers that', async () => {
      const first = await register();
      const answer = await register({ vin: first.body.vin });
      expectProblem(answer, 409, 'vin-taken');
      const [entry] = await database.query<any>('select * from audit_logs where request_id = $1', [
        answer.headers.get('x-request-id'),
      ]);
      expect(entry).to.include({ action: 'vehicle.register', outcome: 'refused' });
    });

    it('registers a VIN once when two try at once', async () => {
      const body = vehicleBody(base);
      const answers = await Promise.all([1, 2, 3, 4].map(() => service.call(admin, 'POST', '/vehicles', body)));
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([201, 409, 409, 409]);
    });

    const badVins = {
      'one character short': 'WVWZZZ1JZXW00000',
      'one character long': 'WVWZZZ1JZXW0000011',
      'with an I': 'WVWZZZ1JZXWI00001',
      'with an O': 'WVWZZZ1JZXWO00001',
      'with a Q': 'WVWZZZ1JZXWQ00001',
      'in lower case': 'wvwzzz1jzxw000001',
      'with a line end': 'WVWZZZ1JZXW000001\n',
      'with a blank': ' WVWZZZ1JZXW00001',
      'in other letters': 'ＷVWZZZ1JZXW00001',
    };
    for (const [name, vin] of Object.entries(badVins)) {
      it(`refuses a VIN ${name}`, async () => {
        const answer = await register({ vin });
        expectProblem(answer, 400, 'invalid-request');
        expect(pointersOf(answer.body)).to.deep.equal(['/vin']);
      });
    }

    const badBases = [
      ...['ftp://car.example/sovd/v1', 'car.example/sovd/v1', '', 'https://', 'http:car.example', 'https:///sovd'],
      ...['https://user:secret@car.example/sovd/v1', 'https://user@car.example', 'https://car.example/v1?key=1'],
      ...['https://car.example/v1#top', 'https://car.example/a b', 'https://car.example/v1\n', 'javascript:alert(1)'],
      ...['https://car.example\\@elsewhere.example', 'https://[::1', 'https://car.example:99999', 'file:///etc/passwd'],
    ];
    for (const url of badBases) {
      it(`refuses ${JSON.stringify(url)} as a base`, async () => {
        const answer = await register({ sovd_base_url: url });
        expectProblem(answer, 400, 'invalid-request');
        expect(pointersOf(answer.body)).to.deep.equal(['/sovd_base_url']);
      });
    }

    it('tells of everything that is wrong at once', async () => {
      const answer = await service.call(admin, 'POST', '/vehicles', {
        vin: 'X',
        make: '',
        model: 'a\nb',
        model_year: 1.5,
        metadata: [],
        colour: 'red',
        'a/b~c': 1,
      });
      expectProblem(answer, 400, 'invalid-request');
      expect(answer.body.errors.map((error: any) => [error.pointer, error.message])).to.have.deep.members([
        ['/vin', 'must be 17 capital letters and digits, without I, O and Q'],
        ['/make', 'must not be empty'],
        ['/model', 'must be one line without control characters'],
        ['/model_year', 'must be a whole number'],
        ['/sovd_base_url', 'is required'],
        ['/metadata', 'must be an object'],
        ['/colour', 'is not known here; remove it'],
        ['/a~1b~0c', 'is not known here; remove it'],
      ]);
    });
  });

  describe('listing', () => {
    it('goes through all of them in pages, newest first, whatever is added meanwhile', async () => {
      const made: string[] = [];
      for (let count = 0; count < 7; count += 1) made.push((await register({ make: 'Paged' })).body.vehicle_id);
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const query = { make: 'paged', limit: '3', ...(cursor === null ? {} : { cursor }) };
        const { status, body } = await list(query);
        expect(status).to.equal(200);
        seen.push(...body.items.map((item: any) => item.vehicle_id));
        cursor = body.next_cursor;
        await register({ make: 'Paged' });
      } while (cursor !== null);
      expect(seen).to.deep.equal(made.reverse());
    });

    it('pages through vehicles of the same moment', async () => {
      for (let count = 0; count < 5; count += 1) await register({ make: 'Simultaneous' });
      await database.query("update vehicles set created_at = '2026-01-01T00:00:00Z' where make = 'Simultaneous'");
      const seen = new Set<string>();
      let cursor: string | null = null;
      do {
        const { body } = await list({ make: 'Simultaneous', limit: '2', ...(cursor === null ? {} : { cursor }) });
        for (const { vehicle_id: id } of body.items) seen.add(id);
        cursor = body.next_cursor;
      } while (cursor !== null);
      expect(seen.size).to.equal(5);
    });

    it('filters by make, model and status', async () => {
      const { body: one } = await register({ make: 'Filtered', model: 'First' });
      const { body: other } = await register({ make: 'Filtered', model: 'Second' });
      await database.query("update vehicles set connection_status = 'connected' where vehicle_id = $1", [
        other.vehicle_id,
      ]);
      const idsOf = async (query: Record<string, string>) =>
        (await list(query)).body.items.map((item: any) => item.vehicle_id);
      expect(await idsOf({ make: 'FILTERED', model: 'first' })).to.deep.equal([one.vehicle_id]);
      expect(await idsOf({ make: 'Filtered', status: 'connected' })).to.deep.equal([other.vehicle_id]);
      expect(await idsOf({ make: 'Filtered', model: 'Third' })).to.deep.equal([]);
    });

    it('searches in VIN, make and model, where % and _ and \\ are plain characters', async () => {
      const { body: percent } = await register({ model: '100% electric' });
      const { body: underscore } = await register({ model: 'snake_case' });
      const { body: backslash } = await register({ model: 'back\\slash' });
      const found = async (q: string) => (await list({ q })).body.items.map((item: any) => item.vehicle_id);
      expect(await found('0% EL')).to.deep.equal([percent.vehicle_id]);
      expect(await found('%')).to.deep.equal([percent.vehicle_id]);
      expect(await found('_')).to.deep.equal([underscore.vehicle_id]);
      expect(await found('\\')).to.deep.equal([backslash.vehicle_id]);
      expect(await found(percent.vin.toLowerCase())).to.deep.equal([percent.vehicle_id]);
    });

    const badQueries: Record<string, string> = {
      'limit=0': '#/query/limit',
      'limit=201': '#/query/limit',
      'limit=-1': '#/query/limit',
      'limit=1e2': '#/query/limit',
      'limit=99999999999999999999': '#/query/limit',
      'limit=1&limit=2': '#/query/limit',
      'limit=': '#/query/limit',
      'status=lost': '#/query/status',
      'status=connected&status=error': '#/query/status',
      'q=': '#/query/q',
      'q=%00': '#/query/q',
      'make=a%0A': '#/query/make',
      'include_retired=maybe': '#/query/include_retired',
      'sort=vin': '#/query/sort',
      '__proto__=1': '#/query/__proto__',
      'constructor=1': '#/query/constructor',
      [`q=${'x'.repeat(101)}`]: '#/query/q',
      'cursor=abc': '#/query/cursor',
      'cursor=': '#/query/cursor',
      [`cursor=${Buffer.from('1 x').toString('base64url')}`]: '#/query/cursor',
      [`cursor=${Buffer.from("1767225600000 ' or 1=1").toString('base64url')}`]: '#/query/cursor',
    };
    for (const [query, pointer] of Object.entries(badQueries)) {
      it(`refuses ?${query.slice(0, 40)}`, async () => {
        const answer = await service.call(viewer, 'GET', `/vehicles?${query}`);
        expectProblem(answer, 400);
        expect(pointersOf(answer.body)).to.deep.equal([pointer]);
      });
    }

    it('takes a cursor of any time that there is', async () => {
      for (const time of [0, 1_767_225_600_000, 99_999_999_999_999, 999_999_999_999_999]) {
        const cursor = Buffer.from(`${time} 0190c0de-0000-7000-8000-000000000000`).toString('base64url');
        const answer = await list({ cursor });
        expect(answer.status, `${time}: ${JSON.stringify(answer.body)}`).to.be.oneOf([200, 400]);
      }
    });
  });

  describe('changing', () => {
    it('changes what is named and nothing else, and is audited', async () => {
      const { body: before } = await register({ metadata: { a: 1 } });
      const answer = await service.call(admin, 'PATCH', `/vehicles/${before.vehicle_id}`, { model: 'Coupé' });
      expect(answer.status).to.equal(200);
      const { updated_at: _at, ...rest } = answer.body;
      const { updated_at: _before, ...expected } = { ...before, model: 'Coupé' };
      expect(rest).to.deep.equal(expected);
      const entries = await auditOf(before.vehicle_id);
      expect(entries.map((entry) => [entry.action, entry.details])).to.deep.equal([
        ['vehicle.register', { vin: before.vin }],
        ['vehicle.change', { changed: ['model'] }],
      ]);
    });

    it('takes an id in upper case', async () => {
      const { body } = await register();
      const answer = await service.call(viewer, 'GET', `/vehicles/${body.vehicle_id.toUpperCase()}`);
      expect(answer.status).to.equal(200);
    });

    it('loses no change of several at once', async () => {
      const { body } = await register();
      const years = [2001, 2002, 2003, 2004];
      const answers = await Promise.all(
        years.map((year) => service.call(admin, 'PATCH', `/vehicles/${body.vehicle_id}`, { model_year: year })),
      );
      for (const answer of answers) expect(answer.status).to.be.oneOf([200, 409]);
      const done = answers.filter(({ status }) => status === 200).length;
      const [row] = await database.query<any>('select version from vehicles where vehicle_id = $1', [body.vehicle_id]);
      expect(row.version).to.equal(1 + done);
    });

    it('refuses an empty change, another VIN, and what does not exist', async () => {
      const { body } = await register();
      const path = `/vehicles/${body.vehicle_id}`;
      expectProblem(await service.call(admin, 'PATCH', path, {}), 400, 'invalid-request');
      const renamed = await service.call(admin, 'PATCH', path, { vin: 'WVWZZZ1JZXW999999' });
      expectProblem(renamed, 400, 'invalid-request');
      expect(pointersOf(renamed.body)).to.include('/vin');
      const unknown = '/vehicles/0190c0de-0000-7000-8000-000000000000';
      expectProblem(await service.call(admin, 'PATCH', unknown, { model: 'x' }), 404, 'vehicle-not-found');
      expectProblem(await service.call(viewer, 'GET', unknown), 404, 'vehicle-not-found');
      const badId = await service.call(viewer, 'GET', '/vehicles/17');
      expectProblem(badId, 400, 'invalid-request');
      expect(pointersOf(badId.body)).to.deep.equal(['#/path/vehicle_id']);
    });
  });

  describe('retiring', () => {
    it('takes it out of the list and keeps it, once and for all', async () => {
      const { body } = await register({ make: 'Retired' });
      const path = `/vehicles/${body.vehicle_id}`;
      const answer = await service.call(admin, 'DELETE', path);
      expect([answer.status, answer.body]).to.deep.equal([204, undefined]);
      expect((await service.call(viewer, 'GET', path)).body.retired_at).to.be.a('string');
      expect((await list({ make: 'Retired' })).body.items).to.deep.equal([]);
      expect((await list({ make: 'Retired', include_retired: 'true' })).body.items).to.have.lengthOf(1);
      expect((await service.call(admin, 'DELETE', path)).status).to.equal(204);
      expectProblem(await service.call(admin, 'PATCH', path, { model: 'x' }), 409, 'vehicle-retired');
      const actions = (await auditOf(body.vehicle_id)).map(({ action, outcome }) => `${action} ${outcome}`);
      expect(actions).to.deep.equal(['vehicle.register success', 'vehicle.retire success', 'vehicle.change refused']);
    });
  });
});
