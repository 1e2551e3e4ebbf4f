import { expect } from 'chai';

import type { PageRequest } from '#application/ports/paging.js';
import type { Work } from '#application/ports/unit-of-work.js';
import type { VehicleFilter } from '#application/ports/vehicle-repository.js';

import { aVehicle, aVin, awkwardText, newId, store } from './builders.js';
import { allPages, useUnits } from './units.js';

const all = { kind: 'all' } as const;
const at = (text: string) => new Date(`2026-03-01T${text}Z`);

describe('SequelizeVehicleRepository', () => {
  const test = useUnits();
  const note = (task: (work: Work) => void) => store(test.units, task);

  const read = <Result>(task: (work: Work) => Promise<Result>) => test.units.withUnit('read', task);

  const list = (filter: Partial<VehicleFilter> = {}, page: PageRequest = { limit: 50, after: undefined }) =>
    read((work) => work.vehicles.list({ scope: all, includeRetired: false, ...filter }, page));
  const load = (id: string) => read((work) => work.vehicles.load(id));

  it('a vehicle: comes back as it was, with the least', async () => {
    const vehicle = aVehicle();
    await note((work) => work.vehicles.add(vehicle));
    expect(await load(vehicle.id)).to.deep.equal(vehicle);
    expect(await load(newId())).to.equal(undefined);
  });

  it('a vehicle: comes back as it was, with everything', async () => {
    const metadata = { text: awkwardText, list: [1, 2.5, null, true], deep: { deeper: { empty: {} } }, $1: '$2' };
    const vehicle = aVehicle({ make: awkwardText, model: awkwardText, metadata, createdAt: at('08:00:00.123') });
    await note((work) => work.vehicles.add(vehicle));
    await note((work) => work.vehicles.recordContact(vehicle.id, { status: 'connected', at: at('09:00:00.456') }));
    await note((work) => work.vehicles.save(vehicle.retire(at('10:00:00.789'))));
    expect(await load(vehicle.id)).to.deep.include(
      Object.assign({}, vehicle.retire(at('10:00:00.789')), {
        connectionStatus: 'connected',
        lastSeenAt: at('09:00:00.456'),
        lastCheckedAt: at('09:00:00.456'),
        retiredAt: at('10:00:00.789'),
        version: 2,
      }),
    );
  });

  it('a contact: is kept unless a later one is known, and is no change of the vehicle', async () => {
    const vehicle = aVehicle();
    await note((work) => work.vehicles.add(vehicle));
    const contacts = [
      [
        'connected',
        '10:00:00',
        { connectionStatus: 'connected', lastSeenAt: at('10:00:00'), lastCheckedAt: at('10:00:00') },
      ],
      [
        'error',
        '09:59:59',
        { connectionStatus: 'connected', lastSeenAt: at('10:00:00'), lastCheckedAt: at('10:00:00') },
      ],
      [
        'disconnected',
        '10:00:01',
        { connectionStatus: 'disconnected', lastSeenAt: at('10:00:00'), lastCheckedAt: at('10:00:01') },
      ],
      ['error', '10:00:02', { connectionStatus: 'error', lastSeenAt: at('10:00:02'), lastCheckedAt: at('10:00:02') }],
    ] as const;
    for (const [status, time, expected] of contacts) {
      await note((work) => work.vehicles.recordContact(vehicle.id, { status, at: at(time) }));
      expect(await load(vehicle.id), time).to.deep.include({ ...expected, version: 1 });
    }
    await note((work) => work.vehicles.save(vehicle.change({ make: 'Other' }, new Date())));
    expect(await load(vehicle.id), 'a change without a move').to.deep.include({
      connectionStatus: 'error',
      make: 'Other',
    });
    const moved = (await load(vehicle.id))?.change({ sovdBaseUrl: 'https://elsewhere.example' }, new Date());
    await note((work) => work.vehicles.save(moved ?? vehicle));
    expect(await load(vehicle.id), 'a move').to.deep.include({
      connectionStatus: 'disconnected',
      lastCheckedAt: undefined,
    });
  });

  it('a list: is newest first, in pages that do not move while vehicles are added and changed', async () => {
    const times = ['08:00:00.000', '08:00:00.001', '08:00:00.001', '08:00:00.001', '09:00:00.000'];
    const vehicles = times.map((time) => aVehicle({ createdAt: at(time) }));
    await note((work) => vehicles.forEach((vehicle) => work.vehicles.add(vehicle)));
    let hour = 10;
    const pages = await allPages(
      (page) => list({}, page),
      2,
      () => {
        hour += 1;
        return note((work) => {
          work.vehicles.add(aVehicle({ createdAt: at(`${hour}:00:00`) }));
          work.vehicles.recordContact(vehicles[0]?.id ?? '', { status: 'connected', at: at(`${hour}:00:00`) });
        });
      },
    );
    const ids = pages.map((page) => page.map(({ id }) => id));
    // Those of the same time are told apart by their ids, which grow.
    expect(ids.flat()).to.deep.equal(vehicles.map(({ id }) => id).reverse());
    expect(ids.map((page) => page.length)).to.deep.equal([2, 2, 1]);
  });

  it('a page as long as the list: is its end', async () => {
    await note((work) => {
      work.vehicles.add(aVehicle());
      work.vehicles.add(aVehicle());
    });
    expect((await list({}, { limit: 2, after: undefined })).next).to.equal(undefined);
    expect((await list({}, { limit: 1, after: undefined })).next).to.not.equal(undefined);
  });

  it('filters: narrow the list, each and together', async () => {
    const seven = aVehicle({ make: 'Aurora', model: 'Seven', connectionStatus: 'connected' });
    const eight = aVehicle({ make: 'Aurora', model: 'Eight' });
    const retired = aVehicle({ make: 'Borea', model: 'Seven' });
    await note((work) => [seven, eight, retired].forEach((vehicle) => work.vehicles.add(vehicle)));
    await note((work) => work.vehicles.save(retired.retire(new Date())));
    const cases: readonly (readonly [Partial<VehicleFilter>, readonly string[]])[] = [
      [{}, [eight.id, seven.id]],
      [{ includeRetired: true }, [retired.id, eight.id, seven.id]],
      [{ make: 'aurora' }, [eight.id, seven.id]],
      [{ make: 'auror' }, []],
      [{ model: 'SEVEN', includeRetired: true }, [retired.id, seven.id]],
      [{ status: 'connected' }, [seven.id]],
      [{ status: 'error' }, []],
      [{ text: 'URO' }, [eight.id, seven.id]],
      [{ text: 'eve', make: 'Borea', includeRetired: true }, [retired.id]],
      [{ text: seven.vin.slice(3, 17) }, [seven.id]],
    ];
    for (const [filter, expected] of cases) {
      const { items } = await list(filter);
      expect(
        items.map(({ id }) => id),
        JSON.stringify(filter),
      ).to.deep.equal(expected);
    }
  });

  it('a search text: has no pattern in it', async () => {
    const makes = ['50% off', 'under_score', 'back\\slash', 'quo\'te"', 'plain'];
    await note((work) => makes.forEach((make) => work.vehicles.add(aVehicle({ make, model: 'x' }))));
    const cases = [
      ['%', ['50% off']],
      ['_', ['under_score']],
      ['\\', ['back\\slash']],
      ['\\s', ['back\\slash']],
      [`'te"`, ['quo\'te"']],
      ['p%n', []],
      ['pl_in', []],
      ['$1', []],
      ['?', []],
      ['\ud800', []],
    ] as const;
    for (const [text, expected] of cases) {
      const { items } = await list({ text });
      expect(
        items.map(({ make }) => make),
        text,
      ).to.deep.equal(expected);
    }
    await list({ text: '\u0000' });
    await list({ make: '\u0000', model: 'a\u0000' });
  });

  it('a VIN that is none: is refused by the database too', async () => {
    for (const vin of ['IOQ45678901234567', `${aVin()}\n`, aVin().slice(1), `${aVin()}0`]) {
      let error: unknown;
      await note((work) => work.vehicles.add(aVehicle({ vin }))).catch((thrown: unknown) => (error = thrown));
      expect(error, vin).to.match(/vehicles_vin_check/u);
    }
  });
});
