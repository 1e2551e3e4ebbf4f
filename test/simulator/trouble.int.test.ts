import type { LedgerEntry } from '#simulator/ledger.js';
import { type Simulator, startSimulator } from '#simulator/simulator.js';
import type { TroubleSpec } from '#simulator/trouble.js';
import { expect } from 'chai';

import { eventually, SovdClient } from './sovd-client.js';

const faults = '/components/engine-control/faults';
const setpoint = '/components/engine-control/data/idle-speed-setpoint';

describe('simulator: trouble', () => {
  let simulator: Simulator;
  let client: SovdClient;

  before(async () => {
    simulator = await startSimulator();
    client = new SovdClient(simulator.vehicles[0]?.baseUrl ?? '');
  });
  beforeEach(() => simulator.reset());
  after(() => simulator.close());

  const set = (spec: TroubleSpec) => simulator.trouble.add(spec);
  const fails = async (ask: Promise<unknown>): Promise<void> => {
    const outcome = await ask.then(
      () => 'answered',
      () => 'failed',
    );
    expect(outcome).to.equal('failed');
  };
  const ended = (): Promise<LedgerEntry | undefined> =>
    eventually(
      () => Promise.resolve(simulator.ledger.entries().at(-1)),
      (entry) => entry !== undefined && entry.ending !== 'open',
    );

  it('latency: the answer comes, not before its time', async () => {
    set({ kind: 'latency', millis: 60 });
    const before = performance.now();
    expect((await client.get(faults)).status).to.equal(200);
    // A timer may fire up to a millisecond early.
    expect(performance.now() - before).to.be.at.least(59);
    expect(simulator.ledger.entries().at(-1)?.troubles).to.deep.equal(['latency']);
  });

  it('hang: no answer; the car acts only with effect after', async () => {
    for (const effect of ['before', 'after'] as const) {
      simulator.ledger.clear();
      const trouble = set({ kind: 'hang', effect });
      const abort = new AbortController();
      const asked = fetch(client.baseUrl + faults, { method: 'DELETE', signal: abort.signal });
      const entry = await ended();
      expect(entry).to.include({ ending: 'hung', status: null, changed: effect === 'after' });
      abort.abort();
      await fails(asked);
      simulator.trouble.remove(trouble.id);
      const left = await client.get<{ items: readonly object[] }>(faults);
      expect(left.body.items.length > 0).to.equal(effect === 'before');
    }
  });

  it('drop before the headers: a failed request; the ledger knows whether the car acted', async () => {
    for (const effect of ['before', 'after'] as const) {
      set({ kind: 'drop', effect, count: 1 });
      await fails(client.put(setpoint, { data: effect === 'before' ? 900 : 950 }));
      expect(simulator.ledger.entries().at(-1)).to.include({
        ending: 'dropped',
        status: null,
        changed: effect === 'after',
      });
    }
    expect((await client.get(setpoint)).body).to.include({ data: 950 });
  });

  it('drop in the middle of the body: status and half of an answer', async () => {
    set({ kind: 'drop', at: 'mid-body', count: 1 });
    const response = await fetch(client.baseUrl + faults);
    expect(response.status).to.equal(200);
    await fails(response.text());
    expect(simulator.ledger.entries().at(-1)).to.include({ ending: 'dropped', status: 200 });
  });

  it('drop in the middle of an event stream: some events, then a cut', async () => {
    set({ kind: 'drop', at: 'mid-body', afterBytes: 500, count: 1 });
    const path = '/apps/diagnostic-recorder/data/stream/events?x-events=1000&x-interval-millis=1';
    const response = await fetch(client.baseUrl + path);
    let text = '';
    const decoder = new TextDecoder();
    const reading = (async () => {
      for await (const piece of response.body ?? []) text += decoder.decode(piece as Uint8Array, { stream: true });
    })();
    await fails(reading);
    expect(text.length).to.be.at.least(500);
    expect(text).not.to.include('"number":1000,');
  });

  it('status: any failure with the body that was asked for', async () => {
    set({ kind: 'status', status: 503, count: 1 });
    set({ kind: 'status', status: 500, body: 'html', count: 1 });
    set({ kind: 'status', status: 404, body: 'empty', count: 1 });
    const answers = [await client.delete(faults), await client.delete(faults), await client.delete(faults)];
    expect(answers.map((answer) => answer.status)).to.deep.equal([503, 500, 404]);
    expect(answers[0]?.body).to.have.property('error_code', 'sovd-server-failure');
    expect(answers[1]?.headers.get('content-type')).to.equal('text/html');
    expect(answers[2]?.body).to.equal(undefined);
    expect(simulator.ledger.entries({ changed: true })).to.be.empty;
  });

  it('retry-after: 503 or another status, with the header', async () => {
    set({ kind: 'retry-after', seconds: 7, count: 1 });
    set({ kind: 'retry-after', seconds: 1, status: 429, count: 1 });
    const [first, second] = [await client.get(faults), await client.get(faults)];
    expect([first.status, first.headers.get('retry-after')]).to.deep.equal([503, '7']);
    expect([second.status, second.headers.get('retry-after')]).to.deep.equal([429, '1']);
  });

  it('garbage: broken JSON, a wrong content type, half a document', async () => {
    const whole = (await client.send<object>('GET', faults)).body;
    set({ kind: 'garbage', as: 'invalid-json', count: 1 });
    set({ kind: 'garbage', as: 'wrong-content-type', count: 1 });
    set({ kind: 'garbage', as: 'truncated', count: 1 });
    const broken = await client.get(faults);
    expect(broken.body).to.be.a('string');
    expect(broken.headers.get('content-type')).to.equal('application/json');
    const mislabelled = await client.get(faults);
    expect(mislabelled.headers.get('content-type')).to.equal('text/html');
    expect(mislabelled.body).to.deep.equal(whole);
    const half = await client.get<string>(faults);
    expect(half.body).to.be.a('string');
    expect(JSON.stringify(whole).startsWith(half.body)).to.equal(true);
  });

  it('nul: valid JSON with a NUL character in it, also where there would be no body', async () => {
    set({ kind: 'nul', count: 2 });
    const read = await client.get(faults);
    expect(read.body).to.have.property('items').that.is.an('array');
    expect(read.body).to.have.property('x-note', 'before\u0000after');
    const write = await client.put(setpoint, { data: 900 });
    expect([write.status, write.body]).to.deep.equal([200, { 'x-note': 'before\u0000after' }]);
  });

  it('oversize: a valid document of exactly so many bytes', async () => {
    set({ kind: 'oversize', bytes: 1_000_003, count: 1 });
    const response = await fetch(client.baseUrl + faults);
    expect(response.headers.get('content-length')).to.equal('1000003');
    const text = await response.text();
    expect(text.length).to.equal(1_000_003);
    expect(JSON.parse(text)).to.have.property('data');
  });

  it('endless: goes on until the client has had enough', async () => {
    set({ kind: 'endless', count: 1 });
    const abort = new AbortController();
    const response = await fetch(client.baseUrl + faults, { signal: abort.signal });
    let bytes = 0;
    for await (const piece of response.body ?? []) {
      bytes += (piece as Uint8Array).length;
      if (bytes > 2_000_000) break;
    }
    abort.abort();
    expect(bytes).to.be.greaterThan(2_000_000);
    expect(await ended()).to.include({ ending: 'client-closed', status: 200 });
  });

  it('redirect: to another host, with the path kept', async () => {
    set({ kind: 'redirect', count: 1 });
    set({ kind: 'redirect', status: 307, to: 'http://127.0.0.1:9', count: 1 });
    const first = await client.get(faults);
    expect(first.status).to.equal(302);
    expect(first.headers.get('location')).to.equal(`http://elsewhere.invalid/car-1/sovd/v1${faults}`);
    const second = await client.get(faults);
    expect(second.headers.get('location')).to.equal(`http://127.0.0.1:9/car-1/sovd/v1${faults}`);
  });

  it('wrong location: the right path on another host, or the metadata address; the execution runs', async () => {
    const path = '/apps/diagnostic-recorder/operations/record/executions';
    const start = () => client.post<{ id: string }>(path, { parameters: { samples: 1 } });
    set({ kind: 'wrong-location', count: 1 });
    const elsewhere = await start();
    expect(elsewhere.status).to.equal(202);
    const right = `/car-1/sovd/v1${path}/${elsewhere.body.id}`;
    expect(elsewhere.headers.get('location')).to.equal(`http://elsewhere.invalid${right}`);
    await eventually(
      () => client.get<{ status: string }>(`${path}/${elsewhere.body.id}`),
      (reply) => reply.body.status === 'completed',
    );
    set({ kind: 'wrong-location', to: 'cloud-metadata', count: 1 });
    expect((await start()).headers.get('location')).to.match(/^http:\/\/169\.254\.169\.254\//u);
  });

  it('offline: one vehicle is gone with its open connections, the other is not; afterwards it is back', async () => {
    const path = '/apps/diagnostic-recorder/data/stream/events?x-events=1000&x-interval-millis=60000';
    const stream = await fetch(client.baseUrl + path);
    const offline = set({ kind: 'offline', vehicle: 'car-1' });
    await fails(stream.text());
    await fails(client.get(faults));
    expect(simulator.ledger.entries().at(-1)).to.include({ ending: 'dropped', status: null, changed: false });
    expect((await new SovdClient(simulator.vehicles[1]?.baseUrl ?? '').get('/components')).status).to.equal(200);
    simulator.trouble.remove(offline.id);
    expect((await client.get(faults)).status).to.equal(200);
  });

  it('target: vehicle, method, path and command id must all match', async () => {
    const target = { vehicle: 'car-1', method: 'delete', pathPrefix: 'components/engine-control', commandId: 'c-1' };
    set({ kind: 'status', status: 503, ...target });
    const send = (base: string, method: string, path: string, id: string) =>
      fetch(base + path, { method, headers: { 'x-command-id': id } }).then((response) => response.status);
    const other = simulator.vehicles[1]?.baseUrl ?? '';
    expect(await send(client.baseUrl, 'GET', faults, 'c-1')).to.equal(200);
    expect(await send(client.baseUrl, 'DELETE', '/components/body-control/faults', 'c-1')).to.equal(204);
    expect(await send(client.baseUrl, 'DELETE', faults, 'c-2')).to.equal(204);
    expect(await send(other, 'DELETE', '/components/battery-management/faults', 'c-1')).to.equal(204);
    expect(await send(client.baseUrl, 'DELETE', faults, 'c-1')).to.equal(503);
  });

  it('count: so many requests and no more; the first that matches hits', async () => {
    set({ kind: 'status', status: 503, count: 2 });
    set({ kind: 'status', status: 500, count: 1 });
    const statuses: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) statuses.push((await client.get(faults)).status);
    expect(statuses).to.deep.equal([503, 503, 500, 200]);
    expect(simulator.trouble.list()).to.be.empty;
  });

  it('a latency and another kind: both hit the same request', async () => {
    set({ kind: 'status', status: 503 });
    set({ kind: 'latency', millis: 5, jitterMillis: 5 });
    expect((await client.get(faults)).status).to.equal(503);
    expect(simulator.ledger.entries().at(-1)?.troubles).to.deep.equal(['latency', 'status']);
  });
});
