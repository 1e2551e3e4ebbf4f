import { type Simulator, startSimulator } from '#simulator/simulator.js';
import { checkDigit } from '#simulator/vin.js';
import { expect } from 'chai';

import { SovdClient } from './sovd-client.js';

interface EntityList {
  readonly items: readonly { readonly id: string; readonly href: string }[];
}
interface FaultList {
  readonly items: readonly { readonly code: string; readonly display_code: string }[];
}

describe('simulator: the fleet', () => {
  let simulator: Simulator;

  before(async () => {
    simulator = await startSimulator({ vehicles: 21 });
  });
  after(() => simulator.close());

  const clientOf = (index: number): SovdClient => new SovdClient(simulator.vehicles[index]?.baseUrl ?? '');

  it('many vehicles in one process: each has a key, a valid VIN and a base of its own, both models by turns', () => {
    const { vehicles } = simulator;
    expect(new Set(vehicles.map((vehicle) => vehicle.key)).size).to.equal(21);
    expect(new Set(vehicles.map((vehicle) => vehicle.vin)).size).to.equal(21);
    expect(new Set(vehicles.map((vehicle) => vehicle.baseUrl)).size).to.equal(21);
    for (const { vin } of vehicles) {
      expect(vin).to.match(/^[A-HJ-NPR-Z0-9]{17}$/u);
      expect(vin[8]).to.equal(checkDigit(vin));
    }
    expect(vehicles[0]?.model).to.equal(vehicles[2]?.model);
    expect(vehicles[0]?.model).not.to.equal(vehicles[1]?.model);
  });

  it('check digit: agrees with published examples', () => {
    expect(checkDigit('1M8GDM9AXKP042788')).to.equal('X');
    expect(checkDigit('11111111111111111')).to.equal('1');
  });

  it('each kind of car: at least four components, two apps, an area, a function, and faults of every letter', async () => {
    for (const index of [0, 1]) {
      const client = clientOf(index);
      const counts = { components: 4, apps: 2, areas: 1, functions: 1 };
      for (const [collection, least] of Object.entries(counts)) {
        const { body } = await client.get<EntityList>(`/${collection}`);
        expect(body.items.length, collection).to.be.at.least(least);
      }
      const letters = new Set<string | undefined>();
      for (const { id } of (await client.get<EntityList>('/components')).body.items) {
        const faults = await client.get<FaultList>(`/components/${id}/faults`);
        if (faults.status === 200) for (const fault of faults.body.items) letters.add(fault.display_code[0]);
      }
      expect([...letters].sort()).to.deep.equal(['B', 'C', 'P', 'U']);
    }
  });

  it('the ledger and the state of one vehicle: not touched by another', async () => {
    const [first, third] = [clientOf(0), clientOf(2)];
    expect((await first.delete('/components/engine-control/faults')).status).to.equal(204);
    expect((await first.put('/components/engine-control/data/idle-speed-setpoint', { data: 900 })).status).to.equal(
      204,
    );
    expect((await first.get<FaultList>('/components/engine-control/faults')).body.items).to.be.empty;
    expect((await third.get<FaultList>('/components/engine-control/faults')).body.items).not.to.be.empty;
    expect((await third.get('/components/engine-control/data/idle-speed-setpoint')).body).to.include({ data: 820 });
    expect(simulator.ledger.entries({ vehicle: 'car-3', changed: true })).to.be.empty;
  });

  it('reset of one vehicle: back to its start, the others as they were', async () => {
    const [fifth, seventh] = [clientOf(4), clientOf(6)];
    await fifth.delete('/components/engine-control/faults');
    await seventh.delete('/components/engine-control/faults');
    simulator.reset('car-5');
    expect((await fifth.get<FaultList>('/components/engine-control/faults')).body.items).not.to.be.empty;
    expect((await seventh.get<FaultList>('/components/engine-control/faults')).body.items).to.be.empty;
  });

  it('values: change with time and differ between cars of the same kind', async () => {
    const path = '/apps/diagnostic-recorder/data/channel-001';
    const readings = new Set<string>();
    for (let turn = 0; turn < 1000 && readings.size < 3; turn += 1) {
      readings.add(JSON.stringify((await clientOf(0).get(path)).body));
    }
    expect(readings.size).to.equal(3);
    const [one, other] = await Promise.all([
      clientOf(0).get('/components/engine-control/data/serial-number'),
      clientOf(2).get('/components/engine-control/data/serial-number'),
    ]);
    expect(one.body).not.to.deep.equal(other.body);
    expect((await clientOf(2).get('/components/engine-control/data/vin')).body).to.deep.equal({
      id: 'vin',
      data: simulator.vehicles[2]?.vin,
    });
  });
});
