import { type Simulator, startSimulator } from '#simulator/simulator.js';
import { expect } from 'chai';

import { SovdClient } from './sovd-client.js';

interface Metadata {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly groups?: readonly string[];
}
interface DataList {
  readonly items: readonly Metadata[];
}

const engine = '/components/engine-control';

describe('simulator: data', () => {
  let simulator: Simulator;
  let client: SovdClient;
  let electric: SovdClient;

  before(async () => {
    simulator = await startSimulator();
    client = new SovdClient(simulator.vehicles[0]?.baseUrl ?? '');
    electric = new SovdClient(simulator.vehicles[1]?.baseUrl ?? '');
  });
  beforeEach(() => simulator.reset());
  after(() => simulator.close());

  const ids = async (query: string): Promise<readonly string[]> =>
    (await client.get<DataList>(`${engine}/data${query}`)).body.items.map((item) => item.id);

  it('list: metadata; every item can be read under its percent-encoded id, and its value keeps its own schema', async () => {
    for (const car of [client, electric]) {
      const components = (await car.get<DataList>('/components')).body.items.map((item) => `/components/${item.id}`);
      for (const path of [...components, '/apps/diagnostic-recorder', '/apps/telemetry-agent']) {
        const { items } = (await car.get<DataList>(`${path}/data`)).body;
        expect(items, path).not.to.be.empty;
        for (const item of items) {
          expect(item).to.include.keys('id', 'name', 'category', 'translation_id');
          const read = await car.get(`${path}/data/${encodeURIComponent(item.id)}?include-schema=true`);
          if (item.id === 'clutch-temperature' || item.id === 'rotor-temperature') continue;
          expect(read.body, `${path} ${item.id}`).to.include({ id: item.id });
          expect(read.body, `${path} ${item.id}`)
            .to.have.nested.property('schema.properties.data')
            .that.is.an('object');
        }
      }
    }
  });

  it('filters: categories, groups and tags; groups beat categories', async () => {
    expect(await ids('?categories=identData'))
      .to.include('vin')
      .and.not.include('engine-speed');
    expect(await ids('?category=identData')).to.deep.equal(await ids('?categories=identData'));
    expect(await ids('?groups=driving')).to.deep.equal(['vehicle-speed']);
    expect(await ids('?groups=driving&categories=identData')).to.deep.equal(['vehicle-speed']);
    expect(await ids('?groups=engine&groups=driving&tags=live')).to.deep.equal(['engine-speed', 'vehicle-speed']);
  });

  it('categories and groups: those that occur, once each', async () => {
    const categories = await client.get<{ items: readonly { item: string }[] }>(`${engine}/data-categories`);
    const words = categories.body.items.map((category) => category.item).sort();
    expect(words).to.deep.equal(['currentData', 'identData', 'storedData', 'sysInfo']);
    const groups = await client.get<{ items: readonly { id: string; category: string }[] }>(`${engine}/data-groups`);
    expect(groups.body.items).to.deep.include({
      id: 'driving',
      category: 'currentData',
      group: 'driving',
      group_translation_id: 'group.driving',
    });
  });

  it('an id with a space and a slash: read under its encoded form only', async () => {
    const encoded = encodeURIComponent('intake pressure/bank 1');
    expect((await client.get(`${engine}/data/${encoded}`)).body).to.include({ id: 'intake pressure/bank 1' });
    expect((await client.get(`${engine}/data/intake%20pressure/bank%201`)).status).to.equal(404);
  });

  it('schema of a value: range and unit', async () => {
    const { body } = await client.get(`${engine}/data/engine-speed?include-schema=true`);
    expect(body).to.have.nested.property('schema.properties.data.maximum', 7000);
    expect(body).to.have.nested.property('schema.properties.data.x-sovd-unit.display_name', 'rpm');
  });

  it('a value of which a part is missing: data and errors', async () => {
    const { body } = await client.get('/components/brake-control/data/wheel%20speeds');
    expect(body).to.have.nested.property('data.front_left', null);
    expect(body).to.have.nested.property('errors[0].path', '/front_left');
    expect(body).to.have.nested.property('errors[0].error.error_code', 'not-responding');
  });

  it('a value that the control unit refuses: its error', async () => {
    const refused = await client.get('/components/transmission-control/data/clutch-temperature');
    expect(refused.status).to.equal(502);
    expect(refused.body).to.deep.include({ error_code: 'error-response', parameters: { SID: 0x22, NRC: 0x22 } });
    expect((await electric.get('/components/drive-inverter/data/rotor-temperature')).status).to.equal(504);
  });

  it('writing: 204, and the new value is read', async () => {
    expect((await client.put(`${engine}/data/idle-speed-setpoint`, { data: 900 })).status).to.equal(204);
    expect((await client.get(`${engine}/data/idle-speed-setpoint`)).body).to.include({ data: 900 });
  });

  it('writing nonsense: 400 DataError with the place, and nothing changes', async () => {
    const path = `${engine}/data/idle-speed-setpoint`;
    const cases: readonly [string, string, string][] = [
      ['{"data": 5000}', '/data', 'error-response'],
      ['{"data": "fast"}', '/data', 'error-response'],
      ['{"value": 900}', '/', 'incomplete-request'],
      ['{"data": ', '/', 'incomplete-request'],
      ['', '/', 'incomplete-request'],
    ];
    for (const [text, place, code] of cases) {
      const refused = await client.send('PUT', path, text);
      expect(refused.status, text).to.equal(400);
      expect(refused.body, text).to.have.property('path', place);
      expect(refused.body, text).to.have.nested.property('error.error_code', code);
    }
    const nested = await client.put('/components/body-control/data/comfort-settings', {
      data: { auto_lock: true, follow_me_home_seconds: 500 },
    });
    expect(nested.body).to.have.property('path', '/data/follow_me_home_seconds');
    expect((await client.send('PUT', path, '900', 'text/plain')).status).to.equal(415);
    expect((await client.get(path)).body).to.include({ data: 820 });
  });

  it('writing what is read-only: 405 with Allow', async () => {
    const refused = await client.put(`${engine}/data/vin`, { data: 'X' });
    expect(refused.status).to.equal(405);
    expect(refused.headers.get('allow')).to.equal('GET');
    expect((await client.post(`${engine}/data/idle-speed-setpoint`)).headers.get('allow')).to.equal('GET, PUT');
  });

  it('data lists: made, read together, removed; a silent value does not spoil the others', async () => {
    const path = '/components/transmission-control/data-lists';
    const made = await client.post<{ id: string }>(path, { ids: ['oil-temperature', 'clutch-temperature', 'gear'] });
    expect(made.status).to.equal(201);
    expect(made.headers.get('location')).to.equal(`/car-1/sovd/v1${path}/${made.body.id}`);
    const read = await client.get<{ items: readonly { id: string }[] }>(`${path}/${made.body.id}?include-schema=true`);
    expect(read.body.items.map((item) => item.id)).to.deep.equal(['oil-temperature', 'clutch-temperature', 'gear']);
    expect(read.body).to.have.nested.property('items[1].errors[0].error.error_code', 'error-response');
    expect(read.body).to.have.nested.property('schema.properties.items.type', 'array');
    expect((await client.get<DataList>(path)).body.items).to.have.length(1);
    expect((await client.delete(`${path}/${made.body.id}`)).status).to.equal(204);
    expect((await client.get(`${path}/${made.body.id}`)).status).to.equal(404);
    const refused = await client.post(path, { ids: ['oil-temperature', 'nonsense'] });
    expect(refused.status).to.equal(400);
    expect(refused.body).to.deep.include({ parameters: { unknown_ids: ['nonsense'] } });
  });

  it('the recorder: a hundred items and more on every car', async () => {
    for (const car of [client, electric]) {
      const { items } = (await car.get<DataList>('/apps/diagnostic-recorder/data?groups=channels')).body;
      expect(items.length).to.be.at.least(100);
    }
  });
});
