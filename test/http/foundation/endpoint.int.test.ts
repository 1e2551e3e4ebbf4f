import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';

import { expect } from 'chai';
import { z } from 'zod';

import { ApplicationError, ConcurrentChange } from '#application/domain/errors.js';
import type { LightAbortSignal } from '#application/ports/light-abort-signal.js';
import { endpoint, waitingEndpoint, type Endpoint } from '#http/endpoint.js';
import { noContent, ok } from '#http/reply.js';

import { fakeWork } from './fake-units.js';
import { closedGate } from './gate.js';
import { json, serve, tokenOf, until, userId, type ServedEndpoints, type ServedOptions } from './served-endpoints.js';

const carId = '0190c0de-0000-7000-8000-000000000000';
const said = z.object({ said: z.string() });

interface Shape {
  readonly handle: Parameters<typeof endpoint>[0]['handle'];
  readonly present?: (result: unknown) => string;
}

/** PUT /cars/{car_id}, for engineers: says what its handler gives. */
function changeCar({ handle, present = String }: Shape): Endpoint {
  return endpoint({
    method: 'put',
    path: '/cars/{car_id}',
    operationId: 'changeCar',
    tag: 'Cars',
    summary: 'Change a car',
    role: 'engineer',
    access: 'write',
    audit: { action: 'vehicle.change', entityType: 'vehicle', entityIdParam: 'car_id' },
    params: z.object({ car_id: z.guid() }),
    body: z.object({ name: z.string() }),
    replies: { 200: { description: 'Changed', schema: said } },
    handle: (work, actor, input) => handle(work, actor, input as never),
    reply: (result) => ok({ said: present(result) }),
  });
}

describe('endpoint', () => {
  let served: ServedEndpoints | undefined;
  afterEach(() => served?.stop());

  const start = async (endpoints: readonly Endpoint[], options?: ServedOptions): Promise<ServedEndpoints> =>
    (served = await serve(endpoints, options));
  const change = (service: ServedEndpoints, role: 'viewer' | 'engineer' = 'engineer', id = carId): Promise<Response> =>
    service.fetch(`/cars/${id}`, { method: 'PUT', role, ...json({ name: 'Ada' }) });

  describe('that succeeds', () => {
    it('opens a unit, handles, commits, and only then answers', async () => {
      const commit = closedGate();
      const service = await start([changeCar({ handle: () => Promise.resolve('done') })]);
      service.units.commits.push(() => commit.passed);
      const body = '{"name":"Ada"}';
      const socket = connect(service.server.port, '127.0.0.1');
      let received = '';
      socket.on('data', (bytes) => (received += String(bytes)));
      socket.write(
        `PUT /api/v1/cars/${carId} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${tokenOf('engineer')}\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      await until(() => service.units.steps.includes('commit'));
      // Another answer comes all the way while this one waits.
      await fetch(`${service.url}/health/live`);
      expect(received).to.equal('');
      commit.open();
      await once(socket, 'close');
      expect(received)
        .to.match(/^HTTP\/1\.1 200 /u)
        .and.contain('{"said":"done"}');
      expect(service.units.steps).to.deep.equal(['open', 'commit', 'committed']);
    });

    it('gives its handler the actor and the checked input', async () => {
      const service = await start([
        changeCar({
          handle: (_work, actor, { params, body }) =>
            Promise.resolve([
              actor.kind === 'user' && actor.userId,
              Reflect.get(params, 'car_id'),
              JSON.stringify(body),
            ]),
        }),
      ]);
      const answer = await change(service);
      expect(await answer.json()).to.deep.equal({ said: `${userId},${carId},{"name":"Ada"}` });
    });

    it('answers with what was presented, whatever letters it is made of and however long it is', async () => {
      const texts = ['x', 'é', '車', '😀'].flatMap((letter) =>
        [1, 1000, 4090, 100_000].map((size) => letter.repeat(size)),
      );
      texts.push(`${'x'.repeat(100_000)}é`);
      const service = await start([changeCar({ handle: () => Promise.resolve(texts.shift()) })]);
      for (const text of [...texts]) {
        const answer = await change(service);
        expect(await answer.json()).to.deep.equal({ said: text });
        expect(answer.headers.get('content-length')).to.equal(
          String(Buffer.byteLength(JSON.stringify({ said: text }))),
        );
      }
    });

    it('answers HEAD like GET, without the body', async () => {
      const service = await start([
        endpoint({
          method: 'get',
          path: '/cars',
          operationId: 'listCars',
          tag: 'Cars',
          summary: 'List',
          role: 'viewer',
          access: 'read',
          replies: { 200: { description: 'All', schema: said } },
          handle: () => Promise.resolve('none '.repeat(2000)),
          reply: (text) => ok({ said: text }),
        }),
      ]);
      const get = await service.fetch('/cars', { role: 'viewer' });
      const head = await service.fetch('/cars', { role: 'viewer', method: 'HEAD' });
      expect(head.status).to.equal(200);
      expect(head.headers.get('content-length')).to.equal(String((await get.text()).length));
      expect(await head.text()).to.equal('');
      expect(service.units.steps.slice(0, 3)).to.deep.equal(['open to read', 'commit', 'committed']);
    });

    it('writes one line, with the route, the request, the user and the vehicle', async () => {
      const service = await start([
        endpoint({
          method: 'post',
          path: '/vehicles/{vehicle_id}/wake',
          operationId: 'wake',
          tag: 'Cars',
          summary: 'Wake',
          role: 'engineer',
          access: 'write',
          params: z.object({ vehicle_id: z.guid() }),
          body: z.object({}),
          replies: { 204: { description: 'Awake' } },
          handle: () => Promise.resolve(),
          reply: () => noContent(),
        }),
      ]);
      const { status } = await service.fetch(`/vehicles/${carId}/wake?`, {
        method: 'POST',
        role: 'engineer',
        ...json({}),
      });
      expect(status).to.equal(204);
      await until(() => service.lines().length > 0);
      expect(service.lines()).to.have.length(1);
      const [line] = service.lines();
      expect(line).to.include({ method: 'POST', status: 204, user_id: userId, vehicle_id: carId, msg: 'request' });
      expect(line.route).to.equal('/api/v1/vehicles/:vehicle_id/wake');
      expect(line.request_id).to.be.a('string');
      expect(line.duration_ms).to.be.a('number');
    });
  });

  describe('that fails', () => {
    it('rolls back what an error left behind, and tells nothing of it but the log', async () => {
      const service = await start([changeCar({ handle: () => Promise.reject(new Error('the secret is 42')) })]);
      const answer = await change(service);
      expect(answer.status).to.equal(500);
      const text = await answer.text();
      expect(JSON.parse(text)).to.include({ code: 'internal-error', instance: `/api/v1/cars/${carId}` });
      expect(text).to.not.contain('secret');
      expect(service.units.steps).to.deep.equal(['open', 'close']);
      expect(JSON.stringify(service.lines().filter(({ level }) => level === 50))).to.contain('the secret is 42');
      expect(service.refusals).to.deep.equal([]);
    });

    it('is an error when the commit fails', async () => {
      const service = await start([changeCar({ handle: () => Promise.resolve('done') })]);
      service.units.commits.push(() => Promise.reject(new ApplicationError('database-unavailable', 'Gone.')));
      const answer = await change(service);
      expect(answer.status).to.equal(503);
      expect(answer.headers.get('retry-after')).to.match(/^\d+$/u);
      expect(await answer.json()).to.include({ code: 'database-unavailable', detail: 'Gone.' });
      expect(service.units.steps).to.deep.equal(['open', 'commit', 'close']);
    });

    it('stores nothing when its result cannot be presented', async () => {
      const present = (): string => {
        throw new TypeError('no such member');
      };
      const service = await start([changeCar({ handle: () => Promise.resolve('done'), present })]);
      expect((await change(service)).status).to.equal(500);
      expect(service.units.steps).to.deep.equal(['open', 'close']);
    });

    it('is 503 when it takes too long, and its unit is closed', async () => {
      const never = closedGate();
      const service = await start([changeCar({ handle: (work) => fakeWork(work).statement(never.passed) })], {
        requestTimeoutSeconds: 0.05,
      });
      const answer = await change(service);
      expect(answer.status).to.equal(503);
      expect(await answer.json()).to.include({ code: 'overloaded' });
      expect(service.units.steps).to.deep.equal(['open', 'close']);
    });
  });

  describe('whose client hangs up', () => {
    const hangUp = async (service: ServedEndpoints, isUnderWay: () => boolean): Promise<void> => {
      const request = httpRequest(`${service.url}/api/v1/cars/${carId}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${tokenOf('engineer')}` },
      });
      request.on('error', () => undefined);
      request.end('{"name":"Ada"}');
      await until(isUnderWay);
      request.destroy();
    };

    it('closes the unit at once, and commits nothing', async () => {
      const never = closedGate();
      const service = await start([changeCar({ handle: (work) => fakeWork(work).statement(never.passed) })]);
      await hangUp(service, () => service.units.steps.includes('open'));
      await until(() => service.lines().some(({ msg }) => msg === 'request'));
      expect(service.units.steps).to.deep.equal(['open', 'close']);
      expect(service.lines().find(({ msg }) => msg === 'request')).to.include({ aborted: true, user_id: userId });
      expect(service.lines().filter(({ level }) => level > 30)).to.deep.equal([]);
    });

    it('commits nothing either when the handler goes on without looking', async () => {
      const end = closedGate();
      const finished = closedGate();
      const service = await start([changeCar({ handle: () => end.passed.then(finished.open) })]);
      await hangUp(service, () => service.units.steps.includes('open'));
      await until(() => service.units.steps.includes('close'));
      end.open();
      await finished.passed;
      await fetch(`${service.url}/health/live`);
      expect(service.units.steps).to.deep.equal(['open', 'close']);
    });

    it('does not run again', async () => {
      const end = closedGate();
      let runs = 0;
      const service = await start([
        changeCar({
          handle: async () => {
            runs += 1;
            await end.passed;
            throw new ConcurrentChange();
          },
        }),
      ]);
      await hangUp(service, () => runs === 1);
      await until(() => service.units.steps.includes('close'));
      end.open();
      await until(() => service.lines().some(({ msg }) => msg.includes('hung up')));
      expect(runs).to.equal(1);
    });
  });

  describe('that somebody overtook', () => {
    it('runs again as a whole, on a fresh unit', async () => {
      let runs = 0;
      const handle = (): Promise<string> => {
        runs += 1;
        return runs === 1 ? Promise.reject(new ConcurrentChange()) : Promise.resolve(`run ${runs}`);
      };
      const service = await start([changeCar({ handle })]);
      service.units.commits.push(() => Promise.reject(new ConcurrentChange()));
      const answer = await change(service);
      expect(await answer.json()).to.deep.equal({ said: 'run 3' });
      expect(service.units.steps).to.deep.equal([
        'open',
        'close',
        'open',
        'commit',
        'close',
        'open',
        'commit',
        'committed',
      ]);
    });

    it('gives up after the third run', async () => {
      let runs = 0;
      const handle = (): Promise<string> => {
        runs += 1;
        return Promise.reject(new ConcurrentChange());
      };
      const service = await start([changeCar({ handle })]);
      const answer = await change(service);
      expect(answer.status).to.equal(409);
      expect(await answer.json()).to.include({ code: 'changed-meanwhile' });
      expect(runs).to.equal(3);
    });
  });

  describe('that must not be called so', () => {
    const refuseToRun = changeCar({ handle: () => Promise.reject(new Error('it ran')) });

    it('opens no unit for a stranger, a lesser role or bad input', async () => {
      const service = await start([refuseToRun]);
      const put = { method: 'PUT', role: 'engineer' } as const;
      const path = `/cars/${carId}`;
      const answers = [
        await service.fetch(path, { method: 'PUT' }),
        await change(service, 'viewer'),
        await service.fetch(path, { ...put, ...json({}) }),
        await service.fetch(path, { ...put, ...json({ name: 'Ada' }), body: '{' }),
        await service.fetch(path, { ...put, body: 'name=Ada' }),
        await service.fetch(path, { ...put, ...json({ name: 'A'.repeat(10_001) }) }),
      ];
      expect(answers.map(({ status }) => status)).to.deep.equal([401, 403, 400, 400, 415, 413]);
      expect(service.units.steps).to.deep.equal([]);
    });

    it('looks at the role before it looks at the input', async () => {
      const service = await start([refuseToRun]);
      const answer = await service.fetch('/cars/x?y=z', { method: 'PUT', role: 'viewer', body: '{' });
      expect(answer.status).to.equal(403);
    });

    it('remembers who was refused what', async () => {
      const service = await start([refuseToRun]);
      await change(service, 'viewer');
      await change(service, 'viewer', 'no-id');
      expect(service.refusals).to.have.length(2);
      const [first, second] = service.refusals;
      expect(first).to.include({ action: 'vehicle.change', entityType: 'vehicle', entityId: carId, vehicleId: carId });
      expect(first?.actor).to.include({ kind: 'user', userId, role: 'viewer' });
      expect(first?.error.code).to.equal('role-insufficient');
      expect(second?.entityId).to.equal(undefined);
    });
  });

  describe('that refuses', () => {
    const refusing = (code: 'vehicle-not-found' | 'vehicle-retired' | 'queueing-not-allowed' | 'invalid-request') =>
      changeCar({
        handle: () => Promise.reject(new ApplicationError(code, 'No.', { extensions: { status: 1, hint: 2 } })),
      });

    for (const [code, status] of [
      ['vehicle-not-found', 404],
      ['vehicle-retired', 409],
      ['queueing-not-allowed', 422],
    ] as const) {
      it(`is remembered, after its unit was closed: ${code}`, async () => {
        const steps: string[] = [];
        const service: ServedEndpoints = await start([refusing(code)], {
          recordRefusal: (_units, { error }) => {
            steps.push(...service.units.steps, error.code);
            return Promise.resolve();
          },
        });
        const answer = await change(service);
        expect(answer.status).to.equal(status);
        // Members of our own stand beside the standard ones, and never in their place.
        expect(await answer.json()).to.include({ code, status, detail: 'No.', hint: 2 });
        expect(steps).to.deep.equal(['open', 'close', code]);
      });
    }

    it('is not remembered when only the input was wrong', async () => {
      const service = await start([refusing('invalid-request')]);
      expect((await change(service)).status).to.equal(400);
      expect(service.refusals).to.deep.equal([]);
    });

    it('answers all the same when it cannot be remembered', async () => {
      const service = await start([refusing('vehicle-retired')], {
        recordRefusal: () => Promise.reject(new Error('no connection')),
      });
      expect((await change(service)).status).to.equal(409);
      expect(service.lines().find(({ level }) => level === 50)?.msg).to.contain('audit log');
    });
  });
});

describe('waitingEndpoint', () => {
  let served: ServedEndpoints | undefined;
  afterEach(() => served?.stop());

  const waiting = (handle: (signal: LightAbortSignal) => Promise<unknown>): Endpoint =>
    waitingEndpoint({
      method: 'get',
      path: '/wait',
      operationId: 'wait',
      tag: 'Waiting',
      summary: 'Wait',
      role: 'anonymous',
      replies: { 200: { description: 'It came', schema: said } },
      handle: (_units, actor, _input, signal) => handle(signal).then(() => actor),
      reply: ({ kind }) => ok({ said: kind }),
    });

  it('holds no unit while it waits', async () => {
    const come = closedGate();
    served = await serve([waiting(() => come.passed)]);
    const answer = served.fetch('/wait');
    await fetch(`${served.url}/health/live`);
    expect(served.units.steps).to.deep.equal([]);
    come.open();
    expect(await (await answer).json()).to.deep.equal({ said: 'anonymous' });
  });

  it('is told when its client has hung up', async () => {
    const began = closedGate();
    const told = closedGate();
    served = await serve([
      waiting(async (signal) => {
        began.open();
        await new Promise<void>((resolve) => signal.addEventListener('abort', resolve));
        told.open();
      }),
    ]);
    const caller = new AbortController();
    const answer = served.fetch('/wait', { signal: caller.signal }).catch(() => 'given up');
    await began.passed;
    caller.abort();
    expect(await answer).to.equal('given up');
    await told.passed;
  });
});
