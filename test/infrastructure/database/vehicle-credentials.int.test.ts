import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

import { expect } from 'chai';

import type { VehicleCredentials } from '#application/domain/vehicle-credentials.js';
import type { Vehicle } from '#application/domain/vehicle.js';
import type { CredentialVault } from '#application/ports/credential-vault.js';
import type { VehicleWithCredentials } from '#application/ports/vehicle-repository.js';
import { auditAct } from '#application/record/audit-act.js';
import { rotateCredentials } from '#application/vehicles/rotate-credentials.js';
import { Secret } from '#config/secret.js';
import { openCredentialVault } from '#infrastructure/security/aes-gcm-credential-vault.js';
import { systemClock as clock, uuidV7Identifiers as identifiers } from '#infrastructure/system.js';
import { makeTemporaryDirectory } from '#support/temporary-directory.js';

import { aUser, aVehicle, service, store, storeCommand } from './builders.js';
import { rejectionOf, useUnits } from './units.js';

const program = path.resolve(import.meta.dirname, '../../../src/rotate-credentials.js');
const origin = 'https://car.example';
const aKey = (id: string) => ({ id, secret: new Secret(randomBytes(32).toString('base64')) });
const [oldKey, newKey, lostKey] = [aKey('old'), aKey('new'), aKey('lost')];
const oldVault = openCredentialVault([oldKey]);
const bothVault = openCredentialVault([newKey, oldKey]);
const lostVault = openCredentialVault([lostKey]);

describe('SequelizeVehicleCredentialRepository', () => {
  const test = useUnits();
  const { database } = test;

  const tokenOf = (vehicleId: string): VehicleCredentials => ({ kind: 'bearer', token: `token-of-${vehicleId}` });
  const rows = () =>
    database.query<any>('select vehicle_id, key_id, sealed from vehicle_credentials order by vehicle_id');
  /** The vehicle as whoever speaks to it gets it: with a command that is about to be sent. */
  async function due(vehicleId: string): Promise<VehicleWithCredentials | undefined> {
    const user = aUser();
    await store(test.units, (work) => work.users.add(user));
    const { id } = await storeCommand(test.units, { userId: user.id, vehicleId });
    const unit = test.units.open('write');
    const ready = await unit.commandQueue.lockReady(100, 100);
    await unit.close();
    return ready.find(({ command }) => command.id === id)?.vehicle;
  }

  /** A vehicle with credentials, stored. */
  async function addVehicle(vault: CredentialVault): Promise<Vehicle> {
    const vehicle = aVehicle();
    const summary = { kind: 'bearer', origin, updatedAt: new Date(), certificate: undefined } as const;
    const changed = vehicle.withCredentials(summary, new Date());
    await store(test.units, (work) => work.vehicles.add(vehicle));
    await store(test.units, (work) =>
      work.vehicleCredentials.put(changed, vault.seal(tokenOf(vehicle.id), vehicle.id, origin)),
    );
    return changed;
  }

  function rotate(vault: CredentialVault, stepSize: number) {
    const { units } = test;
    const { log } = test.log;
    return rotateCredentials({ units, credentialVault: vault, audit: auditAct({ clock, identifiers }), log })(
      service,
      stepSize,
    );
  }

  it('a vehicle with credentials: comes with them when a command is about to be sent, and one without comes alone', async () => {
    const { id } = await addVehicle(oldVault);
    const found = await due(id);
    expect(found?.vehicle.credentials).to.include({ kind: 'bearer', origin });
    if (found?.credentials === undefined) throw new Error('It has credentials.');
    expect(oldVault.open(found.credentials, id)).to.deep.equal(tokenOf(id));
    const bare = aVehicle();
    await store(test.units, (work) => work.vehicles.add(bare));
    const alone = await due(bare.id);
    expect(alone?.vehicle).to.deep.equal(bare);
    expect(alone?.credentials).to.equal(undefined);
  });

  it('two who set them at once: one of them has to look again', async () => {
    const vehicle = await addVehicle(oldVault);
    const summary = { kind: 'bearer', origin, updatedAt: new Date(), certificate: undefined } as const;
    const put = () =>
      store(test.units, (work) =>
        work.vehicleCredentials.put(
          vehicle.withCredentials(summary, new Date()),
          oldVault.seal(tokenOf(vehicle.id), vehicle.id, origin),
        ),
      );
    await put();
    expect(await rejectionOf(put())).to.have.property('code', 'changed-meanwhile');
  });

  it('rotation: all are sealed with the first key afterwards, in steps, and open to the same', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 7; count += 1) ids.push((await addVehicle(oldVault)).id);
    const versions = () => database.query<any>('select vehicle_id, version from vehicles order by 1');
    const before = await versions();
    expect(await rotate(bothVault, 3)).to.deep.equal({ resealed: 7, unreadable: [] });
    expect((await rows()).map(({ key_id: keyId }) => keyId)).to.deep.equal(Array(7).fill('new'));
    for (const id of ids) {
      const found = await due(id);
      if (found?.credentials === undefined) throw new Error('It has credentials.');
      expect(openCredentialVault([newKey]).open(found.credentials, id)).to.deep.equal(tokenOf(id));
    }
    expect(await versions()).to.deep.equal(before);
    const audits = await database.query<any>('select action, details from audit_logs order by log_id');
    expect(audits.map(({ details }) => details)).to.deep.equal([
      { key_id: 'new', count: 3 },
      { key_id: 'new', count: 3 },
      { key_id: 'new', count: 1 },
    ]);
    const sealed = await rows();
    expect(await rotate(bothVault, 3)).to.deep.equal({ resealed: 0, unreadable: [] });
    expect(await rows()).to.deep.equal(sealed);
  });

  it('rotation with some that nobody can read: leaves them, tells of them, and goes on', async () => {
    const lost = [await addVehicle(lostVault), await addVehicle(lostVault)].map(({ id }) => id);
    await addVehicle(oldVault);
    const { resealed, unreadable } = await rotate(bothVault, 1);
    expect(resealed).to.equal(1);
    expect(unreadable).to.have.members(lost);
    expect((await rows()).map(({ key_id: keyId }) => keyId)).to.have.members(['lost', 'lost', 'new']);
  });

  it('npm run rotate-credentials: says how many, and fails when some could not be read', async () => {
    await addVehicle(oldVault);
    const keys = [newKey, oldKey].map(({ id, secret }) => `${id}:${secret.reveal()}`).join(',');
    const cwd = await makeTemporaryDirectory('rotation');
    const options = {
      cwd,
      env: {
        PATH: process.env['PATH'],
        NODE_ENV: 'test',
        DATABASE_URL: database.url,
        JWT_SECRET: 'a secret that only the tests know, long enough',
        CREDENTIALS_KEYS: keys,
      },
    };
    const run = () => promisify(execFile)(process.execPath, [program], options);
    expect((await run()).stdout).to.equal('1 credentials are sealed again with the key new\n');
    const lost = await addVehicle(lostVault);
    const failure = (await rejectionOf(run())) as { readonly code: number; readonly stdout: string; stderr: string };
    expect(failure.code).to.equal(1);
    expect(failure.stdout + failure.stderr)
      .to.contain(lost.id)
      .and.not.to.contain(newKey.secret.reveal());
  });
});
