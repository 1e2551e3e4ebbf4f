import { type Simulator, startSimulator } from '#simulator/simulator.js';
import { expect } from 'chai';

import { SovdClient } from './sovd-client.js';

interface Fault {
  readonly code: string;
  readonly severity: number;
  readonly scope: string;
  readonly status: Readonly<Record<string, string>>;
}
interface FaultList {
  readonly items: readonly Fault[];
}

const faults = '/components/engine-control/faults';

describe('simulator: faults', () => {
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

  const codes = async (query = ''): Promise<readonly string[]> =>
    (await client.get<FaultList>(faults + query)).body.items.map((fault) => fault.code).sort();

  it('list: faults in the shape of the template, status with the strings "0" and "1"', async () => {
    const { body } = await client.get<FaultList>(faults);
    expect(body.items.map((fault) => fault.code)).to.include('P0301');
    const misfire = body.items.find((fault) => fault.code === 'P0301');
    expect(misfire).to.include.keys('scope', 'display_code', 'fault_name', 'severity', 'symptom', 'status');
    expect(misfire?.status).to.include({
      testFailed: '1',
      confirmedDTC: '1',
      aggregatedStatus: 'active',
      mask: '0xaf',
    });
  });

  it('status filter: a fault matches when any of the conditions holds', async () => {
    expect(await codes('?status[testFailed]=1')).to.deep.equal(['P0301']);
    expect(await codes('?status%5BtestFailed%5D=1&status%5BaggregatedStatus%5D=pending')).to.deep.equal([
      'P0171',
      'P0301',
    ]);
    expect(await codes('?status[confirmedDTC]=true')).to.deep.equal(await codes('?status[confirmedDTC]=1'));
    expect(await codes('?status[noSuchBit]=1')).to.be.empty;
  });

  it('severity filter: gives the numbers below the given one', async () => {
    const { body } = await client.get<FaultList>(`${faults}?severity=3`);
    expect(body.items.length).to.be.greaterThan(0);
    for (const fault of body.items) expect(fault.severity).to.be.lessThan(3);
    expect(await codes('?severity=2')).to.be.empty;
    expect((await client.get(`${faults}?severity=high`)).status).to.equal(400);
  });

  it('scope filter: with the others all at once', async () => {
    expect(await codes('?scope=OBD')).to.deep.equal(['P0171', 'P0301', 'P0420']);
    expect(await codes('?scope=OBD&severity=3')).to.deep.equal(['P0301']);
  });

  it('one fault: with environment data', async () => {
    const { body } = await client.get(`${faults}/P0301?include-schema=true`);
    expect(body).to.have.nested.property('item.code', 'P0301');
    expect(body).to.have.nested.property('environment_data.snapshots[0].data.engine_speed', 2140);
    expect(body).to.have.nested.property('environment_data.extended_data_records.occurrence_counter', 17);
    expect(body).to.have.nested.property('schema.properties.item.properties.code.type', 'string');
    expect((await client.get(`${faults}/P9999`)).status).to.equal(404);
  });

  it('clearing one: gone, the others stay; a second time 404', async () => {
    expect((await client.delete(`${faults}/P0301`)).status).to.equal(204);
    expect(await codes()).to.deep.equal(['P0171', 'P0420', 'U0101']);
    expect((await client.delete(`${faults}/P0301`)).status).to.equal(404);
  });

  it('clearing by scope: only that scope', async () => {
    expect((await client.delete(`${faults}?scope=OBD`)).status).to.equal(204);
    expect(await codes()).to.deep.equal(['U0101']);
  });

  it('clearing all: on this entity alone', async () => {
    expect((await client.delete(faults)).status).to.equal(204);
    expect(await codes()).to.be.empty;
    expect((await client.get<FaultList>('/components/brake-control/faults')).body.items).not.to.be.empty;
  });

  it('a fault whose cause persists: 409 for itself, and it survives clearing all', async () => {
    const path = '/components/battery-management/faults';
    const refused = await electric.delete(`${path}/P0AA6`);
    expect(refused.status).to.equal(409);
    expect(refused.body).to.include({ error_code: 'precondition-not-fulfilled' });
    expect((await electric.delete(path)).status).to.equal(204);
    const left = await electric.get<FaultList>(path);
    expect(left.body.items.map((fault) => fault.code)).to.deep.equal(['P0AA6']);
  });

  it('a fault that is set from outside: is there, replaces one of the same code, can be cleared', async () => {
    simulator.setFault('car-1', { entity: 'components/engine-control', code: 'P0128', severity: 1, status: 'pending' });
    simulator.setFault('car-1', { entity: 'components/engine-control', code: 'P0301', status: 'stored' });
    expect(await codes('?severity=2')).to.deep.equal(['P0128']);
    expect(await codes('?status[testFailed]=1')).to.be.empty;
    expect((await client.delete(`${faults}/P0128`)).status).to.equal(204);
    expect(await codes()).not.to.include('P0128');
  });

  it('a code in hexadecimal: found and cleared as it is spelt', async () => {
    const path = '/components/onboard-charger/faults/0xD10087';
    expect((await electric.get(path)).body).to.have.nested.property('item.display_code', 'U1100-87');
    expect((await electric.delete(path)).status).to.equal(204);
  });
});
