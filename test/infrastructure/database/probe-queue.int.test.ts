import { expect } from 'chai';

import type { DueProbe } from '#application/ports/probe-queue.js';
import type { UnitsOfWork, Work } from '#application/ports/unit-of-work.js';

import { aVehicle, store, storeCommand, storeFleet } from './builders.js';
import { useUnits } from './units.js';

const silentSeconds = 60;
const claimSeconds = 100;

describe('SequelizeProbeQueue', () => {
  const test = useUnits();
  const note = (task: (work: Work) => void) => store(test.units, task);
  const claim = (limit = 50, units: UnitsOfWork = test.units): Promise<readonly DueProbe[]> =>
    units.withUnit('write', (work) => work.probeQueue.claim(limit, silentSeconds, claimSeconds));
  const idsOf = (due: readonly DueProbe[]) => due.map(({ vehicle }) => vehicle.id);
  /** In how many seconds a vehicle is due, or undefined when it never is. */
  const dueIn = async (vehicleId: string): Promise<number | undefined> => {
    const [row] = await test.database.query<{ seconds: number }>(
      'select extract(epoch from next_probe_at - now())::float8 as seconds from vehicle_probes where vehicle_id = $1',
      [vehicleId],
    );
    return row?.seconds;
  };
  const makeDue = () => test.database.query(`update vehicle_probes set next_probe_at = now() - interval '1 second'`);

  it('a new vehicle: is due at once, and then not while somebody asks it', async () => {
    const vehicle = aVehicle();
    await note((work) => work.vehicles.add(vehicle));
    expect(await claim()).to.deep.equal([{ vehicle, credentials: undefined, failures: 0 }]);
    expect(await claim()).to.deep.equal([]);
    expect(await dueIn(vehicle.id)).to.be.within(claimSeconds - 20, claimSeconds);
  });

  it('those that wait longest: come first, as many as are wanted', async () => {
    const { vehicleIds } = await storeFleet(test.units, 3);
    for (const [index, id] of vehicleIds.entries()) {
      await test.database.query(
        'update vehicle_probes set next_probe_at = now() - make_interval(secs => $2) where vehicle_id = $1',
        [id, index + 1],
      );
    }
    const [first, second, third] = vehicleIds;
    expect(idsOf(await claim(2))).to.have.members([third, second]);
    expect(idsOf(await claim(2))).to.deep.equal([first]);
  });

  it('several instances at once: take each vehicle once', async () => {
    const { vehicleIds } = await storeFleet(test.units, 30);
    const instances = [test, test.another(), test.another(), test.another()];
    const claims = await Promise.all(
      instances.flatMap(({ units }) => [claim(3, units), claim(3, units), claim(3, units)]),
    );
    expect(idsOf(claims.flat())).to.have.lengthOf(new Set(idsOf(claims.flat())).size);
    const rest = idsOf(await claim());
    expect([...idsOf(claims.flat()), ...rest]).to.have.members(vehicleIds);
  });

  it('a vehicle that was heard of: is put off until it has been silent for long enough', async () => {
    const { vehicleIds } = await storeFleet(test.units, 2);
    const [heard = '', silent = ''] = vehicleIds;
    const ago = (seconds: number) => new Date(Date.now() - seconds * 1000);
    await note((work) => {
      work.vehicles.recordContact(heard, { status: 'connected', at: ago(40) });
      work.vehicles.recordContact(silent, { status: 'connected', at: ago(80) });
    });
    expect(idsOf(await claim())).to.deep.equal([silent]);
    expect(await dueIn(heard)).to.be.within(5, 20);
  });

  it('a vehicle on which a change is under way: is left in peace; a read does not matter', async () => {
    const fleet = await storeFleet(test.units, 3);
    const [changing = '', reading = '', waiting = ''] = fleet.vehicleIds;
    for (const [vehicleId, safety] of [
      [changing, 'unsafe'],
      [reading, 'safe'],
      [waiting, 'idempotent'],
    ] as const) {
      await storeCommand(test.units, { userId: fleet.userId, vehicleId }, { safety });
    }
    await test.database.query(
      `update commands set status = 'in_progress', started_at = now(), lease_owner = vehicle_id, lease_expires_at = now()
       where vehicle_id = any($1)`,
      [[changing, reading]],
    );
    expect(idsOf(await claim())).to.have.members([reading, waiting]);
    expect(await dueIn(changing)).to.be.greaterThan(silentSeconds);
  });

  it('what is put off: comes again after that time, with what was said of it', async () => {
    const { vehicleId } = await storeFleet(test.units);
    await claim();
    await note((work) => work.probeQueue.putOff(vehicleId, 600, 4));
    expect(await dueIn(vehicleId)).to.be.within(590, 600);
    await makeDue();
    expect((await claim())[0]?.failures).to.equal(4);
  });

  it('a vehicle that is retired: is never due again', async () => {
    const vehicle = aVehicle();
    await note((work) => work.vehicles.add(vehicle));
    await note((work) => work.vehicles.save(vehicle.retire(new Date())));
    expect(await dueIn(vehicle.id)).to.equal(undefined);
    expect(await claim()).to.deep.equal([]);
  });

  it('a vehicle that moves: is due at once; another change says nothing', async () => {
    const vehicle = aVehicle();
    await note((work) => work.vehicles.add(vehicle));
    await note((work) => work.probeQueue.putOff(vehicle.id, 600, 4));
    const renamed = vehicle.change({ model: 'Other' }, new Date());
    await note((work) => work.vehicles.save(renamed));
    expect(await claim()).to.deep.equal([]);
    const moved = renamed.change({ sovdBaseUrl: 'https://elsewhere.example' }, new Date());
    await note((work) => work.vehicles.save(moved));
    expect(await claim()).to.deep.equal([{ vehicle: moved, credentials: undefined, failures: 0 }]);
  });
});
