import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';

import { expect } from 'chai';

import type { VehicleCredentials } from '#application/domain/vehicle-credentials.js';
import type { VehicleTarget } from '#application/ports/vehicle-link.js';
import { Secret } from '#config/secret.js';
import { openCredentialVault } from '#infrastructure/security/aes-gcm-credential-vault.js';
import type { HttpVehicleLink } from '#infrastructure/vehicle-link/http-vehicle-link.js';
import { issueCertificate } from '#support/certificates.js';

import { startTlsVehicle, type TlsVehicle } from './tls-vehicle.js';
import {
  aLink,
  aLog,
  collect,
  json,
  rejection,
  startVehicle,
  testVault,
  until,
  type TestVehicle,
} from './vehicle-server.js';

const get = { method: 'GET', path: 'x' } as const;
const post = { method: 'POST', path: 'x' } as const;
const token = 'canary.token~of+a/vehicle==';
const bearer: VehicleCredentials = { kind: 'bearer', token };

/** A vehicle with credentials, sealed for the origin of its own base. */
function withCredentials(baseUrl: string, credentials: VehicleCredentials, vehicleId = 'vehicle-1'): VehicleTarget {
  const sealed = testVault.seal(credentials, vehicleId, new URL(baseUrl).origin);
  return { vehicleId, baseUrl, credentials: sealed };
}

describe('VehicleIdentity: bearer tokens', () => {
  let vehicle: TestVehicle;
  let link: HttpVehicleLink;

  beforeEach(() => {
    link = aLink();
  });
  afterEach(async () => {
    await link.close();
    await vehicle.close();
  });

  const authorizations = () => vehicle.received.map(({ headers }) => headers.authorization);

  it('every request of the vehicle: carries the token, and those of another vehicle there do not', async () => {
    vehicle = await startVehicle(({ method, url }, reply) => {
      if (method === 'POST') json(reply, 202, { id: '1' }, { location: '/sovd/v1/x/1' });
      else json(reply, 200, url.endsWith('/1') ? { status: 'completed' } : {});
    });
    const target = withCredentials(`${vehicle.origin}/sovd/v1`, bearer);
    await collect(link, target, get);
    await collect(link, target, post);
    expect(authorizations()).to.deep.equal([`Bearer ${token}`, `Bearer ${token}`, `Bearer ${token}`]);
    await collect(link, { ...vehicle.target(), vehicleId: 'vehicle-2' }, get);
    expect(authorizations().at(-1)).to.equal(undefined);
  });

  it('a redirect to another origin: the token does not go there', async () => {
    const elsewhere = await startVehicle((_request, reply) => json(reply, 200, {}));
    vehicle = await startVehicle((_request, reply) => {
      reply.writeHead(307, { location: `${elsewhere.origin}/sovd/v1/x` }).end();
    });
    const error = await rejection(collect(link, withCredentials(vehicle.origin, bearer), get));
    expect(error).to.include({ code: 'vehicle-invalid-response' });
    expect(elsewhere.received).to.deep.equal([]);
    await elsewhere.close();
  });

  it('a vehicle that moved to another origin: nothing is sent there', async () => {
    vehicle = await startVehicle((_request, reply) => json(reply, 200, {}));
    const target = { ...withCredentials('https://car.example', bearer), baseUrl: vehicle.origin };
    for (const request of [get, post]) {
      const error = await rejection(collect(link, target, request));
      expect(error).to.include({
        code: 'vehicle-credentials-unusable',
        message: 'The credentials of the vehicle were set for another address. Set them again.',
        neverSent: true,
        isTransient: false,
      });
    }
    expect(vehicle.received).to.deep.equal([]);
    expect(link.usage.connections).to.equal(0);
  });

  it('a key that is gone, or credentials of another vehicle: nothing is sent, and the log has no secret', async () => {
    vehicle = await startVehicle((_request, reply) => json(reply, 200, {}));
    await link.close();
    const log = aLog();
    const secret = new Secret(randomBytes(32).toString('base64'));
    link = aLink({ log, credentialVault: openCredentialVault([{ id: 'other', secret }]) });
    const target = withCredentials(vehicle.origin, bearer);
    const lost = { code: 'vehicle-credentials-unusable', neverSent: true, isTransient: false };
    const error = await rejection(collect(link, target, get));
    expect(error).to.include(lost);
    await link.close();
    link = aLink({ log });
    expect(await rejection(collect(link, { ...target, vehicleId: 'vehicle-2' }, post))).to.include(lost);
    expect(vehicle.received).to.deep.equal([]);
    expect(log.lines.map(({ fields }) => [fields['vehicle_id'], fields['key_id']])).to.deep.equal([
      ['vehicle-1', 'test'],
      ['vehicle-2', 'test'],
    ]);
    expect(inspect([log.lines, error], { depth: null })).not.to.contain('canary');
  });

  it('other credentials, or none any more: connections of before are not used again', async () => {
    vehicle = await startVehicle((_request, reply) => json(reply, 200, {}));
    const first = withCredentials(vehicle.origin, bearer);
    const second = withCredentials(vehicle.origin, { kind: 'bearer', token: 'another' });
    const { vehicleId, baseUrl } = first;
    for (const target of [first, first, second, { vehicleId, baseUrl }]) await collect(link, target, get);
    expect(authorizations()).to.deep.equal([`Bearer ${token}`, `Bearer ${token}`, 'Bearer another', undefined]);
    const ports = vehicle.received.map(({ port }) => port);
    expect(ports[1]).to.equal(ports[0]);
    expect(new Set(ports).size).to.equal(3);
  });
});

describe('VehicleIdentity: client certificates', () => {
  const authority = issueCertificate({ name: 'authority', isAuthority: true });
  const server = issueCertificate({ name: 'car', hosts: ['127.0.0.1'], issuer: authority });
  const certificateAuthority = authority.certificate;
  const clients = ['one', 'two'].map((name) => issueCertificate({ name, issuer: authority }));
  let vehicle: TlsVehicle;
  let link: HttpVehicleLink;

  beforeEach(async () => {
    vehicle = await startTlsVehicle(server, authority);
    link = aLink();
  });
  afterEach(async () => {
    await link.close();
    await vehicle.close();
  });

  function client(index: number, changes: { readonly certificateAuthority?: string } = { certificateAuthority }) {
    const { certificate = '', privateKey = '' } = clients[index] ?? {};
    return { kind: 'client-certificate', certificate, privateKey, ...changes } as const;
  }

  it('a vehicle that demands one: takes reads and writes, and sees who it is', async () => {
    const target = withCredentials(vehicle.baseUrl, client(0));
    for (const request of [get, post, get]) expect(await collect(link, target, request)).to.have.length(1);
    expect(vehicle.received.map(({ client: name }) => name)).to.deep.equal(['one', 'one', 'one']);
    const [first, write, last] = vehicle.received;
    expect(last?.port).to.equal(first?.port);
    expect(write?.port).not.to.equal(first?.port);
  });

  it('vehicles at one address: each sees its own certificate, and no TLS session is resumed by another', async () => {
    const targets = [0, 1].map((index) => withCredentials(vehicle.baseUrl, client(index), `vehicle-${index}`));
    for (let round = 0; round < 2; round += 1) {
      for (const target of targets) await collect(link, target, post);
    }
    expect(vehicle.received.map(({ client: name }) => name)).to.deep.equal(['one', 'two', 'one', 'two']);
    expect(vehicle.received.map(({ isResumed }) => isResumed)).to.deep.equal([false, false, false, false]);
  });

  it('without one: the vehicle takes no request', async () => {
    const target = withCredentials(vehicle.baseUrl, { ...bearer, certificateAuthority });
    expect(await rejection(collect(link, target, get))).to.be.an('error');
    expect(await rejection(collect(link, target, post))).to.be.an('error');
    expect(vehicle.received).to.deep.equal([]);
  });

  it('another certificate: counts from the next connection on', async () => {
    for (const index of [0, 1, 0]) await collect(link, withCredentials(vehicle.baseUrl, client(index)), get);
    expect(vehicle.received.map(({ client: name }) => name)).to.deep.equal(['one', 'two', 'one']);
  });

  it('a vehicle whose authority nobody named: is not trusted, certificate or not', async () => {
    const target = withCredentials(vehicle.baseUrl, client(0, {}));
    const error = await rejection(collect(link, target, post));
    expect(error).to.include({ code: 'vehicle-unreachable', neverSent: true, isTransient: false });
    expect(vehicle.received).to.deep.equal([]);
  });

  it('an authority that was named: is the only one, for this vehicle alone', async () => {
    const other = issueCertificate({ name: 'other authority', isAuthority: true });
    await link.close();
    link = aLink({ certificateAuthorities: authority.certificate });
    const strict = withCredentials(vehicle.baseUrl, client(0, { certificateAuthority: other.certificate }));
    expect(await rejection(collect(link, strict, get))).to.include({ code: 'vehicle-unreachable', neverSent: true });
    // What is trusted in general counts where the credentials name no authority.
    expect(await collect(link, withCredentials(vehicle.baseUrl, client(0, {})), get)).to.have.length(1);
  });

  it('a token with an authority: both are used', async () => {
    const open = await startTlsVehicle(server);
    await collect(link, withCredentials(open.baseUrl, { ...bearer, certificateAuthority }), get);
    expect(open.received).to.deep.include({ ...open.received[0], authorization: `Bearer ${token}`, client: undefined });
    expect(await rejection(collect(link, { vehicleId: 'vehicle-2', baseUrl: open.baseUrl }, get))).to.include({
      code: 'vehicle-unreachable',
    });
    expect(open.received).to.have.length(1);
    await open.close();
  });

  it('a certificate that TLS does not take: unusable, and no connection comes about', async () => {
    const broken = { ...client(0), privateKey: 'no key' };
    for (const request of [get, post]) {
      const error = await rejection(collect(link, withCredentials(vehicle.baseUrl, broken), request));
      expect(error).to.include({ code: 'vehicle-credentials-unusable', neverSent: true, isTransient: false });
    }
    expect(vehicle.connectionCount()).to.equal(0);
    await until(() => link.usage.connections === 0);
  });
});
