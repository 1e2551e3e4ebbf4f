import { type Simulator, startSimulator } from '#simulator/simulator.js';
import { expect } from 'chai';

import { SovdClient } from './sovd-client.js';

interface LedgerPage {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly next_after: number | null;
  readonly capacity: number;
  readonly dropped: number;
}

const faults = '/components/engine-control/faults';

describe('simulator: control endpoint and ledger', () => {
  let simulator: Simulator;
  let control: SovdClient;
  let car: SovdClient;

  before(async () => {
    simulator = await startSimulator();
    control = new SovdClient(simulator.controlUrl);
    car = new SovdClient(simulator.vehicles[0]?.baseUrl ?? '', { 'x-command-id': 'command-1' });
  });
  beforeEach(() => simulator.reset());
  after(() => simulator.close());

  const ledger = async (query = ''): Promise<LedgerPage> => (await control.get<LedgerPage>(`/ledger${query}`)).body;

  it('vehicles: what one needs to register them', async () => {
    const { body } = await control.get<{ items: readonly object[] }>('/vehicles');
    const [first] = simulator.vehicles;
    expect(body.items).to.have.length(2);
    expect(body.items[0]).to.deep.equal({
      key: 'car-1',
      vin: first?.vin,
      make: 'Meridian',
      model: 'Tourer 1.5',
      model_year: 2022,
      sovd_base_url: first?.baseUrl,
    });
  });

  it('troubles: set, listed, replaced, removed one by one, by vehicle and all together', async () => {
    const made = await control.post<{ id: string }>('/troubles', { kind: 'status', status: 503, path_prefix: faults });
    expect(made.status).to.equal(201);
    expect(made.headers.get('location')).to.equal(`/_control/troubles/${made.body.id}`);
    expect((await car.get(faults)).status).to.equal(503);
    expect((await car.get('/components')).status).to.equal(200);
    const listed = await control.get('/troubles');
    expect(listed.body).to.have.nested.property('items[0].path_prefix', faults);
    expect(listed.body).to.have.nested.property('items[0].hits', 1);

    expect((await control.delete(`/troubles/${made.body.id}`)).status).to.equal(204);
    expect((await control.delete(`/troubles/${made.body.id}`)).status).to.equal(404);
    expect((await car.get(faults)).status).to.equal(200);

    await control.put('/troubles', {
      items: [
        { kind: 'latency', vehicle: 'car-1', millis: 1, jitter_millis: 1 },
        { kind: 'status', vehicle: 'car-2', status: 500 },
      ],
    });
    await control.delete('/troubles?vehicle=car-1');
    expect(simulator.trouble.list().map((trouble) => trouble.kind)).to.deep.equal(['status']);
    expect((await control.delete('/troubles')).status).to.equal(204);
    expect(simulator.trouble.list()).to.be.empty;
  });

  it('a trouble that makes no sense: 400, and none is set', async () => {
    const nonsense = [
      { kind: 'gremlin' },
      { kind: 'latency' },
      { kind: 'hang', colour: 'red' },
      { kind: 'status', status: 200 },
    ];
    for (const spec of nonsense) expect((await control.post('/troubles', spec)).status).to.equal(400);
    expect((await control.put('/troubles', { items: [{ kind: 'hang' }, { kind: 'gremlin' }] })).status).to.equal(400);
    expect(simulator.trouble.list()).to.be.empty;
  });

  it('ledger: every request in order, with what it did and how it ended', async () => {
    await car.get(`${faults}?severity=3`);
    await car.put('/components/engine-control/data/idle-speed-setpoint', { data: 900 });
    await car.put('/components/engine-control/data/idle-speed-setpoint', { data: 9000 });
    await car.delete(faults);
    const { items } = await ledger();
    expect(items.map((entry) => [entry['method'], entry['status'], entry['changed']])).to.deep.equal([
      ['GET', 200, false],
      ['PUT', 204, true],
      ['PUT', 400, false],
      ['DELETE', 204, true],
    ]);
    expect(items[0]).to.include({
      vehicle: 'car-1',
      path: faults,
      query: 'severity=3',
      command_id: 'command-1',
      body: null,
      ending: 'answered',
    });
    expect(items[1]).to.include({ body: '{"data":900}', is_body_cut: false });
    const numbers = items.map((entry) => Number(entry['number']));
    expect(numbers).to.deep.equal(numbers.toSorted((one, next) => one - next));
  });

  it('ledger filters: by vehicle, command, method, path, change; in pages', async () => {
    await car.get('/components');
    await car.delete(faults);
    const other = new SovdClient(simulator.vehicles[1]?.baseUrl ?? '', { 'x-command-id': 'command-2' });
    await other.get('/components');
    await new SovdClient(simulator.url).get('/nowhere/sovd/v1');
    expect((await ledger('?vehicle=car-2')).items).to.have.length(1);
    expect((await ledger('?command_id=command-1')).items).to.have.length(2);
    expect((await ledger('?method=delete')).items).to.have.length(1);
    expect((await ledger('?path_prefix=/components')).items).to.have.length(3);
    expect((await ledger('?changed=true')).items).to.have.length(1);
    expect((await ledger('?changed=false')).items).to.have.length(3);
    const page = await ledger('?limit=3');
    expect(page.items).to.have.length(3);
    const rest = await ledger(`?limit=3&after=${page.next_after}`);
    expect(rest.items.map((entry) => entry['vehicle'])).to.deep.equal([null]);
    expect(rest.next_after).to.equal(null);
    expect((await control.get('/ledger?limit=0')).status).to.equal(400);
    expect((await control.get('/ledger?colour=red')).status).to.equal(400);
    expect((await control.delete('/ledger')).status).to.equal(204);
    expect((await ledger()).items).to.be.empty;
  });

  it('ledger: a long body is cut, and says so', async () => {
    await car.send('PUT', '/components/engine-control/data/vin', JSON.stringify({ data: 'x'.repeat(10_000) }));
    const [entry] = (await ledger()).items;
    expect(entry).to.include({ is_body_cut: true });
    expect(String(entry?.['body'])).to.have.length(4096);
  });

  it('ledger: when it is full the oldest go, and it says how many', async () => {
    const small = await startSimulator({ vehicles: 1, ledgerCapacity: 3 });
    try {
      const client = new SovdClient(small.vehicles[0]?.baseUrl ?? '');
      for (const path of ['/a', '/b', '/c', '/d', '/e']) await client.get(path);
      expect(small.ledger.entries().map((entry) => entry.path)).to.deep.equal(['/c', '/d', '/e']);
      const { body } = await new SovdClient(small.controlUrl).get<LedgerPage>('/ledger');
      expect([body.dropped, body.capacity]).to.deep.equal([2, 3]);
    } finally {
      await small.close();
    }
  });

  it('a fault set over HTTP: is there; an unknown entity or field is refused', async () => {
    const fault = { entity: 'components/engine-control', code: 'P0128', display_code: 'P0128-00', severity: 1 };
    expect((await control.post('/vehicles/car-1/faults', fault)).status).to.equal(204);
    expect((await car.get(`${faults}/P0128`)).body).to.have.nested.property('item.display_code', 'P0128-00');
    expect((await control.post('/vehicles/car-1/faults', { ...fault, entity: 'apps/none' })).status).to.equal(404);
    expect((await control.post('/vehicles/car-1/faults', { ...fault, colour: 'red' })).status).to.equal(400);
    expect((await control.post('/vehicles/car-9/faults', fault)).status).to.equal(404);
  });

  it('conditions: change what the car shows', async () => {
    const speed = () => car.get<{ data: number }>('/components/engine-control/data/vehicle-speed');
    expect((await speed()).body.data).to.equal(0);
    const set = await control.put('/vehicles/car-1/conditions', { speed_kmh: 80 });
    expect(set.body).to.deep.equal({ speed_kmh: 80, powered_on: true });
    expect((await speed()).body.data).to.be.within(75, 85);
    expect((await control.put('/vehicles/car-1/conditions', { speed_kmh: -1 })).status).to.equal(400);
  });

  it('reset: cars, troubles and ledger as at the start', async () => {
    await car.delete(faults);
    simulator.trouble.add({ kind: 'offline' });
    expect((await control.post('/reset')).status).to.equal(204);
    expect(simulator.ledger.entries()).to.be.empty;
    expect(simulator.trouble.list()).to.be.empty;
    expect((await car.get<{ items: readonly object[] }>(faults)).body.items).not.to.be.empty;
    expect((await control.post('/reset?vehicle=car-9')).status).to.equal(404);
  });

  it('the control token: without it 401, while the cars stay open', async () => {
    const guarded = await startSimulator({ vehicles: 1, controlToken: 'let-me-in' });
    try {
      const bearer = (token: string): SovdClient =>
        new SovdClient(guarded.controlUrl, { authorization: `Bearer ${token}` });
      expect((await new SovdClient(guarded.controlUrl).get('/vehicles')).status).to.equal(401);
      expect((await bearer('let-me-on').get('/vehicles')).status).to.equal(401);
      expect((await bearer('let-me-in').get('/vehicles')).status).to.equal(200);
      expect((await new SovdClient(guarded.vehicles[0]?.baseUrl ?? '').get('/components')).status).to.equal(200);
    } finally {
      await guarded.close();
    }
  });

  it('the control endpoint: is not in the ledger, and trouble does not reach it', async () => {
    simulator.trouble.add({ kind: 'status', status: 503 });
    expect((await control.get('/vehicles')).status).to.equal(200);
    expect((await control.get('/nonsense')).status).to.equal(404);
    expect(simulator.ledger.entries()).to.be.empty;
  });
});
