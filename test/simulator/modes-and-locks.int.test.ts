import { securityKey } from '#simulator/mode-states.js';
import { type Simulator, startSimulator } from '#simulator/simulator.js';
import { expect } from 'chai';

import { eventually, SovdClient } from './sovd-client.js';

const engine = '/components/engine-control';
const setpoint = `${engine}/data/idle-speed-setpoint`;

describe('simulator: modes and locks', () => {
  let simulator: Simulator;
  let client: SovdClient;
  let other: SovdClient;

  before(async () => {
    simulator = await startSimulator({ executionMillis: 20 });
    const baseUrl = simulator.vehicles[0]?.baseUrl ?? '';
    client = new SovdClient(baseUrl, { 'x-client-id': 'workshop' });
    other = new SovdClient(baseUrl, { 'x-client-id': 'roadside' });
  });
  beforeEach(() => simulator.reset());
  after(() => simulator.close());

  const session = (value: string, seconds = 60) =>
    client.put(`${engine}/modes/session`, { value, mode_expiration: seconds });
  const seed = async (): Promise<string> => {
    const reply = await client.put<{ seed: string }>(`${engine}/modes/security`, { value: 'level1_requestseed' });
    return reply.body.seed;
  };
  const unlock = (key: string, seconds = 60) =>
    client.put(`${engine}/modes/security`, { value: 'level1', key, mode_expiration: seconds });

  describe('modes', () => {
    it('session: read, set with an expiry, and back to default when it is over', async () => {
      const read = () => client.get<{ value: string }>(`${engine}/modes/session`);
      expect((await read()).body).to.include({ name: 'Diagnostic session', value: 'default' });
      const set = await session('extended');
      expect(set.status).to.equal(200);
      expect(set.body).to.deep.equal({ id: 'session', value: 'extended' });
      expect((await read()).body.value).to.equal('extended');
      await session('extended', 0.05);
      await eventually(read, (reply) => reply.body.value === 'default');
    });

    it('a wrong value or no expiry: 400', async () => {
      expect((await session('turbo')).body).to.have.nested.property('parameters.possible_values[1]', 'extended');
      expect((await client.put(`${engine}/modes/session`, { value: 'extended' })).status).to.equal(400);
      expect((await client.put(`${engine}/modes/session`, { value: 'default' })).status).to.equal(200);
      expect((await client.get(`${engine}/modes/nonsense`)).status).to.equal(404);
    });

    it('an operation that needs the extended session: 409 without it', async () => {
      const gearbox = '/components/transmission-control';
      const path = `${gearbox}/operations/clutch-adaptation/executions`;
      expect((await client.post(path)).status).to.equal(409);
      await client.put(`${gearbox}/modes/session`, { value: 'extended', mode_expiration: 60 });
      expect((await client.post(path)).status).to.equal(202);
    });

    it('security: no seed in the default session, no key without a seed, a wrong key is refused', async () => {
      expect((await client.put(`${engine}/modes/security`, { value: 'level1_requestseed' })).status).to.equal(409);
      await session('extended');
      const unasked = await unlock('00000000');
      expect(unasked.status).to.equal(409);
      expect(unasked.body).to.have.nested.property('parameters.NRC', 0x24);
      await seed();
      const wrong = await unlock('00000000');
      expect(wrong.status).to.equal(403);
      expect(wrong.body).to.have.nested.property('parameters.NRC', 0x35);
    });

    it('security: three wrong keys close it', async () => {
      await session('extended');
      for (const code of [0x35, 0x35, 0x36]) {
        await seed();
        expect((await unlock('00')).body).to.have.nested.property('parameters.NRC', code);
      }
      const closed = await client.put(`${engine}/modes/security`, { value: 'level1_requestseed' });
      expect(closed.body).to.have.nested.property('parameters.NRC', 0x37);
    });

    it('the right key: opens what needs it, until the session ends', async () => {
      const write = () => client.put(`${engine}/data/speed-limit`, { data: 120 });
      expect((await write()).status).to.equal(409);
      await session('extended');
      const refused = await write();
      expect(refused.status).to.equal(403);
      expect(refused.body).to.include({ error_code: 'insufficient-access-rights' });
      const key = securityKey(await seed());
      expect((await unlock(key)).status).to.equal(200);
      expect((await write()).status).to.equal(204);
      await session('default');
      expect((await client.get(`${engine}/modes/security`)).body).to.include({ value: 'locked' });
      await session('extended');
      expect((await client.get(`${engine}/modes/security`)).body).to.include({ value: 'locked' });
    });

    it('a key: serves once', async () => {
      await session('extended');
      const key = securityKey(await seed());
      expect((await unlock(key, 0.05)).status).to.equal(200);
      expect((await unlock(key)).status).to.equal(409);
    });
  });

  describe('locks', () => {
    const locks = `${engine}/locks`;
    const acquire = (by: SovdClient, more: object = {}) =>
      by.post<{ id: string }>(locks, { lock_expiration: 60, ...more });

    it('taken: 201 with Location; listed and read as owned by the one and not by the other', async () => {
      const taken = await acquire(client, { scopes: ['data'] });
      expect(taken.status).to.equal(201);
      expect(taken.headers.get('location')).to.equal(`/car-1/sovd/v1${locks}/${taken.body.id}`);
      expect((await client.get(locks)).body).to.deep.equal({
        items: [{ id: taken.body.id, owned: true, scopes: ['data'] }],
      });
      const seen = await other.get<{ lock_expiration: string }>(`${locks}/${taken.body.id}`);
      expect(seen.body).to.include({ owned: false });
      expect(Date.parse(seen.body.lock_expiration)).to.be.greaterThan(Date.now());
    });

    it('writes of others: 409 lock-broken for what it covers, all else goes on', async () => {
      await acquire(client, { scopes: ['data', 'operations', 'modes'] });
      const refusals = [
        await other.put(setpoint, { data: 900 }),
        await other.post(`${engine}/operations/reset-adaptations/executions`),
        await other.put(`${engine}/modes/session`, { value: 'extended', mode_expiration: 5 }),
      ];
      for (const refused of refusals) {
        expect(refused.status).to.equal(409);
        expect(refused.body).to.include({ error_code: 'lock-broken' });
      }
      expect((await other.delete(`${engine}/faults`)).status).to.equal(204);
      expect((await other.get(setpoint)).body).to.include({ data: 820 });
      expect((await client.put(setpoint, { data: 900 })).status).to.equal(204);
    });

    it('without scopes: covers everything; faults cannot be cleared by others', async () => {
      await acquire(client);
      expect((await other.delete(`${engine}/faults`)).status).to.equal(409);
      expect((await other.delete(`${engine}/faults/P0301`)).status).to.equal(409);
    });

    it('a second client: 409, unless it breaks the lock; the loser hears of it with its next write', async () => {
      const lost = await acquire(client);
      expect((await acquire(other)).status).to.equal(409);
      expect((await acquire(other, { break_lock: true })).status).to.equal(201);
      expect((await client.get(`${locks}/${lost.body.id}`)).status).to.equal(404);
      const told = await client.put(setpoint, { data: 900 });
      expect(told.status).to.equal(409);
      expect(told.body).to.have.property('message').that.includes('was broken');
      expect((await other.put(setpoint, { data: 950 })).status).to.equal(204);
    });

    it('extended by its owner alone, released by its owner alone', async () => {
      const { body } = await acquire(client);
      const path = `${locks}/${body.id}`;
      expect((await other.put(path, { lock_expiration: 5 })).status).to.equal(409);
      expect((await other.delete(path)).status).to.equal(409);
      const before = (await client.get<{ lock_expiration: string }>(path)).body.lock_expiration;
      expect((await client.put(path, { lock_expiration: 600 })).status).to.equal(204);
      const later = (await client.get<{ lock_expiration: string }>(path)).body.lock_expiration;
      expect(Date.parse(later)).to.be.greaterThan(Date.parse(before));
      expect((await client.delete(path)).status).to.equal(204);
      expect((await other.put(setpoint, { data: 900 })).status).to.equal(204);
    });

    it('expired: gone, and others may write again', async () => {
      const { body } = await acquire(client, { lock_expiration: 0.1 });
      await eventually(
        () => other.get(`${locks}/${body.id}`),
        (reply) => reply.status === 404,
      );
      expect((await other.put(setpoint, { data: 900 })).status).to.equal(204);
    });

    it('nonsense: 400 for an unknown scope, too long a time, none at all', async () => {
      expect((await acquire(client, { scopes: ['engine'] })).status).to.equal(400);
      expect((await acquire(client, { lock_expiration: 100_000 })).status).to.equal(400);
      expect((await client.post(locks, {})).status).to.equal(400);
    });

    it('the owner: the subject of the bearer token, whatever else the client says', async () => {
      const payload = Buffer.from(JSON.stringify({ sub: 'engineer-7' })).toString('base64url');
      const bearer = (id: string): SovdClient =>
        new SovdClient(client.baseUrl, { authorization: `Bearer e30.${payload}.x`, 'x-client-id': id });
      const { body } = await acquire(bearer('one'));
      expect((await bearer('two').delete(`${locks}/${body.id}`)).status).to.equal(204);
    });
  });
});
