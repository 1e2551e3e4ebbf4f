import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import { createServer, Socket, type AddressInfo } from 'node:net';
import type { ServerResponse } from 'node:http';

import { expect } from 'chai';

import type { HttpVehicleLink } from '#infrastructure/vehicle-link/http-vehicle-link.js';

import {
  aLink,
  collect,
  json,
  rejection,
  someOptions,
  startRawVehicle,
  startVehicle,
  until,
  type TestVehicle,
} from './vehicle-server.js';

const get = { method: 'GET', path: 'x' } as const;

describe('VehicleConnections', () => {
  let link: HttpVehicleLink;
  let vehicle: TestVehicle;

  beforeEach(() => {
    link = aLink();
  });

  afterEach(async () => {
    await link.close();
    expect(link.usage).to.deep.equal({ connections: 0, pooledVehicles: 0 });
    await until(() => vehicle.sockets.size === 0);
    await vehicle.close();
  });

  it('reads share connections, and what changes the vehicle has a new one each time', async () => {
    vehicle = await startVehicle((_request, reply) => json(reply, 200, {}));
    for (const method of ['GET', 'POST', 'GET', 'PUT', 'DELETE', 'GET', 'PATCH'] as const) {
      await collect(link, vehicle.target(), { method, path: 'x' });
    }
    const portsOf = (isRead: boolean): Set<number | undefined> =>
      new Set(vehicle.received.filter(({ method }) => (method === 'GET') === isRead).map(({ port }) => port));
    expect(portsOf(true).size).to.equal(1);
    expect(portsOf(false).size).to.equal(4);
    expect(portsOf(true)).to.not.have.keys([...portsOf(false)]);
    await until(() => link.usage.connections === 1);
    expect(
      vehicle.received.filter(({ method }) => method !== 'GET').map(({ headers }) => headers.connection),
    ).to.deep.equal(['close', 'close', 'close', 'close']);
  });

  it('four reads of a vehicle at once, and the others wait for their turn', async () => {
    const open: ServerResponse[] = [];
    vehicle = await startVehicle((_request, reply) => void open.push(reply));
    const all = Promise.all(Array.from({ length: 10 }, () => collect(link, vehicle.target(), get)));
    await until(() => open.length === 4);
    // A request that may run anyway shows that nobody else has come meanwhile.
    const other = collect(link, { ...vehicle.target(), vehicleId: 'vehicle-2' }, get);
    await until(() => open.length === 5);
    open.splice(4, 1)[0]?.end();
    await other;
    expect(vehicle.received).to.have.length(5);
    while (vehicle.received.length < 11 || open.length > 0) {
      open.shift()?.end();
      await until(() => open.length > 0 || vehicle.received.length === 11);
      expect(open.length).to.be.at.most(4);
    }
    expect(await all).to.have.length(10);
    expect(new Set(vehicle.received.map(({ port }) => port)).size).to.be.at.most(5);
  });

  it('a write does not wait for reads', async () => {
    vehicle = await startVehicle(({ method }, reply) => {
      if (method === 'PUT') reply.end();
    });
    const controller = new AbortController();
    const reads = Array.from({ length: 5 }, () =>
      rejection(collect(link, vehicle.target(), get, { signal: controller.signal })),
    );
    await until(() => vehicle.received.length === 4);
    expect(await collect(link, vehicle.target(), { method: 'PUT', path: 'x' })).to.have.length(1);
    controller.abort();
    await Promise.all(reads);
  });

  it('who waits for a connection and is aborted: leaves, and takes nothing along', async () => {
    const open: ServerResponse[] = [];
    vehicle = await startVehicle((_request, reply) => void open.push(reply));
    const running = Array.from({ length: 4 }, () => collect(link, vehicle.target(), get));
    await until(() => open.length === 4);
    const controller = new AbortController();
    const waiting = rejection(collect(link, vehicle.target(), get, { signal: controller.signal }));
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await waiting).to.equal(reason);
    for (const reply of open.splice(0)) reply.end();
    await Promise.all(running);
    expect(vehicle.received).to.have.length(4);
  });

  it('a connection that the vehicle closed while it rested is replaced', async () => {
    vehicle = await startVehicle((_request, reply) => json(reply, 200, {}));
    await collect(link, vehicle.target(), get);
    for (const socket of vehicle.sockets) socket.destroy();
    await until(() => link.usage.connections === 0);
    expect(link.usage.pooledVehicles).to.equal(0);
    await collect(link, vehicle.target(), get);
    expect(vehicle.received).to.have.length(2);
  });

  it('a vehicle that closes its connection at the next request: that request is not sent again', async () => {
    let count = 0;
    vehicle = await startRawVehicle((socket) => {
      count += 1;
      if (count === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      else socket.end();
    });
    await collect(link, vehicle.target(), get);
    const error = await rejection(collect(link, vehicle.target(), get));
    expect(error).to.include({ code: 'vehicle-connection-lost', neverSent: false, isTransient: true });
    expect(vehicle.received).to.have.length(2);
  });

  it('a vehicle that dies with several requests on the way: each was sent once', async () => {
    vehicle = await startRawVehicle(() => {
      if (vehicle.received.length < 8) return;
      for (const socket of vehicle.sockets) socket.resetAndDestroy();
    });
    const methods = ['GET', 'GET', 'GET', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
    const errors = await Promise.all(
      methods.map((method) => rejection(collect(link, vehicle.target(), { method, path: 'x' }))),
    );
    for (const error of errors) expect(error).to.include({ code: 'vehicle-connection-lost', neverSent: false });
    expect(vehicle.received.map(({ method }) => method).toSorted()).to.deep.equal(methods.toSorted());
  });

  it('connections that rest are closed after a while, and their pool is forgotten', async () => {
    await link.close();
    link = aLink({ idleConnectionSeconds: 0.05 });
    vehicle = await startVehicle((_request, reply) => {
      reply.shouldKeepAlive = true;
      // Without the hint of the server our own limit counts.
      reply.socket?.setKeepAlive(true);
      reply.writeHead(200, { connection: 'keep-alive', 'keep-alive': '' }).end('{}');
    });
    await collect(link, vehicle.target(), get);
    expect(link.usage).to.deep.equal({ connections: 1, pooledVehicles: 1 });
    await until(() => link.usage.connections === 0);
    expect(link.usage.pooledVehicles).to.equal(0);
  });

  it('a thousand vehicles: only so many keep connections, the ones that were used last', async () => {
    await link.close();
    link = aLink({ maxPooledVehicles: 10 });
    vehicle = await startVehicle((_request, reply) => json(reply, 200, {}));
    const targetOf = (index: number) => ({ ...vehicle.target(), vehicleId: `vehicle-${index}` });
    for (let index = 0; index < 1000; index += 1) {
      await collect(link, targetOf(index), get);
      expect(link.usage.pooledVehicles).to.be.at.most(10);
    }
    await until(() => link.usage.connections === 10 && vehicle.sockets.size === 10);
    const before = new Set(vehicle.received.slice(-10).map(({ port }) => port));
    await collect(link, targetOf(995), get);
    expect(before).to.include(vehicle.received.at(-1)?.port);
  });

  it('a vehicle that is being read from keeps its connections, however many others rest', async () => {
    await link.close();
    link = aLink({ maxPooledVehicles: 1 });
    const held: ServerResponse[] = [];
    vehicle = await startVehicle(({ url }, reply) => {
      if (url.endsWith('/slow')) held.push(reply);
      else reply.end();
    });
    const read = (vehicleId: string, path: string) =>
      collect(link, { ...vehicle.target(), vehicleId }, { method: 'GET', path });
    await read('a', 'x');
    const slow = read('a', 'slow');
    await until(() => held.length === 1);
    for (const other of ['b', 'c', 'd']) await read(other, 'x');
    held[0]?.end();
    await slow;
    await read('a', 'x');
    const ports = vehicle.received.map(({ port }) => port);
    expect(ports.at(-1)).to.equal(ports[0]);
  });

  it('vehicles behind one gateway do not share their connections', async () => {
    vehicle = await startVehicle((_request, reply) => json(reply, 200, {}));
    await collect(link, { ...vehicle.target(), vehicleId: 'a' }, get);
    await collect(link, { ...vehicle.target(), vehicleId: 'b' }, get);
    expect(link.usage).to.deep.equal({ connections: 2, pooledVehicles: 2 });
  });

  it('close: whoever waits or runs fails, and no socket is left', async () => {
    vehicle = await startVehicle(() => undefined);
    const errors = Array.from({ length: 6 }, () => rejection(collect(link, vehicle.target(), get)));
    const write = rejection(collect(link, vehicle.target(), { method: 'POST', path: 'x' }));
    await until(() => vehicle.received.length === 5);
    await link.close();
    await until(() => vehicle.sockets.size === 0);
    const neverSent = (await Promise.all(errors)).map((error) => (error as { neverSent: boolean }).neverSent);
    expect(neverSent).to.deep.equal([false, false, false, false, true, true]);
    expect(await write).to.include({ code: 'vehicle-connection-lost', neverSent: false });
    expect(await rejection(collect(link, vehicle.target(), get))).to.include({ neverSent: true });
    await link.close();
  });

  describe('a vehicle that does not take the connection', () => {
    /** The connection of a wrapped connector that never comes about. */
    function stuckLink(sockets: Socket[]): HttpVehicleLink {
      return aLink({
        wrapConnector: () => () => {
          const socket = new Socket();
          sockets.push(socket);
          return socket;
        },
      });
    }

    it('aborted while connecting: its reason at once, and the socket is destroyed', async () => {
      vehicle = await startVehicle(() => undefined);
      await link.close();
      const sockets: Socket[] = [];
      link = stuckLink(sockets);
      const controller = new AbortController();
      const reason = new Error('enough');
      const sent = rejection(collect(link, vehicle.target(), get, { signal: controller.signal }));
      await until(() => sockets.length === 1);
      controller.abort(reason);
      expect(await sent).to.equal(reason);
      expect(sockets[0]?.destroyed).to.equal(true);
      await until(() => link.usage.connections === 0);
    });

    it('not within the time for it: unreachable, never sent, transient', async () => {
      vehicle = await startVehicle(() => undefined);
      // TLS that is never answered: the connection stands, and isn't ready.
      const silent = createServer();
      silent.listen(0, '127.0.0.1');
      await once(silent, 'listening');
      await link.close();
      link = aLink({ connectTimeoutSeconds: 0.05 });
      const baseUrl = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
      const error = await rejection(collect(link, { vehicleId: 'v', baseUrl }, { method: 'POST', path: 'x' }));
      expect(error).to.include({
        code: 'vehicle-unreachable',
        message: 'The vehicle did not accept a connection in time.',
        neverSent: true,
        isTransient: true,
      });
      silent.close();
    });
  });

  it('a wrapped connector sees every connection, and may refuse it', async () => {
    vehicle = await startVehicle((_request, reply) => json(reply, 200, {}));
    await link.close();
    const seen: string[] = [];
    link = aLink({
      wrapConnector: (open) => (options, callback) => {
        seen.push(`${options.hostname}:${options.port}`);
        if (seen.length > 1) callback(new Error('not allowed'), null);
        else open(options, callback);
      },
    });
    await collect(link, vehicle.target(), get);
    const error = await rejection(collect(link, vehicle.target(), { method: 'POST', path: 'x' }));
    expect(error).to.include({ code: 'vehicle-unreachable', neverSent: true });
    const address = vehicle.origin.slice('http://'.length);
    expect(seen).to.deep.equal([address, address]);
    expect(vehicle.received).to.have.length(1);
  });

  it('whoever stops reading answers leaves nothing open', async () => {
    vehicle = await startVehicle((_request, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    });
    for await (const answer of link.send(vehicle.target(), get, someOptions())) {
      expect(answer.kind).to.equal('event');
      break;
    }
    await until(() => vehicle.sockets.size === 0);
    await until(() => link.usage.connections === 0);
  });
});

describe('VehicleConnections: TLS', () => {
  // A key and a certificate for 127.0.0.1 that were made for this test and protect nothing.
  const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZwMnVCal6baYte5E
QUpgUFlrM2mFIhCEzY7B2JO9yX6hRANCAARNX68oM3xat0oWhBEccdjo2u6kAHPB
kHPqW3betSU9nXrwVnw6z0rWYsN3ZDfG9ikdVjFXkP7MJmxFZq0CjoPo
-----END PRIVATE KEY-----
`;
  const certificate = `-----BEGIN CERTIFICATE-----
MIIBlzCCATygAwIBAgIURKBGlQDdGYI9z/0O96difMJg3D8wCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMdGVzdCB2ZWhpY2xlMCAXDTI2MTEyMzEyNTMwMloYDzIxMjYx
MDMwMTI1MzAyWjAXMRUwEwYDVQQDDAx0ZXN0IHZlaGljbGUwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAARNX68oM3xat0oWhBEccdjo2u6kAHPBkHPqW3betSU9nXrw
Vnw6z0rWYsN3ZDfG9ikdVjFXkP7MJmxFZq0CjoPoo2QwYjAdBgNVHQ4EFgQUgLCn
Qfvg9h5JxKxyT8VQlC2GhFYwHwYDVR0jBBgwFoAUgLCnQfvg9h5JxKxyT8VQlC2G
hFYwDwYDVR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMC
A0kAMEYCIQC88Dc8isjl7jCVdIPldannpadECQq2edb7MVQjsdIdJwIhALWiWbVO
6sqcqdP7gEP5Oyln4I8Z4RoMru75fu+ISqk4
-----END CERTIFICATE-----
`;
  const server = createTlsServer({ key, cert: certificate }, (_request, reply) => reply.end('{}'));
  let baseUrl = '';

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    baseUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  after(() => new Promise((resolve) => server.close(resolve)));

  it('a certificate that is not trusted: unreachable, never sent, and trying again is no use', async () => {
    const link = aLink();
    for (const method of ['GET', 'POST'] as const) {
      const error = await rejection(collect(link, { vehicleId: 'v', baseUrl }, { method, path: 'x' }));
      expect(error).to.include({ code: 'vehicle-unreachable', neverSent: true, isTransient: false });
    }
    await link.close();
  });

  it('a certificate of our own authority is trusted', async () => {
    const link = aLink({ certificateAuthorities: certificate });
    for (const method of ['GET', 'POST', 'GET'] as const) {
      const [answer] = await collect(link, { vehicleId: 'v', baseUrl }, { method, path: 'x' });
      expect(answer?.status).to.equal(200);
    }
    await link.close();
  });

  it('a certificate for another name is not', async () => {
    const link = aLink({ certificateAuthorities: certificate });
    const url = baseUrl.replace('127.0.0.1', 'localhost');
    const error = await rejection(collect(link, { vehicleId: 'v', baseUrl: url }, get));
    expect(error).to.include({ code: 'vehicle-unreachable', neverSent: true, isTransient: false });
    await link.close();
  });

  it('a vehicle that speaks no TLS: unreachable and never sent', async () => {
    const plain = await startRawVehicle((socket) => socket.end('what?'));
    const link = aLink();
    const url = plain.origin.replace('http:', 'https:');
    const error = await rejection(collect(link, { vehicleId: 'v', baseUrl: url }, get));
    expect(error).to.include({ code: 'vehicle-unreachable', neverSent: true, isTransient: true });
    await link.close();
    await plain.close();
  });
});
