import { expect } from 'chai';

import { issueCertificate, strayKey } from '#support/certificates.js';
import { useDatabase } from '#support/database.js';
import { FleetClient } from '#support/fleet-client.js';
import { startProgram, type RunningProgram } from '#support/program.js';

import { startTlsVehicle } from '../infrastructure/vehicle-link/tls-vehicle.js';
import { startVehicle, json, type TestVehicle } from '../infrastructure/vehicle-link/vehicle-server.js';
import { captureLog, levelNumbers } from '../infrastructure/observability/captured-log.js';
import { expectProblem, pointersOf } from './expect-problem.js';

const token = 'canary-token-of-a-vehicle-0123456789';
const key = (digit: string) => digit.repeat(64);
const faults = ['read-faults', { entity: 'components/engine-control' }] as const;
const clear = ['clear-faults', { entity: 'components/engine-control' }] as const;

describe('Credentials of vehicles over HTTP', () => {
  const database = useDatabase();
  const captured = captureLog();
  let service: RunningProgram;
  let client: FleetClient;
  let vehicle: TestVehicle;
  let id: string;

  before(async () => {
    service = await startProgram(
      database.url,
      { CREDENTIALS_KEYS: `k1:${key('1')}`, DISPATCH_POLL_MS: '100' },
      { log: captured.log },
    );
    client = await FleetClient.admin(service.url, database.url);
  });
  beforeEach(async () => {
    vehicle = await startVehicle(({ headers }, reply) => {
      if (headers.authorization === `Bearer ${token}`) json(reply, 200, { items: [] });
      else json(reply, 401, { error_code: 'vendor-specific', vendor_code: 'no-token', message: 'No token.' });
    });
    id = await client.register(`${vehicle.origin}/sovd/v1`);
  });
  afterEach(() => vehicle.close());
  after(() => service.stop());

  const set = (body: unknown, vehicleId = id) => client.call('PUT', `/vehicles/${vehicleId}/credentials`, body);
  const show = async () => (await client.call('GET', `/vehicles/${id}`)).body;
  const run = async (order: readonly [string, unknown] = faults) =>
    client.ended((await client.order(id, ...order)).command_id);
  const auditOf = (action: string) =>
    database.query<any>('select * from audit_logs where vehicle_id = $1 and action = $2', [id, action]);
  const sealedRows = () => database.query<any>('select * from vehicle_credentials where vehicle_id = $1', [id]);

  it('a token: is sent with every request from then on, and shown nowhere', async () => {
    expect((await show()).credentials).to.equal(null);
    expect((await run()).error.code).to.equal('vehicle-rejected');
    const answer = await set({ kind: 'bearer', token });
    expect(answer.status).to.equal(200);
    expect(answer.body.credentials).to.deep.equal({
      kind: 'bearer',
      origin: vehicle.origin,
      updated_at: answer.body.updated_at,
      certificate: null,
    });
    expect(await show()).to.deep.equal(answer.body);
    expect((await client.call('GET', '/vehicles?limit=200')).body.items).to.deep.include(answer.body);
    expect(await run()).to.include({ status: 'completed' });
    expect(await run(clear)).to.include({ status: 'completed' });
    const [entry] = await auditOf('vehicle.set-credentials');
    expect(entry.details).to.deep.equal({ kind: 'bearer', origin: vehicle.origin });
  });

  it('the token: is neither in the database, nor in the log, nor in an answer', async () => {
    await set({ kind: 'bearer', token });
    await run();
    await set({ kind: 'bearer', token: `${token} ${token}` });
    const tables = ['vehicles', 'vehicle_credentials', 'audit_logs', 'commands', 'responses', 'command_transitions'];
    for (const table of tables) {
      const rows = await database.query<any>(`select t::text as text from ${table} t`);
      expect(rows, table).not.to.deep.equal([]);
      expect(JSON.stringify(rows), table).not.to.contain('canary');
      expect(JSON.stringify(rows), table).not.to.contain(Buffer.from('canary-token').toString('hex'));
    }
    expect(captured.text()).not.to.contain('canary');
    expect(JSON.stringify(await show())).not.to.contain('canary');
    const [{ key_id: keyId }] = (await sealedRows()) as [any];
    expect(keyId).to.equal('k1');
  });

  it('removed: they are gone, once and for all, and the next request has none', async () => {
    await set({ kind: 'bearer', token });
    const path = `/vehicles/${id}/credentials`;
    for (const _again of [1, 2]) expect((await client.call('DELETE', path)).status).to.equal(204);
    expect((await show()).credentials).to.equal(null);
    expect(await sealedRows()).to.deep.equal([]);
    expect((await run()).error.code).to.equal('vehicle-rejected');
    expect(await auditOf('vehicle.remove-credentials')).to.have.length(1);
  });

  it('a vehicle that moved to another origin: nothing is sent there until they are set again', async () => {
    await set({ kind: 'bearer', token });
    const elsewhere = await startVehicle((_request, reply) => json(reply, 200, { items: [] }));
    await client.call('PATCH', `/vehicles/${id}`, { sovd_base_url: elsewhere.origin });
    expect((await show()).credentials.origin).to.equal(vehicle.origin);
    for (const order of [faults, clear]) {
      const command = await run(order);
      expect(command).to.include({ status: 'failed' });
      expect(command.error.code).to.equal('vehicle-credentials-unusable');
      expect(await client.reasons(command.command_id)).not.to.include('retry');
    }
    expect(elsewhere.received).to.deep.equal([]);
    await set({ kind: 'bearer', token });
    expect(await run()).to.include({ status: 'completed' });
    expect(elsewhere.received[0]?.headers.authorization).to.equal(`Bearer ${token}`);
    await elsewhere.close();
  });

  it('what the vehicle is known for: is not touched by a request that was never tried', async () => {
    await set({ kind: 'bearer', token });
    await run();
    const before = await show();
    expect(before.connection_status).to.equal('connected');
    await database.query(`update vehicle_credentials set sealed = sealed || '\\x00' where vehicle_id = $1`, [id]);
    const { error } = await run();
    expect(error.code).to.equal('vehicle-credentials-unusable');
    expect(await show()).to.deep.equal(before);
  });

  it('a retired vehicle: loses its credentials, and takes no others', async () => {
    await set({ kind: 'bearer', token });
    expect((await client.call('DELETE', `/vehicles/${id}`)).status).to.equal(204);
    expect((await show()).credentials).to.equal(null);
    expect(await sealedRows()).to.deep.equal([]);
    expectProblem(await set({ kind: 'bearer', token }), 409, 'vehicle-retired');
  });

  it('a client certificate: is shown to the vehicle, and of it only fingerprint and expiry to everybody', async () => {
    const authority = issueCertificate({ name: 'authority', isAuthority: true });
    const server = issueCertificate({ name: 'car', hosts: ['127.0.0.1'], issuer: authority });
    const own = issueCertificate({ name: 'sovd-fleet', issuer: authority });
    const car = await startTlsVehicle(server, authority);
    await client.call('PATCH', `/vehicles/${id}`, { sovd_base_url: car.baseUrl });
    const { status, body } = await set({
      kind: 'client-certificate',
      certificate: own.certificate,
      private_key: own.privateKey,
      certificate_authority: authority.certificate,
    });
    expect(status).to.equal(200);
    expect(body.credentials).to.include({ kind: 'client-certificate', origin: car.baseUrl });
    expect(body.credentials.certificate.fingerprint).to.match(/^[0-9a-f]{64}$/u);
    expect(JSON.stringify(body)).not.to.contain('BEGIN');
    await run();
    expect(car.received.map(({ client: name }) => name)).to.deep.equal(['sovd-fleet']);
    const [entry] = await auditOf('vehicle.set-credentials');
    expect(entry.details).to.deep.equal({
      kind: 'client-certificate',
      origin: car.baseUrl,
      certificate_fingerprint: body.credentials.certificate.fingerprint,
    });
    await car.close();
  });

  it('what cannot be used: 400 with pointers, without what was sent', async () => {
    const own = issueCertificate({ name: 'canary-name' });
    const pair = { kind: 'client-certificate', certificate: own.certificate, private_key: own.privateKey };
    const wrong: readonly (readonly [unknown, readonly string[]])[] = [
      [{}, ['/kind']],
      [{ kind: 'password', token }, ['/kind']],
      [{ kind: 'bearer' }, ['/token']],
      [{ kind: 'bearer', token: '' }, ['/token']],
      [{ kind: 'bearer', token: 'canary token' }, ['/token']],
      [{ kind: 'bearer', token: 'canary\r\nX-Injected: 1' }, ['/token']],
      [{ kind: 'bearer', token: 'canary\n' }, ['/token']],
      [{ kind: 'bearer', token, private_key: 'canary' }, ['/private_key']],
      [{ ...pair, passphrase: 'canary' }, ['/passphrase']],
      [{ kind: 'bearer', token, certificate_authority: 'canary' }, ['/certificate_authority']],
      // The vehicle is not spoken to over TLS.
      [pair, ['/kind']],
    ];
    for (const [body, pointers] of wrong) {
      const answer = await set(body);
      expectProblem(answer, 400, 'invalid-request');
      expect(pointersOf(answer.body), JSON.stringify(answer.body)).to.deep.equal(pointers);
      expect(JSON.stringify(answer.body)).not.to.contain('canary');
    }
    await client.call('PATCH', `/vehicles/${id}`, { sovd_base_url: 'https://car.example' });
    const answer = await set({ ...pair, private_key: strayKey() });
    expectProblem(answer, 400, 'invalid-request');
    expect(pointersOf(answer.body)).to.deep.equal(['/private_key']);
    expect(await sealedRows()).to.deep.equal([]);
  });

  it('somebody who is not an administrator, or a vehicle that does not exist: refused', async () => {
    const nowhere = '0197d0c6-1f1e-7000-8000-00000000dead';
    expectProblem(await set({ kind: 'bearer', token }, nowhere), 404, 'vehicle-not-found');
    expectProblem(await client.call('DELETE', `/vehicles/${nowhere}/credentials`), 404, 'vehicle-not-found');
    const engineer = await service.logInAs('engineer');
    for (const method of ['PUT', 'DELETE']) {
      const body = method === 'PUT' ? { kind: 'bearer', token } : undefined;
      const answer = await service.call(engineer.token, method, `/vehicles/${id}/credentials`, body);
      expectProblem(answer, 403, 'role-insufficient');
    }
  });

  it('another instance whose keys lack the one that was used: its commands fail before anything is sent', async () => {
    await set({ kind: 'bearer', token });
    await service.stop();
    service = await startProgram(database.url, { CREDENTIALS_KEYS: `k2:${key('2')}` }, { log: captured.log });
    client.url = service.url;
    try {
      const command = await run(clear);
      expect(command).to.include({ status: 'failed' });
      expect(command.error).to.deep.equal({
        code: 'vehicle-credentials-unusable',
        message: 'The credentials of the vehicle cannot be read. Nothing was sent.',
      });
      expect(vehicle.received).to.deep.equal([]);
      const lines = captured.lines().filter((line) => line['vehicle_id'] === id && line.level === levelNumbers.error);
      expect(lines.map((line) => line['key_id'])).to.deep.equal(['k1']);
    } finally {
      await service.stop();
      service = await startProgram(database.url, { CREDENTIALS_KEYS: `k1:${key('1')}` }, { log: captured.log });
      client.url = service.url;
    }
    expect(await run()).to.include({ status: 'completed' });
  });
});
