import type { ServerResponse } from 'node:http';

import { expect } from 'chai';

import { VehicleLinkFailure, type SovdRequest, type VehicleAnswer } from '#application/domain/sovd/exchange.js';
import type { ExchangeOptions } from '#application/ports/vehicle-link.js';
import type { HttpVehicleLink } from '#infrastructure/vehicle-link/http-vehicle-link.js';

import {
  aLink,
  collect,
  json,
  rejection,
  someOptions,
  startVehicle,
  until,
  type ReceivedRequest,
  type TestVehicle,
} from './vehicle-server.js';

const executions = 'components/engine/operations/self-test/executions';
const start: SovdRequest = { method: 'POST', path: executions, body: { parameters: {} } };
const item = `/sovd/v1/${executions}/17`;

type Reply = (reply: ServerResponse, request: ReceivedRequest) => void;

const accepted: Reply = (reply) => json(reply, 202, { id: '17', status: 'running' }, { location: item });
const status =
  (word: string, more: object = {}): Reply =>
  (reply) =>
    json(reply, 200, { status: word, ...more });

describe('HttpVehicleLink: executions', () => {
  let link: HttpVehicleLink;
  let vehicle: TestVehicle;

  beforeEach(() => {
    link = aLink({ stopGraceMs: 50 });
  });

  afterEach(async () => {
    await link.close();
    await until(() => vehicle.sockets.size === 0);
    await vehicle.close();
  });

  /** A vehicle that starts with an answer, and then has one for each look; the last one stays. */
  async function vehicleThat(first: Reply, looks: readonly Reply[], others: Record<string, Reply> = {}): Promise<void> {
    let look = 0;
    vehicle = await startVehicle((request, reply) => {
      if (vehicle.received.length === 1) first(reply, request);
      else if (request.method !== 'GET') others[request.method]?.(reply, request);
      else {
        looks[Math.min(look, looks.length - 1)]?.(reply, request);
        look += 1;
      }
    });
  }

  function follow(options: Partial<ExchangeOptions> = {}, request = start): Promise<VehicleAnswer[]> {
    return collect(link, vehicle.target(), request, options);
  }

  function wordsOf(answers: readonly VehicleAnswer[]): readonly unknown[] {
    return answers.map(({ kind, executionStatus, isLast }) => [kind, executionStatus, isLast]);
  }

  it('a 202 is followed to its end: each change is an answer, and what does not change is none', async () => {
    await vehicleThat(accepted, [
      status('running', { progress: 10 }),
      status('running', { progress: 10 }),
      (reply) => json(reply, 200, { progress: 10, status: 'running' }),
      status('running', { progress: 60 }),
      status('Completed', { parameters: { result: 'ok' } }),
    ]);
    const answers = await follow();
    expect(wordsOf(answers)).to.deep.equal([
      ['execution', 'running', false],
      ['execution', 'running', false],
      ['execution', 'running', false],
      ['execution', 'completed', true],
    ]);
    expect(answers[0]).to.deep.include({
      status: 202,
      body: { encoding: 'json', value: { id: '17', status: 'running' } },
    });
    expect(answers[3]?.body).to.have.deep.property('value', { status: 'Completed', parameters: { result: 'ok' } });
    expect(vehicle.received.map(({ method, url }) => `${method} ${url}`)).to.deep.equal([
      `POST /sovd/v1/${executions}`,
      ...Array.from({ length: 5 }, () => `GET ${item}`),
    ]);
    expect(new Set(vehicle.received.map(({ headers }) => headers['x-command-id'])).size).to.equal(1);
  });

  for (const word of ['completed', 'failed', 'stopped', 'Finished', 'ERROR', 'aborted', 'terminated', 'cancelled']) {
    it(`${word} is an end`, async () => {
      await vehicleThat(accepted, [status(word)]);
      expect(wordsOf(await follow())).to.deep.equal([
        ['execution', 'running', false],
        ['execution', word.toLowerCase(), true],
      ]);
    });
  }

  for (const word of ['pending', 'inProgress', 'prepared', 'whatever']) {
    it(`${word} is none`, async () => {
      await vehicleThat(accepted, [status(word), status('completed')]);
      expect(wordsOf(await follow())).to.deep.equal([
        ['execution', 'running', false],
        ['execution', word.toLowerCase(), false],
        ['execution', 'completed', true],
      ]);
    });
  }

  for (const [what, first] of [
    ['an id', { id: 17 }],
    ['an execution_id', { execution_id: '17', status: 'running' }],
  ] as const) {
    it(`without a Location, by ${what}`, async () => {
      await vehicleThat((reply) => json(reply, 202, first), [status('completed')]);
      expect(await follow()).to.have.length(2);
      expect(vehicle.received[1]?.url).to.equal(item);
    });
  }

  for (const [what, location] of [
    ['the hard-coded localhost of another host', `http://localhost:20002${item}`],
    ['the prefix in other letters', `http://localhost:20002/Sovd/V1/${executions}/17`],
    ['the listen address', `http://0.0.0.0:8080${item}`],
    ['another prefix', `/v1/${executions}/17`],
    ['a foreign host', `https://evil.invalid/${executions}/17`],
    ['a relative path', `executions/17`],
    ['an id alone', '17'],
    ['nonsense, beside an id', 'http://evil.invalid/login'],
  ] as const) {
    it(`a Location with ${what} stays with the vehicle`, async () => {
      await vehicleThat((reply) => json(reply, 202, { id: '17' }, { location }), [status('completed')]);
      expect(await follow()).to.have.length(2);
      expect(vehicle.received[1]).to.include({ method: 'GET', url: item });
    });
  }

  it('an execution that has ended when it is accepted is looked at once more, without a pause', async () => {
    await link.close();
    link = aLink({ pollIntervalMs: 600_000, maxPollIntervalMs: 600_000 });
    await vehicleThat(
      (reply) => json(reply, 202, { id: '17', status: 'completed' }),
      [status('completed', { result: 1 })],
    );
    expect(wordsOf(await follow())).to.deep.equal([
      ['execution', 'completed', false],
      ['execution', 'completed', true],
    ]);
  });

  it('a 202 without anything to follow is a plain answer', async () => {
    await vehicleThat((reply) => json(reply, 202, { id: '17' }, { 'retry-after': '3' }), []);
    const answers = await follow({}, { method: 'PUT', path: 'components/engine/status/restart' });
    expect(answers.map(({ kind, isLast, retryAfterSeconds }) => ({ kind, isLast, retryAfterSeconds }))).to.deep.equal([
      { kind: 'plain', isLast: true, retryAfterSeconds: 3 },
    ]);
  });

  it('a 200 or 201 with a Location is a plain answer', async () => {
    await vehicleThat((reply) => json(reply, 201, { id: 'lock-1' }, { location: '/sovd/v1/x/locks/lock-1' }), []);
    expect(wordsOf(await follow())).to.deep.equal([['plain', undefined, true]]);
  });

  it('an update is followed at its status', async () => {
    await vehicleThat(
      (reply) => reply.writeHead(202, { location: '/updates/u1/status' }).end(),
      [status('inProgress', { phase: 'prepare', progress: 5 }), status('completed', { phase: 'prepare' })],
    );
    const answers = await follow({}, { method: 'PUT', path: 'updates/u1/prepare' });
    expect(wordsOf(answers)).to.deep.equal([
      ['execution', undefined, false],
      ['execution', 'inprogress', false],
      ['execution', 'completed', true],
    ]);
    expect(vehicle.received[1]?.url).to.equal('/sovd/v1/updates/u1/status');
  });

  for (const [verb, words] of [
    ['restart', ['notReady', 'ready']],
    ['force-shutdown', ['ready-to-go', 'notReady']],
  ] as const) {
    it(`${verb} of an entity ends as ${words[1]}`, async () => {
      const path = `components/engine/status/${verb}`;
      await vehicleThat(
        (reply) => reply.writeHead(202, { location: '../status' }).end(),
        words.map((word) => status(word)),
      );
      const answers = await follow({}, { method: 'PUT', path });
      expect(answers.map(({ executionStatus }) => executionStatus)).to.deep.equal([
        undefined,
        words[0].toLowerCase(),
        words[1].toLowerCase(),
      ]);
      expect(vehicle.received[1]?.url).to.equal('/sovd/v1/components/engine/status');
    });
  }

  it('what stands at the Location and has no status is the result', async () => {
    await vehicleThat(accepted, [(reply) => reply.writeHead(202).end(), (reply) => json(reply, 200, { data: 1 })]);
    expect(wordsOf(await follow())).to.deep.equal([
      ['execution', 'running', false],
      ['execution', undefined, false],
      ['plain', undefined, true],
    ]);
  });

  for (const code of [404, 410]) {
    it(`${code} after it was running: gone`, async () => {
      await vehicleThat(accepted, [status('running', { a: 1 }), (reply) => json(reply, code, { error_code: 'x' })]);
      const answers = await follow();
      expect(wordsOf(answers).at(-1)).to.deep.equal(['execution', 'gone', true]);
      expect(answers.at(-1)).to.deep.include({ status: code, body: { encoding: 'json', value: { error_code: 'x' } } });
    });
  }

  it('a plain refusal of a look is the last answer: the execution is out of sight', async () => {
    await vehicleThat(accepted, [(reply) => json(reply, 403, { error_code: 'insufficient-access-rights' })]);
    const answers = await follow();
    expect(answers).to.have.length(2);
    expect(answers[1]).to.deep.include({ kind: 'execution', status: 403, isLast: true });
    expect(answers[1]).to.not.have.property('executionStatus');
  });

  it('trouble on the way is waited out', async () => {
    const tooEarly =
      (code: number): Reply =>
      (reply) =>
        reply.writeHead(code, { 'retry-after': '0' }).end('<html>');
    await vehicleThat(accepted, [
      (reply) => reply.destroy(),
      tooEarly(502),
      tooEarly(503),
      tooEarly(504),
      tooEarly(429),
      tooEarly(408),
      tooEarly(500),
      tooEarly(500),
      status('completed'),
    ]);
    expect(wordsOf(await follow())).to.deep.equal([
      ['execution', 'running', false],
      ['execution', 'completed', true],
    ]);
    expect(vehicle.received).to.have.length(10);
  });

  it('a vehicle that is away for a while is waited for', async () => {
    await link.close();
    let isAway = false;
    link = aLink({
      wrapConnector: (open) => (options, callback) => {
        if (!isAway) {
          open(options, callback);
          return;
        }
        isAway = false;
        callback(Object.assign(new Error('no way'), { code: 'EHOSTUNREACH' }), null);
      },
    });
    await vehicleThat(
      (reply, request) => {
        isAway = true;
        accepted(reply, request);
      },
      [status('completed')],
    );
    expect(wordsOf(await follow())).to.have.length(2);
    expect(isAway).to.equal(false);
  });

  it('a vehicle that cannot be spoken to any more: a failure of something that was sent', async () => {
    await link.close();
    let opened = 0;
    link = aLink({
      wrapConnector: (open) => (options, callback) => {
        opened += 1;
        if (opened === 1) open(options, callback);
        else callback(Object.assign(new Error('expired'), { code: 'CERT_HAS_EXPIRED' }), null);
      },
    });
    await vehicleThat(accepted, [status('completed')]);
    const error = await rejection(follow());
    expect(error).to.include({ code: 'vehicle-unreachable', neverSent: false, isTransient: false });
  });

  it('a server that fails at every look ends it', async () => {
    await vehicleThat(accepted, [(reply) => json(reply, 500, { error_code: 'sovd-server-failure' })]);
    const answers = await follow();
    expect(answers.at(-1)).to.deep.include({ status: 500, kind: 'execution', isLast: true });
    expect(vehicle.received).to.have.length(4);
  });

  it('a look that is answered with garbage: a failure of something that was sent', async () => {
    await vehicleThat(accepted, [
      (reply) => reply.writeHead(200, { 'content-type': 'application/json' }).end('<html>'),
    ]);
    const error = await rejection(follow());
    expect(error).to.be.instanceOf(VehicleLinkFailure).that.includes({
      code: 'vehicle-invalid-response',
      neverSent: false,
    });
  });

  it('Retry-After is respected', async () => {
    await vehicleThat((reply) => json(reply, 202, { id: '17' }, { 'retry-after': '1' }), [status('completed')]);
    const startedAt = Date.now();
    await follow();
    expect(Date.now() - startedAt).to.be.at.least(990);
  });

  it('looks that show nothing new cost nothing of the budget', async () => {
    const same = status('running', { text: 'x'.repeat(500) });
    await vehicleThat(accepted, [same, same, same, same, same, same, status('completed')]);
    expect(await follow({ maxResponseBytes: 1000 })).to.have.length(3);
  });

  it('a document that changes at each look is bounded', async () => {
    await link.close();
    link = aLink({ maxResponses: 5 });
    let count = 0;
    await vehicleThat(accepted, [(reply) => json(reply, 200, { status: 'running', count: (count += 1) })]);
    expect(await rejection(follow())).to.include({ code: 'too-many-responses', neverSent: false });
    expect(count).to.equal(5);
  });

  it('an aborted signal ends it at once, also in a long pause', async () => {
    await link.close();
    link = aLink({ pollIntervalMs: 600_000, maxPollIntervalMs: 600_000 });
    await vehicleThat(accepted, []);
    const controller = new AbortController();
    const reason = new Error('enough');
    const error = await rejection(
      (async () => {
        for await (const _answer of link.send(vehicle.target(), start, someOptions({ signal: controller.signal }))) {
          setImmediate(() => controller.abort(reason));
        }
      })(),
    );
    expect(error).to.equal(reason);
    expect(vehicle.received).to.have.length(1);
  });

  describe('a wish to stop', () => {
    let stop: AbortController;

    beforeEach(() => {
      stop = new AbortController();
    });

    /** Follows, and wishes a stop after the first answer. */
    async function followAndStop(): Promise<VehicleAnswer[]> {
      const answers: VehicleAnswer[] = [];
      for await (const answer of link.send(vehicle.target(), start, someOptions({ stop: stop.signal }))) {
        answers.push(answer);
        stop.abort();
      }
      return answers;
    }

    function requests(): readonly string[] {
      return vehicle.received.map(({ method }) => method);
    }

    for (const code of [204, 200]) {
      it(`DELETE with ${code}: stopped, and the vehicle has confirmed it`, async () => {
        const body = code === 204 ? undefined : { parameters: { reason: 'stopped by tester' } };
        await vehicleThat(accepted, [status('running')], {
          DELETE: (reply) => (body === undefined ? reply.writeHead(204).end() : json(reply, code, body)),
        });
        const answers = await followAndStop();
        expect(answers.at(-1)).to.deep.equal({
          status: code,
          mediaType: body === undefined ? undefined : 'application/json',
          body: body === undefined ? { encoding: 'none' } : { encoding: 'json', value: body },
          kind: 'execution',
          isLast: true,
          executionStatus: 'stopped',
          isStopped: true,
        });
        expect(requests()).to.deep.equal(['POST', 'GET', 'DELETE']);
        const [, look, deletion] = vehicle.received;
        expect(deletion?.url).to.equal(item);
        expect(deletion?.port).to.not.equal(look?.port);
        expect(deletion?.headers).to.include({ 'x-command-id': vehicle.received[0]?.headers['x-command-id'] });
      });
    }

    it('in the middle of a long pause it does not wait for the end of it', async () => {
      await link.close();
      link = aLink({ pollIntervalMs: 600_000, maxPollIntervalMs: 600_000 });
      await vehicleThat(accepted, [status('running')], { DELETE: (reply) => reply.writeHead(204).end() });
      expect((await followAndStop()).at(-1)).to.include({ isStopped: true });
    });

    it('an execution that has ended by itself meanwhile is not called stopped', async () => {
      await vehicleThat(accepted, [status('completed')], { DELETE: (reply) => reply.writeHead(204).end() });
      const answers = await followAndStop();
      expect(answers.at(-1))
        .to.include({ executionStatus: 'completed', isLast: true })
        .and.not.have.property('isStopped');
      expect(requests()).to.deep.equal(['POST', 'GET']);
    });

    it('a look that hangs does not hold it up for long', async () => {
      await vehicleThat(accepted, [() => undefined], { DELETE: (reply) => reply.writeHead(204).end() });
      expect((await followAndStop()).at(-1)).to.include({ isStopped: true });
      expect(requests()).to.deep.equal(['POST', 'GET', 'DELETE']);
    });

    it('that comes before the 202 waits for it', async () => {
      await vehicleThat(accepted, [status('running')], { DELETE: (reply) => reply.writeHead(204).end() });
      stop.abort();
      const answers = await follow({ stop: stop.signal });
      expect(answers.at(-1)).to.include({ isStopped: true });
      expect(requests()).to.deep.equal(['POST', 'GET', 'DELETE']);
    });

    it('has no meaning for a plain answer', async () => {
      await vehicleThat((reply) => json(reply, 200, {}), []);
      stop.abort();
      expect(wordsOf(await follow({ stop: stop.signal }))).to.deep.equal([['plain', undefined, true]]);
    });

    for (const code of [404, 405, 409, 501]) {
      it(`DELETE refused with ${code}, nothing else on offer: it goes on, and the next answer says so`, async () => {
        await vehicleThat(
          accepted,
          [status('running', { progress: 1 }), status('running', { progress: 2 }), status('completed')],
          { DELETE: (reply) => json(reply, code, {}) },
        );
        const answers = await followAndStop();
        expect(answers.map(({ isStopRefused }) => isStopRefused)).to.deep.equal([
          undefined,
          undefined,
          true,
          undefined,
        ]);
        expect(answers.at(-1)).to.include({ executionStatus: 'completed' }).and.not.have.property('isStopped');
        expect(requests().filter((method) => method !== 'GET')).to.deep.equal(['POST', 'DELETE']);
      });
    }

    for (const [form, document] of [
      ['a word', { capability: 'stop' }],
      ['a list', { capability: ['execute', 'Stop'] }],
      ['capabilities', { capabilities: ['stop'] }],
    ] as const) {
      it(`DELETE refused and stop advertised as ${form}: PUT, and followed until it has stopped`, async () => {
        let isStopping = false;
        await vehicleThat(
          accepted,
          [(reply) => json(reply, 200, { status: isStopping ? 'stopped' : 'running', ...document })],
          {
            DELETE: (reply) => json(reply, 405, {}),
            PUT: (reply) => {
              isStopping = true;
              json(reply, 202, {});
            },
          },
        );
        const answers = await followAndStop();
        expect(answers.at(-1)).to.include({ executionStatus: 'stopped', isStopped: true, isLast: true });
        expect(answers.some(({ isStopRefused }) => isStopRefused)).to.equal(false);
        const put = vehicle.received.find(({ method }) => method === 'PUT');
        expect(put).to.include({ url: item, body: '{"capability":"stop"}' });
      });
    }

    it('DELETE and PUT refused: it goes on, and the next answer says so', async () => {
      await vehicleThat(accepted, [status('running', { capability: 'stop' }), status('completed')], {
        DELETE: (reply) => json(reply, 405, {}),
        PUT: (reply) => json(reply, 409, {}),
      });
      const answers = await followAndStop();
      expect(answers.at(-1)).to.include({ executionStatus: 'completed', isStopRefused: true });
      expect(requests().filter((method) => method !== 'GET')).to.deep.equal(['POST', 'DELETE', 'PUT']);
    });

    it('PUT accepted, and it completes all the same: completed, not stopped', async () => {
      await vehicleThat(accepted, [status('running', { capability: 'stop' }), status('completed')], {
        DELETE: (reply) => json(reply, 405, {}),
        PUT: (reply) => reply.writeHead(202).end(),
      });
      expect((await followAndStop()).at(-1))
        .to.include({ executionStatus: 'completed' })
        .and.not.have.property('isStopped');
    });

    it('DELETE with 202: followed; gone then means stopped', async () => {
      await vehicleThat(accepted, [status('running'), status('running'), (reply) => json(reply, 404, {})], {
        DELETE: (reply) => reply.writeHead(202).end(),
      });
      expect((await followAndStop()).at(-1)).to.include({ status: 404, executionStatus: 'stopped', isStopped: true });
    });

    it('DELETE says that it had completed: completed', async () => {
      await vehicleThat(accepted, [status('running')], { DELETE: status('completed') });
      expect((await followAndStop()).at(-1))
        .to.include({ executionStatus: 'completed' })
        .and.not.have.property('isStopped');
    });

    for (const [what, deletion] of [
      ['is lost', (reply) => void reply.destroy()],
      ['is answered with 502', (reply) => json(reply, 502, {})],
      ['is answered with 504', (reply) => json(reply, 504, {})],
    ] as readonly (readonly [string, Reply])[]) {
      it(`DELETE ${what}: nothing is confirmed, the truth is what the execution says`, async () => {
        await vehicleThat(accepted, [status('running'), status('running'), status('stopped')], { DELETE: deletion });
        const stopped = await followAndStop();
        expect(stopped.at(-1)).to.include({ executionStatus: 'stopped', isStopped: true });
        expect(stopped.some(({ isStopRefused }) => isStopRefused)).to.equal(false);
        expect(requests().filter((method) => method === 'DELETE')).to.have.length(1);
      });

      it(`DELETE ${what}, and the execution is gone: nobody knows`, async () => {
        await vehicleThat(accepted, [status('running'), (reply) => json(reply, 404, {})], { DELETE: deletion });
        expect((await followAndStop()).at(-1))
          .to.include({ executionStatus: 'gone' })
          .and.not.have.property('isStopped');
      });
    }

    it('DELETE that never went out is tried again', async () => {
      await link.close();
      let opened = 0;
      link = aLink({
        wrapConnector: (open) => (options, callback) => {
          opened += 1;
          // The third connection, after those of the POST and of the looks, is that of the DELETE.
          if (opened === 3) callback(Object.assign(new Error('no way'), { code: 'EHOSTUNREACH' }), null);
          else open(options, callback);
        },
      });
      await vehicleThat(accepted, [status('running')], { DELETE: (reply) => reply.writeHead(204).end() });
      expect((await followAndStop()).at(-1)).to.include({ isStopped: true });
      expect(requests()).to.deep.equal(['POST', 'GET', 'GET', 'DELETE']);
    });

    it('the signal wins over it', async () => {
      await vehicleThat(accepted, [status('running')], { DELETE: () => undefined });
      const controller = new AbortController();
      const reason = new Error('enough');
      stop.abort();
      const sent = rejection(follow({ stop: stop.signal, signal: controller.signal }));
      await until(() => requests().includes('DELETE'));
      controller.abort(reason);
      expect(await sent).to.equal(reason);
    });
  });
});
