import type { ServerResponse } from 'node:http';

import { expect } from 'chai';

import { VehicleLinkFailure } from '#application/domain/sovd/exchange.js';
import type { SovdMethod } from '#application/domain/sovd/method.js';
import type { HttpVehicleLink } from '#infrastructure/vehicle-link/http-vehicle-link.js';

import {
  aLink,
  collect,
  json,
  rejection,
  startRawVehicle,
  startVehicle,
  until,
  type Behaviour,
  type TestVehicle,
} from './vehicle-server.js';

describe('HttpVehicleLink: plain answers', () => {
  let link: HttpVehicleLink;
  let vehicle: TestVehicle;

  beforeEach(() => {
    link = aLink();
  });

  afterEach(async () => {
    await link.close();
    await until(() => vehicle.sockets.size === 0);
    await vehicle.close();
  });

  async function vehicleThat(behaviour: Behaviour): Promise<void> {
    vehicle = await startVehicle(behaviour);
  }

  it('a JSON answer: one item, as it was sent', async () => {
    await vehicleThat((_request, reply) => json(reply, 200, { items: [{ code: 'P0300' }] }));
    const answers = await collect(link, vehicle.target(), { method: 'GET', path: 'components/engine/faults' });
    expect(answers).to.deep.equal([
      {
        status: 200,
        mediaType: 'application/json',
        body: { encoding: 'json', value: { items: [{ code: 'P0300' }] } },
        kind: 'plain',
        isLast: true,
      },
    ]);
  });

  it('what is sent: the path byte for byte, the query, the ids of the command and its owner', async () => {
    await vehicleThat((_request, reply) => reply.writeHead(204).end());
    await collect(link, vehicle.target('/sovd/v1/'), {
      method: 'GET',
      path: 'apps/a%2Fb/data/x%20y',
      query: [
        ['tags', 'a'],
        ['tags', 'b'],
      ],
    });
    const [request] = vehicle.received;
    expect(request).to.include({ method: 'GET', url: '/sovd/v1/apps/a%2Fb/data/x%20y?tags=a&tags=b', body: '' });
    expect(request?.headers).to.include({
      'x-command-id': '0197d0c6-1f1e-7000-8000-000000000001',
      'x-client-id': '0197d0c6-1f1e-7000-8000-000000000001',
      'x-sovd-client-id': '0197d0c6-1f1e-7000-8000-000000000001',
      'user-agent': 'sovd-fleet/1.2.3',
      accept: 'application/json, text/event-stream;q=0.9, */*;q=0.1',
      'accept-encoding': 'identity',
    });
    expect(request?.headers).to.not.have.property('content-type');
  });

  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
    it(`${method} carries its JSON body`, async () => {
      await vehicleThat((_request, reply) => reply.writeHead(204).end());
      const answers = await collect(link, vehicle.target(), { method, path: 'x', body: { value: 'ü' } });
      expect(answers).to.deep.equal([
        { status: 204, mediaType: undefined, body: { encoding: 'none' }, kind: 'plain', isLast: true },
      ]);
      expect(vehicle.received[0]).to.include({ method, body: '{"value":"ü"}' });
      expect(vehicle.received[0]?.headers).to.include({ 'content-type': 'application/json', 'content-length': '14' });
    });
  }

  it('a POST without a body says so with its length', async () => {
    await vehicleThat((_request, reply) => reply.writeHead(204).end());
    await collect(link, vehicle.target(), { method: 'POST', path: 'x' });
    expect(vehicle.received[0]?.headers).to.include({ 'content-length': '0' });
  });

  it('an operation is told how long it may take, unless the request says so itself', async () => {
    await vehicleThat((_request, reply) => reply.writeHead(204).end());
    const path = 'components/e/operations/o/executions';
    await collect(link, vehicle.target(), { method: 'POST', path, body: { parameters: {} } }, { timeoutSeconds: 30.7 });
    await collect(link, vehicle.target(), { method: 'POST', path, body: { timeout: 5 } }, { timeoutSeconds: 30 });
    await collect(link, vehicle.target(), { method: 'POST', path: 'components/e/locks', body: {} });
    expect(vehicle.received.map(({ body }) => body)).to.deep.equal([
      '{"parameters":{},"timeout":29}',
      '{"timeout":5}',
      '{}',
    ]);
  });

  for (const status of [400, 404, 409, 429, 500, 502, 503]) {
    it(`status ${status} is an answer like any other`, async () => {
      const body = { error_code: 'error-response', message: 'no' };
      await vehicleThat((_request, reply) => json(reply, status, body, { 'retry-after': '7' }));
      const answers = await collect(link, vehicle.target(), { method: 'PUT', path: 'x', body: 1 });
      expect(answers).to.deep.equal([
        {
          status,
          mediaType: 'application/json',
          body: { encoding: 'json', value: body },
          retryAfterSeconds: 7,
          kind: 'plain',
          isLast: true,
        },
      ]);
      expect(vehicle.received).to.have.length(1);
    });
  }

  for (const method of ['GET', 'POST'] as const) {
    it(`${method}: a redirect is not followed`, async () => {
      const other = await startVehicle((_request, reply) => json(reply, 200, {}));
      await vehicleThat((_request, reply) => reply.writeHead(307, { location: `${other.origin}/x` }).end());
      const error = await rejection(collect(link, vehicle.target(), { method, path: 'x' }));
      expect(error).to.be.instanceOf(VehicleLinkFailure).that.includes({
        code: 'vehicle-invalid-response',
        message: 'The vehicle answered with a redirect (307), and redirects are not followed.',
        neverSent: false,
      });
      expect(other.received).to.deep.equal([]);
      await other.close();
    });
  }

  it('a path that climbs: nothing is sent', async () => {
    await vehicleThat((_request, reply) => json(reply, 200, {}));
    const error = await rejection(collect(link, vehicle.target(), { method: 'GET', path: 'x/%2e%2e/%2e%2e/admin' }));
    expect(error).to.include({ neverSent: true });
    expect(vehicle.received).to.deep.equal([]);
  });

  it('a body over the limit that is announced: too large, and the connection is closed at once', async () => {
    await vehicleThat((_request, reply) => {
      reply.writeHead(200, { 'content-length': '1000000' });
      reply.flushHeaders();
    });
    const sent = collect(link, vehicle.target(), { method: 'GET', path: 'x' }, { maxResponseBytes: 1000 });
    expect(await rejection(sent)).to.include({ code: 'response-too-large', neverSent: false });
    await until(() => vehicle.sockets.size === 0);
  });

  it('a body without an end: too large, and the connection is closed at once', async () => {
    await vehicleThat((_request, reply) => pourForEver(reply));
    const sent = collect(link, vehicle.target(), { method: 'POST', path: 'x' }, { maxResponseBytes: 300_000 });
    expect(await rejection(sent)).to.include({ code: 'response-too-large', neverSent: false });
    await until(() => vehicle.sockets.size === 0);
  });

  it('a body of exactly the limit is fine', async () => {
    await vehicleThat((_request, reply) => reply.end('x'.repeat(1000)));
    const answers = await collect(link, vehicle.target(), { method: 'GET', path: 'x' }, { maxResponseBytes: 1000 });
    expect(answers[0]?.body).to.deep.equal({ encoding: 'text', value: 'x'.repeat(1000) });
  });

  it('a large body in many pieces arrives whole', async () => {
    const value = Array.from({ length: 50_000 }, (_, index) => `item ${index}`);
    await vehicleThat((_request, reply) => json(reply, 200, value));
    const [answer] = await collect(link, vehicle.target(), { method: 'GET', path: 'x' });
    expect(answer?.body).to.deep.equal({ encoding: 'json', value });
  });

  for (const method of ['GET', 'PUT'] as const satisfies readonly SovdMethod[]) {
    it(`${method}, and somebody objects when it is about to leave: that is thrown, and not a byte arrives`, async () => {
      vehicle = await startRawVehicle(() => undefined);
      const objection = new VehicleLinkFailure('dispatch-interrupted', 'Not now.', true, true);
      let isConnected = false;
      const beforeSending = (): void => {
        isConnected = link.usage.connections === 1;
        throw objection;
      };
      const sent = collect(link, vehicle.target(), { method, path: 'x' }, { beforeSending });
      expect(await rejection(sent)).to.equal(objection);
      await until(() => vehicle.sockets.size === 0);
      expect([isConnected, vehicle.received]).to.deep.equal([true, []]);
      expect(link.usage.connections).to.equal(0);
    });
  }

  describe('an aborted signal', () => {
    const reason = new Error('nobody waits any more');

    it('before anything was sent: its reason, and no connection', async () => {
      await vehicleThat((_request, reply) => json(reply, 200, {}));
      const sent = collect(link, vehicle.target(), { method: 'GET', path: 'x' }, { signal: AbortSignal.abort(reason) });
      expect(await rejection(sent)).to.equal(reason);
      expect(link.usage).to.deep.equal({ connections: 0, pooledVehicles: 0 });
    });

    for (const [when, behaviour] of [
      ['while the vehicle thinks', () => undefined],
      [
        'in the middle of the body',
        (_request, reply) => void reply.writeHead(200, { 'content-length': '10' }).write('x'),
      ],
    ] as readonly (readonly [string, Behaviour])[]) {
      for (const method of ['GET', 'POST'] as const satisfies readonly SovdMethod[]) {
        it(`${method}, ${when}: its reason, and the connection is closed`, async () => {
          await vehicleThat(behaviour);
          const controller = new AbortController();
          const sent = rejection(collect(link, vehicle.target(), { method, path: 'x' }, { signal: controller.signal }));
          await until(() => vehicle.received.length === 1);
          controller.abort(reason);
          expect(await sent).to.equal(reason);
          await until(() => vehicle.sockets.size === 0);
          expect(link.usage.connections).to.equal(0);
        });
      }
    }
  });
});

describe('HttpVehicleLink: trouble on the line', () => {
  let link: HttpVehicleLink;
  let vehicle: TestVehicle;

  beforeEach(() => {
    link = aLink({ answerTimeoutSeconds: 0.2 });
  });

  afterEach(async () => {
    await link.close();
    await until(() => vehicle.sockets.size === 0);
    await vehicle.close();
  });

  const troubles: readonly (readonly [what: string, reply: string | undefined, expected: object])[] = [
    ['closes after the request', undefined, { code: 'vehicle-connection-lost', isTransient: true }],
    ['closes in the head', 'HTTP/1.1 200 OK\r\ncontent-', { code: 'vehicle-connection-lost', isTransient: true }],
    [
      'sends less than it announced',
      'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"a"',
      { code: 'vehicle-connection-lost', isTransient: true },
    ],
    [
      'sends less than it announced, and said that it would close',
      'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 10\r\n\r\n{"a"',
      { code: 'vehicle-connection-lost', isTransient: true },
    ],
    [
      'breaks off in a chunked body',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":',
      { code: 'vehicle-connection-lost', isTransient: true },
    ],
    [
      'breaks off in a chunked body, and said that it would close',
      'HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":',
      { code: 'vehicle-connection-lost', isTransient: true },
    ],
    ['speaks no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', { code: 'vehicle-invalid-response', isTransient: false }],
    [
      'sends broken headers',
      'HTTP/1.1 200 OK\r\nno colon here\r\n\r\n',
      { code: 'vehicle-invalid-response', isTransient: false },
    ],
    [
      'sends headers without end',
      `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`,
      { code: 'vehicle-invalid-response', isTransient: false },
    ],
    [
      'changes the protocol',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
      { code: 'vehicle-invalid-response', isTransient: false },
    ],
    [
      'makes up a status',
      'HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n',
      { code: 'vehicle-invalid-response', isTransient: false },
    ],
  ];
  for (const [what, reply, expected] of troubles) {
    for (const method of ['GET', 'POST', 'DELETE'] as const) {
      it(`${method}: a vehicle that ${what}: one request, and it was sent`, async () => {
        vehicle = await startRawVehicle((socket) => void socket.end(reply ?? ''));
        const error = await rejection(collect(link, vehicle.target(), { method, path: 'x' }));
        expect(error)
          .to.be.instanceOf(VehicleLinkFailure)
          .that.includes({ ...expected, neverSent: false });
        expect(vehicle.received).to.have.length(1);
        await until(() => link.usage.connections === 0);
      });
    }
  }

  it('a connection that is reset after the request: lost', async () => {
    vehicle = await startRawVehicle((socket) => socket.resetAndDestroy());
    const error = await rejection(collect(link, vehicle.target(), { method: 'PUT', path: 'x', body: {} }));
    expect(error).to.include({ code: 'vehicle-connection-lost', neverSent: false, isTransient: true });
    expect(vehicle.received).to.have.length(1);
  });

  it('a body that only the end of the connection ends, and a proper end: complete', async () => {
    vehicle = await startRawVehicle((socket) => socket.end('HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nwhole'));
    const [answer] = await collect(link, vehicle.target(), { method: 'GET', path: 'x' });
    expect(answer?.body).to.deep.equal({ encoding: 'text', value: 'whole' });
  });

  it('an interim answer comes before the real one', async () => {
    vehicle = await startRawVehicle((socket) => {
      socket.end('HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
    });
    const [answer] = await collect(link, vehicle.target(), { method: 'GET', path: 'x' });
    expect(answer).to.deep.include({ status: 200, body: { encoding: 'json', value: {} } });
  });

  for (const [what, reply] of [
    ['says nothing', ''],
    ['stops in the middle of the body', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"a"'],
  ] as const) {
    it(`a vehicle that takes the request and ${what}: timeout, and it was sent`, async () => {
      vehicle = await startRawVehicle((socket) => void socket.write(reply));
      const error = await rejection(collect(link, vehicle.target(), { method: 'POST', path: 'x' }));
      expect(error).to.include({ code: 'vehicle-timeout', neverSent: false });
      expect(vehicle.received).to.have.length(1);
    });
  }

  it('nobody listens: unreachable, and never sent', async () => {
    vehicle = await startRawVehicle(() => undefined);
    await vehicle.close();
    for (const method of ['GET', 'POST'] as const) {
      const error = await rejection(collect(link, vehicle.target(), { method, path: 'x' }));
      expect(error).to.be.instanceOf(VehicleLinkFailure).that.includes({
        code: 'vehicle-unreachable',
        neverSent: true,
        isTransient: true,
      });
    }
    await until(() => link.usage.connections === 0);
    vehicle = await startRawVehicle(() => undefined);
  });

  it('a name that nobody knows: unreachable, and never sent', async () => {
    vehicle = await startRawVehicle(() => undefined);
    const target = { vehicleId: 'v', baseUrl: 'http://vehicle.invalid/sovd/v1' };
    const error = await rejection(collect(link, target, { method: 'GET', path: 'x' }));
    expect(error).to.include({ code: 'vehicle-unreachable', neverSent: true, isTransient: true });
  });

  it('an address that is no URL: never sent', async () => {
    vehicle = await startRawVehicle(() => undefined);
    const target = { vehicleId: 'v', baseUrl: 'not a url' };
    expect(await rejection(collect(link, target, { method: 'GET', path: 'x' }))).to.include({ neverSent: true });
  });
});

function pourForEver(reply: ServerResponse): void {
  const piece = Buffer.alloc(10_000, 'x');
  const pour = (): void => {
    while (!reply.destroyed && reply.write(piece));
  };
  reply.on('drain', pour);
  pour();
}
