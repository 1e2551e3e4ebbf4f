import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

import { expect } from 'chai';

import { AddressPolicy } from '#infrastructure/vehicle-link/address-policy.js';
import type { HttpVehicleLink } from '#infrastructure/vehicle-link/http-vehicle-link.js';

import { aLink, collect, json, rejection, startVehicle, until, type TestVehicle } from './vehicle-server.js';

const strict = new AddressPolicy({ allowedNetworks: [], blockedNetworks: [] });
const refusal = { code: 'vehicle-address-not-allowed', neverSent: true, isTransient: false };

describe('The guard over addresses', () => {
  let vehicle: TestVehicle;
  let connectionCount = 0;
  let link: HttpVehicleLink;
  let port = '';

  before(async () => {
    vehicle = await startVehicle((_request, reply) => json(reply, 200, {}), {
      onConnection: () => (connectionCount += 1),
    });
    port = new URL(vehicle.origin).port;
  });

  beforeEach(() => {
    connectionCount = 0;
  });

  afterEach(() => link.close());
  after(() => vehicle.close());

  /** A resolver whose answer is another one each time; the last one stays. */
  function resolver(...answers: readonly (readonly string[])[]): LookupFunction {
    const left = [...answers];
    return (_hostname, options, callback) => {
      const addresses = (left.length > 1 ? left.shift() : left[0]) ?? [];
      const found = addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }));
      if (options.all === true) callback(null, found);
      else callback(null, found[0]?.address ?? '', found[0]?.family);
    };
  }

  const ask = (host: string, method: 'GET' | 'POST' = 'GET') =>
    collect(link, { vehicleId: 'v', baseUrl: `http://${host}:${port}` }, { method, path: 'x' });

  it('an address in the URL: no socket is opened, for reads and for writes', async () => {
    link = aLink({ addressPolicy: strict });
    for (const host of ['127.0.0.1', '127.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0']) {
      for (const method of ['GET', 'POST'] as const)
        expect(await rejection(ask(host, method)), host).to.include(refusal);
    }
    expect(connectionCount).to.equal(0);
    await until(() => link.usage.connections === 0);
  });

  it('a name that the system itself resolves to this machine: no socket is opened', async () => {
    link = aLink({ addressPolicy: strict });
    expect(await rejection(ask('localhost'))).to.include(refusal);
    expect(connectionCount).to.equal(0);
  });

  it('a name that leads elsewhere when it is used than when it was checked: no socket is opened', async () => {
    for (const later of ['127.0.0.1', '::ffff:127.0.0.1', '64:ff9b::7f00:1', '169.254.169.254']) {
      const lookup = resolver(['93.184.216.34'], [later]);
      // Whoever checks before the connection is made sees a public address.
      lookup('car.example', {}, (_error, address) => expect(address).to.equal('93.184.216.34'));
      link = aLink({ addressPolicy: strict, lookup });
      expect(strict.objectionTo(`http://car.example:${port}`)).to.equal(undefined);
      expect(await rejection(ask('car.example')), later).to.include(refusal);
      await link.close();
    }
    expect(connectionCount).to.equal(0);
  });

  it('a name whose answer changes between two requests: the second one is refused', async () => {
    const addressPolicy = new AddressPolicy({ allowedNetworks: ['127.0.0.1'], blockedNetworks: [] });
    link = aLink({ addressPolicy, lookup: resolver(['127.0.0.1'], ['127.0.0.2']) });
    expect(await ask('car.example', 'POST')).to.have.length(1);
    expect(await rejection(ask('car.example', 'POST'))).to.include(refusal);
    expect(connectionCount).to.equal(1);
  });

  it('a name with allowed and refused addresses: only the allowed ones are tried', async () => {
    const addressPolicy = new AddressPolicy({ allowedNetworks: ['127.0.0.2'], blockedNetworks: [] });
    link = aLink({ addressPolicy, lookup: resolver(['127.0.0.1', '127.0.0.2']) });
    // Nobody listens at the allowed one.
    expect(await rejection(ask('car.example'))).to.include({ code: 'vehicle-unreachable', isTransient: true });
    expect(connectionCount).to.equal(0);
  });

  it('a name that nobody knows: unreachable, and worth another try', async () => {
    link = aLink({
      addressPolicy: strict,
      lookup: (_hostname, _options, callback) => callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []),
    });
    expect(await rejection(ask('car.example'))).to.include({ code: 'vehicle-unreachable', isTransient: true });
  });

  it('what the refusal says: neither name nor address, which stay in its cause', async () => {
    link = aLink({ addressPolicy: strict, lookup: resolver(['127.0.0.1']) });
    const error = (await rejection(ask('car.example'))) as Error;
    expect(error.message).to.equal('The address of the vehicle is one that no vehicle may have. Nothing was sent.');
    expect((error.cause as Error).message).to.equal('car.example leads to 127.0.0.1, which is loopback');
  });
});
