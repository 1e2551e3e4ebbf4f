import { type Simulator, startSimulator } from '#simulator/simulator.js';
import { expect } from 'chai';

import { SovdClient } from './sovd-client.js';

interface Reference {
  readonly id: string;
  readonly name: string;
  readonly href: string;
}
interface EntityList {
  readonly items: readonly Reference[];
  readonly schema?: object;
}

const collections = ['areas', 'components', 'apps', 'functions'];
const notLinks = new Set(['id', 'name', 'translation_id', 'variant', 'tags']);

describe('simulator: discovery', () => {
  let simulator: Simulator;
  let client: SovdClient;

  before(async () => {
    simulator = await startSimulator();
    client = new SovdClient(simulator.vehicles[0]?.baseUrl ?? '');
  });
  after(() => simulator.close());

  it('version-info: beside and below the versioned base, with the address of the base', async () => {
    for (const path of ['/car-1/sovd/version-info', '/car-1/sovd/v1/version-info']) {
      const reply = await new SovdClient(simulator.url).get<{ sovd_info: readonly object[] }>(path);
      expect(reply.status).to.equal(200);
      expect(reply.body.sovd_info).to.have.length(1);
      expect(reply.body.sovd_info[0]).to.include({ version: '1.1.0', base_uri: client.baseUrl });
      expect(reply.body.sovd_info[0]).to.have.property('vendor_info');
    }
  });

  it('every link of every entity on both cars: answers 200', async () => {
    for (const vehicle of simulator.vehicles) {
      const car = new SovdClient(vehicle.baseUrl);
      for (const collection of collections) {
        for (const item of (await car.get<EntityList>(`/${collection}`)).body.items) {
          const detail = await new SovdClient(simulator.url).get<Record<string, unknown>>(item.href);
          expect(detail.body).to.include({ id: item.id, name: item.name });
          for (const [link, href] of Object.entries(detail.body).filter(([name]) => !notLinks.has(name))) {
            const reply = await new SovdClient(simulator.url).get<EntityList>(String(href));
            expect(reply.status, `${item.href} ${link}`).to.equal(200);
            expect(reply.body.items, `${item.href} ${link}`).to.be.an('array');
          }
        }
      }
    }
  });

  it('relations: name entities that exist', async () => {
    const subcomponents = await client.get<EntityList>('/components/engine-control/subcomponents');
    expect(subcomponents.body.items.map((item) => item.id)).to.deep.equal(['fuel-system']);
    const host = await client.get<EntityList>('/apps/diagnostic-recorder/is-located-on');
    expect(host.body.items.map((item) => item.id)).to.deep.equal(['gateway']);
  });

  it('tags: keep the entities that have one of them', async () => {
    const { body } = await client.get<EntityList>('/components?tags=chassis&tags=body');
    expect(body.items.map((item) => item.id)).to.deep.equal(['brake-control', 'body-control']);
  });

  it('include-schema: adds a schema, refuses anything but true and false', async () => {
    expect((await client.get<EntityList>('/components')).body).not.to.have.property('schema');
    expect((await client.get('/components?include-schema=true')).body).to.have.nested.property('schema.type', 'object');
    const refused = await client.get('/components?include-schema=yes');
    expect(refused.status).to.equal(400);
    expect(refused.body).to.include({ error_code: 'incomplete-request' });
  });

  it('what is not there: 404 with an SOVD error that tells entity from resource', async () => {
    const cases: readonly [string, string][] = [
      ['/components/warp-drive', 'entity-not-found'],
      ['/components/engine-control/warp', 'resource-not-found'],
      ['/areas/powertrain/faults', 'resource-not-found'],
      ['/planets', 'resource-not-found'],
    ];
    for (const [path, code] of cases) {
      const reply = await client.get(path);
      expect(reply.status, path).to.equal(404);
      expect(reply.body, path).to.include({ error_code: 'vendor-specific', vendor_code: code });
      expect(reply.body, path).to.have.property('message').that.is.a('string');
    }
    expect((await new SovdClient(simulator.url).get('/car-99/sovd/v1/components')).status).to.equal(404);
  });

  it('what SOVD has and these cars have not: 501', async () => {
    for (const path of ['/updates', '/components/engine-control/bulk-data', '/apps/telemetry-agent/logs']) {
      const reply = await client.get(path);
      expect(reply.status, path).to.equal(501);
      expect(reply.body, path).to.include({ vendor_code: 'not-implemented' });
    }
  });

  it('a method that is not allowed: 405 with Allow', async () => {
    const reply = await client.post('/components/engine-control');
    expect(reply.status).to.equal(405);
    expect(reply.headers.get('allow')).to.equal('GET');
    expect(reply.body).to.include({ vendor_code: 'method-not-allowed' });
  });

  it('a path that is not percent-encoded correctly: 400', async () => {
    expect((await client.get('/components/%zz')).status).to.equal(400);
  });
});
