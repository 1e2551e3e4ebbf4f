import { randomUUID } from 'node:crypto';

import { expect } from 'chai';

import { commandTypes } from '#application/catalogue/catalogue.js';
import { startSimulator, type Simulator } from '#simulator/simulator.js';
import { useDatabase } from '#support/database.js';
import { startProgram, vehicleBody, type RunningProgram } from '#support/program.js';

import { expectProblem, pointersOf } from './expect-problem.js';

describe('commands over HTTP', () => {
  const database = useDatabase();
  let simulator: Simulator;
  let service: RunningProgram;
  let admin: string;
  let engineer: string;
  let vehicleId: string;

  before(async () => {
    simulator = await startSimulator({ vehicles: 1, executionMillis: 50 });
    service = await startProgram(database.url);
    admin = (await service.logInAs('admin')).token;
    engineer = (await service.logInAs('engineer')).token;
    vehicleId = await register(simulator.vehicles[0]?.baseUrl ?? '');
  });
  after(async () => {
    await service.stop();
    await simulator.close();
  });

  async function register(baseUrl: string): Promise<string> {
    const { body } = await service.call(admin, 'POST', '/vehicles', vehicleBody(baseUrl));
    return body.vehicle_id;
  }

  /** One that was just seen to be away. */
  async function registerAway(): Promise<string> {
    const id = await register('http://127.0.0.1:9/sovd/v1');
    await database.query(
      `update vehicles set last_checked_at = now(), last_seen_at = '2026-01-31T12:00:00Z' where vehicle_id = $1`,
      [id],
    );
    return id;
  }

  const order = (changes: Record<string, unknown> = {}) => ({
    vehicle_id: vehicleId,
    command_name: 'read-faults',
    command_params: { entity: 'components/engine-control' },
    ...changes,
  });
  const submit = (body: unknown, headers: Record<string, string> = {}) =>
    service.call(engineer, 'POST', '/commands', body, headers);
  const get = (path: string) => service.call(engineer, 'GET', path);

  describe('submitting', () => {
    for (const type of commandTypes) {
      it(`${type.name} as in its example ends completed`, async () => {
        const body = order({ command_name: type.name, command_params: type.example });
        const answer = await submit(body, { prefer: 'wait=20' });
        expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
        const { command_id: id, status, error, responses, response_count: count } = answer.body;
        expect([status, error]).to.deep.equal(['completed', null]);
        expect(responses).to.have.lengthOf.at.least(1);
        expect(responses.map((response: any) => response.sequence_number)).to.deep.equal([...responses.keys()]);
        expect(responses.map((response: any) => response.is_final)).to.deep.equal(
          responses.map((_response: any, index: number) => index === count - 1),
        );
        expect((await get(`/commands/${id}/responses?limit=200`)).body.items).to.deep.equal(responses);
      });
    }

    it('is 202 with the command as it was accepted, and is audited', async () => {
      const answer = await submit(order());
      expect(answer.status).to.equal(202);
      const { body } = answer;
      expect(answer.headers.get('location')).to.equal(`/api/v1/commands/${body.command_id}`);
      expect(body).to.include({ status: 'pending', safety: 'safe', when_offline: 'queue', timeout_seconds: 30 });
      expect(Date.parse(body.expires_at) - Date.parse(body.submitted_at)).to.equal(3_600_000);
      const rows = await database.query<any>('select * from audit_logs where command_id = $1', [body.command_id]);
      expect(rows.map((row) => [row.action, row.outcome, row.vehicle_id])).to.deep.include([
        'command.submit',
        'success',
        vehicleId,
      ]);
    });

    it('gives what changes the vehicle a minute, and does not queue it', async () => {
      const { body } = await submit(order({ command_name: 'clear-faults' }));
      expect(body).to.include({ safety: 'idempotent', when_offline: 'fail' });
      expect(Date.parse(body.expires_at) - Date.parse(body.submitted_at)).to.equal(60_000);
    });

    it('tells of everything that is wrong at once, in the order and in its parameters', async () => {
      const answer = await submit(
        {
          vehicle_id: 'seventeen',
          command_name: 'read-data',
          command_params: { entity: 'gearbox', data_ids: [], colour: 'red' },
          timeout_seconds: 0,
          expires_in_seconds: 'soon',
          when_offline: 'hope',
          priority: 1,
        },
        { 'idempotency-key': 'two words' },
      );
      expectProblem(answer, 400, 'invalid-request');
      const told = new Map(answer.body.errors.map((error: any) => [error.pointer, error.message]));
      expect(Object.fromEntries(told)).to.deep.equal({
        '#/header/idempotency-key': 'must be 1 to 128 visible ASCII characters',
        '/vehicle_id': 'must be a UUID',
        '/command_params/entity': 'must be such as components/engine-control',
        '/command_params/data_ids': 'must not be empty',
        '/command_params/colour': 'is not known here; remove it',
        '/timeout_seconds': 'must be at least 1',
        '/expires_in_seconds': 'must be a number',
        '/when_offline': 'must be one of "fail", "queue"',
        '/priority': 'is not known here; remove it',
      });
    });

    it('names the command types when the name is not one', async () => {
      const answer = await submit(order({ command_name: 'open-doors', timeout_seconds: 1.5 }));
      expectProblem(answer, 400, 'invalid-request');
      expect(pointersOf(answer.body)).to.deep.equal(['/command_name', '/timeout_seconds']);
      expect(JSON.stringify(answer.body.errors)).to.contain('read-faults');
    });

    for (const name of ['constructor', '__proto__', 'toString']) {
      it(`takes ${name} for no command type`, async () => {
        expectProblem(await submit(order({ command_name: name })), 400, 'invalid-request');
        expectProblem(await get(`/command-types/${name}`), 404, 'command-type-not-found');
      });
    }

    it('is 404 for a vehicle that does not exist, and remembers it', async () => {
      const unknown = randomUUID();
      const answer = await submit(order({ vehicle_id: unknown }));
      expectProblem(answer, 404, 'vehicle-not-found');
      const rows = await database.query<any>('select * from audit_logs where request_id = $1', [
        answer.headers.get('x-request-id'),
      ]);
      expect(rows.map((row) => [row.action, row.outcome, row.vehicle_id])).to.deep.equal([
        ['command.submit', 'refused', unknown],
      ]);
    });

    it('is refused for a retired vehicle', async () => {
      const id = await register('http://127.0.0.1:9/sovd/v1');
      await service.call(admin, 'DELETE', `/vehicles/${id}`);
      expectProblem(await submit(order({ vehicle_id: id })), 409, 'vehicle-retired');
    });
  });

  describe('when the vehicle is away', () => {
    it('refuses what changes something, and says when it was last seen', async () => {
      const answer = await submit(order({ vehicle_id: await registerAway(), command_name: 'clear-faults' }));
      expectProblem(answer, 409, 'vehicle-offline');
      expect(answer.body).to.include({
        last_seen_at: '2026-01-31T12:00:00.000Z',
        connection_status: 'disconnected',
      });
    });

    it('queues what only reads, unless told otherwise', async () => {
      const id = await registerAway();
      expect((await submit(order({ vehicle_id: id }))).status).to.equal(202);
      expectProblem(await submit(order({ vehicle_id: id, when_offline: 'fail' })), 409, 'vehicle-offline');
    });

    it('queues an idempotent change when told to', async () => {
      const id = await registerAway();
      const answer = await submit(
        order({ vehicle_id: id, command_name: 'clear-faults', when_offline: 'queue', expires_in_seconds: 5 }),
      );
      expect(answer.status).to.equal(202);
    });

    it('never queues what does something each time', async () => {
      for (const id of [vehicleId, await registerAway()]) {
        const answer = await submit(
          order({
            vehicle_id: id,
            command_name: 'execute-operation',
            command_params: { entity: 'components/engine-control', operation_id: 'cooling-fan-test' },
            when_offline: 'queue',
          }),
        );
        expectProblem(answer, 422, 'queueing-not-allowed');
      }
      const posted = { method: 'POST', path: 'components/engine-control/operations/x/executions' };
      const raw = await submit(order({ command_name: 'sovd-request', command_params: posted, when_offline: 'queue' }));
      expectProblem(raw, 422, 'queueing-not-allowed');
    });
  });

  describe('Idempotency-Key', () => {
    it('gives the first answer again, in whatever order the members come', async () => {
      const key = { 'idempotency-key': randomUUID() };
      const { vehicle_id, command_name, command_params } = order();
      const first = await submit({ vehicle_id, command_name, command_params }, key);
      const again = await submit({ command_params, command_name, vehicle_id }, key);
      expect([first.status, again.status]).to.deep.equal([202, 202]);
      expect(again.body).to.deep.equal(first.body);
      expect(again.headers.get('location')).to.equal(first.headers.get('location'));
      expect(first.headers.has('idempotent-replayed')).to.equal(false);
      expect(again.headers.get('idempotent-replayed')).to.equal('true');
    });

    it('gives it again even when the vehicle was retired meanwhile', async () => {
      const id = await register('http://127.0.0.1:9/sovd/v1');
      const key = { 'idempotency-key': randomUUID() };
      const first = await submit(order({ vehicle_id: id }), key);
      await service.call(admin, 'DELETE', `/vehicles/${id}`);
      expect((await submit(order({ vehicle_id: id }), key)).body).to.deep.equal(first.body);
    });

    it('is refused with another body, and belongs to its user', async () => {
      const key = { 'idempotency-key': randomUUID() };
      const first = await submit(order(), key);
      const other = await submit(order({ timeout_seconds: 31 }), key);
      expectProblem(other, 409, 'idempotency-key-reused');
      expect(other.body.command_id).to.equal(first.body.command_id);
      const foreign = await service.call(admin, 'POST', '/commands', order({ timeout_seconds: 31 }), key);
      expect(foreign.status).to.equal(202);
      expect(foreign.body.command_id).not.to.equal(first.body.command_id);
    });

    it('makes one command of fifty at once, and fifty equal answers', async () => {
      const key = { 'idempotency-key': randomUUID() };
      const answers = await Promise.all(Array.from({ length: 50 }, () => submit(order(), key)));
      for (const answer of answers) {
        expect(answer.status, JSON.stringify(answer.body)).to.equal(202);
        expect(answer.body).to.deep.equal(answers[0]?.body);
      }
      const replays = answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true');
      expect(replays).to.have.lengthOf(49);
      const rows = await database.query('select from commands where idempotency_key = $1', [key['idempotency-key']]);
      expect(rows).to.have.lengthOf(1);
    });

    it('is free again after a day', async () => {
      const key = { 'idempotency-key': randomUUID() };
      const first = await submit(order(), { ...key, prefer: 'wait=20' });
      const age = (interval: string) =>
        database.query('update commands set submitted_at = now() - $2::interval where command_id = $1', [
          first.body.command_id,
          interval,
        ]);
      await age('23 hours 59 minutes');
      expect((await submit(order(), key)).body.command_id).to.equal(first.body.command_id);
      await age('24 hours 1 minute');
      const next = await submit(order({ timeout_seconds: 31 }), key);
      expect(next.status, JSON.stringify(next.body)).to.equal(202);
      expect(next.body.command_id).not.to.equal(first.body.command_id);
      expect(next.headers.has('idempotent-replayed')).to.equal(false);
    });

    for (const [name, key] of Object.entries({ 'an empty one': '', 'a blank': 'a b', 'a long one': 'x'.repeat(129) })) {
      it(`refuses ${name}`, async () => {
        const answer = await submit(order(), { 'idempotency-key': key });
        expectProblem(answer, 400, 'invalid-request');
        expect(pointersOf(answer.body)).to.deep.equal(['#/header/idempotency-key']);
      });
    }
    it('may have 128 characters', async () => {
      expect((await submit(order(), { 'idempotency-key': 'k'.repeat(128) })).status).to.equal(202);
    });
  });

  describe('the catalogue', () => {
    it('shows each type with the JSON Schema of its parameters', async () => {
      const { status, body } = await get('/command-types');
      expect(status).to.equal(200);
      expect(body.items.map((type: any) => type.name)).to.deep.equal(commandTypes.map(({ name }) => name));
      expect(body.next_cursor).to.equal(null);
      const { body: one } = await get('/command-types/read-data');
      expect(one).to.deep.equal(body.items.find((type: any) => type.name === 'read-data'));
      expect(one.parameters).to.include({ type: 'object', additionalProperties: false });
      expect(one.parameters.required).to.deep.equal(['entity', 'data_ids']);
    });

    it('has no other types', async () => {
      expectProblem(await get('/command-types/open-doors'), 404, 'command-type-not-found');
    });
  });

  describe('reading', () => {
    let commandId: string;
    before(async () => {
      const params = { command_name: 'discover', command_params: {} };
      const { body } = await submit(order(params), { prefer: 'wait=20' });
      commandId = body.command_id;
    });

    async function allPages(path: string, limit: number): Promise<readonly any[]> {
      const items: any[] = [];
      let cursor: string | null = null;
      do {
        const { status, body } = await get(`${path}?limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`);
        expect(status).to.equal(200);
        expect(body.items).to.have.lengthOf.within(1, limit);
        items.push(...body.items);
        cursor = body.next_cursor;
      } while (cursor !== null);
      return items;
    }

    it('goes through responses page by page', async () => {
      const responses = await allPages(`/commands/${commandId}/responses`, 3);
      const { body } = await get(`/commands/${commandId}`);
      expect(responses.map((response) => response.sequence_number)).to.deep.equal([...responses.keys()]);
      expect(body.response_count).to.equal(responses.length);
      expect(new Set(responses.map((response) => response.command_id))).to.deep.equal(new Set([commandId]));
    });

    it('goes through transitions page by page', async () => {
      const transitions = await allPages(`/commands/${commandId}/transitions`, 1);
      expect(transitions.map((step) => [step.from_status, step.to_status, step.reason])).to.deep.equal([
        [null, 'pending', 'submitted'],
        ['pending', 'in_progress', 'claimed'],
        ['in_progress', 'completed', 'answered'],
      ]);
    });

    it('is 404 for a command that does not exist, and 400 for what is no id', async () => {
      const unknown = randomUUID();
      for (const rest of ['', '/responses', '/transitions', '/events']) {
        expectProblem(await get(`/commands/${unknown}${rest}`), 404, 'command-not-found');
        expectProblem(await get(`/commands/17${rest}`), 400, 'invalid-request');
      }
      expectProblem(await service.call(engineer, 'POST', `/commands/${unknown}/cancel`), 404, 'command-not-found');
    });

    it('refuses cursors of other lists', async () => {
      for (const cursor of ['x', 'n', 'n-1', 'n1.5', 'n9999999999', 'MTc2NzIy']) {
        const answer = await get(`/commands/${commandId}/responses?cursor=${cursor}`);
        expectProblem(answer, 400, 'invalid-cursor');
      }
    });

    it('cancels nothing that has ended', async () => {
      const answer = await service.call(engineer, 'POST', `/commands/${commandId}/cancel`);
      expectProblem(answer, 409, 'command-already-final');
      expect(answer.body.command_status).to.equal('completed');
    });
  });

  describe('listing', () => {
    let listedVehicle: string;
    let commands: readonly any[];
    before(async () => {
      listedVehicle = await register(simulator.vehicles[0]?.baseUrl ?? '');
      const made: any[] = [];
      for (const name of ['read-faults', 'discover', 'read-faults', 'discover', 'read-faults']) {
        const params = name === 'discover' ? {} : { entity: 'components/engine-control' };
        const body = order({ vehicle_id: listedVehicle, command_name: name, command_params: params });
        made.push((await submit(body, { prefer: 'wait=20' })).body);
      }
      commands = made.reverse();
    });

    const idsOf = async (query: Record<string, string>) => {
      const { status, body } = await get(`/commands?${new URLSearchParams(query).toString()}`);
      expect(status, JSON.stringify(body)).to.equal(200);
      return body.items.map((item: any) => item.command_id);
    };
    const where = (match: (command: any) => boolean) => commands.filter(match).map((command) => command.command_id);

    it('is by vehicle, name, status, user and time, newest first', async () => {
      const vehicle = { vehicle_id: listedVehicle };
      const [newest, , third] = commands;
      expect(await idsOf(vehicle)).to.deep.equal(where(() => true));
      expect(await idsOf({ ...vehicle, command_name: 'discover' })).to.deep.equal(
        where((command) => command.command_name === 'discover'),
      );
      expect(await idsOf({ ...vehicle, status: 'completed' })).to.deep.equal(where(() => true));
      expect(await idsOf({ ...vehicle, status: 'failed' })).to.deep.equal([]);
      expect(await idsOf({ ...vehicle, user_id: newest.user_id })).to.deep.equal(where(() => true));
      expect(await idsOf({ ...vehicle, user_id: randomUUID() })).to.deep.equal([]);
      expect(await idsOf({ ...vehicle, submitted_after: third.submitted_at })).to.deep.equal(
        where((command) => command.submitted_at >= third.submitted_at),
      );
      expect(await idsOf({ ...vehicle, submitted_before: third.submitted_at })).to.deep.equal(
        where((command) => command.submitted_at < third.submitted_at),
      );
    });

    it('goes page by page', async () => {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const query = `vehicle_id=${listedVehicle}&limit=2${cursor === null ? '' : `&cursor=${cursor}`}`;
        const { body } = await get(`/commands?${query}`);
        seen.push(...body.items.map((item: any) => item.command_id));
        cursor = body.next_cursor;
      } while (cursor !== null);
      expect(seen).to.deep.equal(where(() => true));
    });

    const badQueries = [
      ...[
        'status=done',
        'vehicle_id=17',
        'user_id=x',
        'submitted_after=yesterday',
        'submitted_before=2026-02-30T00:00:00Z',
      ],
      ...[
        'submitted_after=2026-01-01',
        'command_name=',
        'command_name=%00',
        'safety=safe',
        'limit=0',
        'status=failed&status=x',
      ],
    ];
    for (const query of badQueries) {
      it(`refuses ?${query}`, async () => {
        const answer = await get(`/commands?${query}`);
        expectProblem(answer, 400, 'invalid-request');
        expect(pointersOf(answer.body)).to.deep.equal([`#/query/${query.split('=')[0] ?? ''}`]);
      });
    }

    it('takes any time that there is', async () => {
      const times = ['0000-01-01T00:00:00Z', '0001-01-01T00:00:00+14:00', '9999-12-31T23:59:59.999999Z'];
      for (const time of times) {
        await idsOf({ submitted_after: time });
        await idsOf({ submitted_before: time });
      }
    });
  });
});
