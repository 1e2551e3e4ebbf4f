import { type Simulator, startSimulator } from '#simulator/simulator.js';
import { expect } from 'chai';

import { eventually, type Reply, SovdClient } from './sovd-client.js';

interface ExecutionStatus {
  readonly status: string;
  readonly capability: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly error?: readonly { readonly path: string; readonly error: { readonly error_code: string } }[];
}

const engine = '/components/engine-control/operations';
const recorder = '/apps/diagnostic-recorder/operations/record/executions';

describe('simulator: operations', () => {
  let simulator: Simulator;
  let client: SovdClient;
  let root: SovdClient;

  before(async () => {
    simulator = await startSimulator({ executionMillis: 30 });
    client = new SovdClient(simulator.vehicles[0]?.baseUrl ?? '');
    root = new SovdClient(simulator.url);
  });
  beforeEach(() => simulator.reset());
  after(() => simulator.close());

  const start = (path: string, parameters: unknown): Promise<Reply<{ readonly id: string }>> =>
    client.post(path, { parameters });
  const end = (location: string | null): Promise<Reply<ExecutionStatus>> =>
    eventually(
      () => root.get<ExecutionStatus>(location ?? ''),
      (reply) => reply.body.status !== 'running',
    );

  it('list and detail: what can be run, and the schema of its parameters', async () => {
    const list = await client.get<{ items: readonly object[] }>(engine);
    expect(list.body.items).to.deep.include({
      id: 'cooling-fan-test',
      name: 'Run the cooling fan',
      translation_id: 'operation.cooling-fan-test',
      proximity_proof_required: false,
      asynchronous_execution: true,
    });
    const detail = await client.get(`${engine}/cooling-fan-test?include-schema=true`);
    expect(detail.body).to.have.nested.property('item.id', 'cooling-fan-test');
    expect(detail.body).to.have.nested.property('schema.properties.parameters.properties.speed_percent.maximum', 100);
    expect((await client.get(`${engine}/nonsense`)).status).to.equal(404);
  });

  it('a synchronous one: 200 with its result', async () => {
    const reply = await start('/components/body-control/operations/lamp-test/executions', { lamp: 'brake' });
    expect(reply.status).to.equal(200);
    expect(reply.body).to.deep.equal({ parameters: { lamp: 'brake', current_ampere: 4.6 } });
  });

  it('an asynchronous one: 202 with Location, then running, then completed', async () => {
    const reply = await start(`${engine}/cooling-fan-test/executions`, { speed_percent: 50 });
    expect(reply.status).to.equal(202);
    expect(reply.body).to.deep.equal({ id: reply.body.id, status: 'running' });
    const location = reply.headers.get('location');
    expect(location).to.equal(`/car-1/sovd/v1${engine}/cooling-fan-test/executions/${reply.body.id}`);
    const ended = await end(location);
    expect(ended.body).to.deep.equal({
      status: 'completed',
      capability: 'execute',
      parameters: { progress: 100, measured_rpm: 1300, fan_running: false },
    });
    const ids = await client.get(`${engine}/cooling-fan-test/executions`);
    expect(ids.body).to.deep.equal({ items: [reply.body.id] });
  });

  it('one that fails: status failed with the negative response of the control unit', async () => {
    const reply = await start(`${engine}/injector-calibration/executions`, undefined);
    const ended = await end(reply.headers.get('location'));
    expect(ended.body.status).to.equal('failed');
    expect(ended.body.error?.[0]).to.have.nested.property('error.parameters.NRC', 0x72);
    expect(ended.body.error?.[0]?.path).to.equal('/');
  });

  it('progress: the status changes with every sample of the recorder', async () => {
    const reply = await start(recorder, { samples: 100, interval_millis: 8 });
    const seen: number[] = [];
    await eventually(
      async () => {
        const { body } = await root.get<ExecutionStatus>(reply.headers.get('location') ?? '');
        const taken = Number(body.parameters['samples_taken']);
        if (seen.at(-1) !== taken) seen.push(taken);
        return body;
      },
      (body) => body.status === 'completed',
    );
    expect(seen.length).to.be.greaterThan(2);
    expect(seen).to.deep.equal(seen.toSorted((one, next) => one - next));
    expect(seen.at(-1)).to.equal(100);
  });

  it('a second start while one runs: 409; after its end it can be started again', async () => {
    const first = await start(recorder, { samples: 5000, interval_millis: 1000 });
    const second = await start(recorder, { samples: 1 });
    expect(second.status).to.equal(409);
    expect(second.body).to.deep.include({
      error_code: 'precondition-not-fulfilled',
      parameters: { execution_id: first.body.id },
    });
    expect((await client.delete(`${recorder}/${first.body.id}`)).status).to.equal(204);
    expect((await start(recorder, { samples: 1 })).status).to.equal(202);
  });

  it('DELETE: stops and removes', async () => {
    const { body } = await start(recorder, { samples: 5000, interval_millis: 1000 });
    expect((await client.delete(`${recorder}/${body.id}`)).status).to.equal(204);
    expect((await client.get(`${recorder}/${body.id}`)).status).to.equal(404);
    expect((await client.get(recorder)).body).to.deep.equal({ items: [] });
  });

  it('the capability stop: 202, then status stopped; once only', async () => {
    const { body } = await start(recorder, { samples: 5000, interval_millis: 1000 });
    const path = `${recorder}/${body.id}`;
    const stopped = await client.put(path, { capability: 'stop' });
    expect(stopped.status).to.equal(202);
    expect(stopped.headers.get('location')).to.equal(`/car-1/sovd/v1${path}`);
    expect((await client.get(path)).body).to.include({ status: 'stopped', capability: 'stop' });
    expect((await client.put(path, { capability: 'stop' })).status).to.equal(409);
    expect((await client.put(path, { capability: 'freeze' })).status).to.equal(501);
    expect((await client.put(path, { capability: 'dance' })).status).to.equal(400);
  });

  it('a timeout shorter than the routine: failed with not-responding', async () => {
    const reply = await client.post(recorder, { timeout: 1, parameters: { samples: 2, interval_millis: 60_000 } });
    const ended = await end(reply.headers.get('location'));
    expect(ended.body.status).to.equal('failed');
    expect(ended.body.error?.[0]?.error.error_code).to.equal('not-responding');
  });

  it('parameters that do not fit: 400 with the place, nothing runs', async () => {
    const refused = await start(recorder, { samples: 5001 });
    expect(refused.status).to.equal(400);
    expect(refused.body).to.have.property('path', '/parameters/samples');
    expect(refused.body).to.have.nested.property('error.vendor_code', 'invalid-parameter');
    expect((await start(recorder, undefined)).status).to.equal(400);
    expect((await client.send('POST', recorder, '{"parameters"')).status).to.equal(400);
    expect((await client.get(recorder)).body).to.deep.equal({ items: [] });
  });

  it('preconditions: 409 while the car drives or its drive is on', async () => {
    simulator.setConditions('car-1', { speedKmh: 50 });
    const moving = await start(`${engine}/reset-adaptations/executions`, undefined);
    expect(moving.status).to.equal(409);
    expect(moving.body).to.deep.include({ error_code: 'precondition-not-fulfilled', parameters: { speed_kmh: 50 } });
    simulator.setConditions('car-1', { speedKmh: 0 });
    expect((await start(`${engine}/reset-adaptations/executions`, undefined)).status).to.equal(200);
    expect((await start(`${engine}/compression-test/executions`, undefined)).status).to.equal(409);
    simulator.setConditions('car-1', { poweredOn: false });
    expect((await start(`${engine}/compression-test/executions`, undefined)).status).to.equal(202);
  });
});
