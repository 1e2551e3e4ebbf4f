import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { expect } from 'chai';

import { VehicleLinkFailure, type VehicleAnswer } from '#application/domain/sovd/exchange.js';
import type { HttpVehicleLink } from '#infrastructure/vehicle-link/http-vehicle-link.js';

import {
  aLink,
  collect,
  rejection,
  someOptions,
  startRawVehicle,
  startVehicle,
  until,
  type TestVehicle,
} from './vehicle-server.js';

const get = { method: 'GET', path: 'components/e/cyclic-subscriptions/1/events' } as const;
const head = { 'content-type': 'text/event-stream; charset=utf-8' };

describe('HttpVehicleLink: event streams', () => {
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

  async function vehicleThatStreams(...pieces: readonly (string | Buffer)[]): Promise<void> {
    vehicle = await startVehicle((_request, reply) => {
      reply.writeHead(200, head);
      for (const piece of pieces) reply.write(piece);
      reply.end();
    });
  }

  function bodiesOf(answers: readonly VehicleAnswer[]): readonly unknown[] {
    return answers.map(({ body }) => ('value' in body ? body.value : body.encoding));
  }

  it('an item per event, and one for the end', async () => {
    await vehicleThatStreams('data: {"a":1}\n\n', 'id: 7\nevent: fault\ndata: two\ndata: lines\n\n');
    const stream = { status: 200, mediaType: 'text/event-stream' };
    expect(await collect(link, vehicle.target(), get)).to.deep.equal([
      { ...stream, kind: 'event', body: { encoding: 'json', value: { a: 1 } }, isLast: false },
      { ...stream, kind: 'event', body: { encoding: 'text', value: 'two\nlines' }, isLast: false },
      { ...stream, kind: 'end-of-stream', body: { encoding: 'none' }, isLast: true },
    ]);
  });

  it('comments, unknown fields, empty events and all line ends are taken as they come', async () => {
    await vehicleThatStreams(
      '\ufeff:keepalive\n\nretry: 10\nfoo: bar\n\ndata:\n\ndata:1\r\n\r\ndata: 2\r\rdata: 3\n\n',
    );
    expect(bodiesOf(await collect(link, vehicle.target(), get))).to.deep.equal([1, 2, 3, 'none']);
  });

  it('events that are cut anywhere, also in the middle of a character', async () => {
    const bytes = Buffer.from('data: "ü😀"\n\ndata: "y"\n\n');
    vehicle = await startVehicle((_request, reply) => {
      reply.writeHead(200, head);
      let at = 0;
      const next = (): void => {
        if (at < bytes.length) reply.write(bytes.subarray(at, (at += 1)), () => setImmediate(next));
        else reply.end();
      };
      next();
    });
    expect(bodiesOf(await collect(link, vehicle.target(), get))).to.deep.equal(['ü😀', 'y', 'none']);
  });

  it('an event without its end is dropped', async () => {
    await vehicleThatStreams('data: 1\n\n', 'data: {"cut":');
    expect(bodiesOf(await collect(link, vehicle.target(), get))).to.deep.equal([1, 'none']);
  });

  it('what the database cannot hold is kept as bytes', async () => {
    await vehicleThatStreams('data: a\0b\n\n', 'data: "\\u0000"\n\n');
    const [text, json] = await collect(link, vehicle.target(), get);
    expect(text?.body).to.deep.equal({ encoding: 'base64', value: Buffer.from('a\0b').toString('base64') });
    expect(json?.body).to.deep.equal({ encoding: 'base64', value: Buffer.from('"\\u0000"').toString('base64') });
  });

  it('each event is there when it comes, not when the stream ends', async () => {
    const replies: ServerResponse[] = [];
    vehicle = await startVehicle((_request, reply) => {
      replies.push(reply.writeHead(200, head));
      reply.write('data: 0\n\n');
    });
    let seen = 0;
    for await (const { kind } of link.send(vehicle.target(), get, someOptions())) {
      if (kind === 'end-of-stream') break;
      seen += 1;
      if (seen < 5) replies[0]?.write(`data: ${seen}\n\n`);
      else replies[0]?.end();
    }
    expect(seen).to.equal(5);
  });

  it('a POST may answer with a stream, and its connection is closed after it', async () => {
    await vehicleThatStreams('data: 1\n\n');
    const answers = await collect(link, vehicle.target(), { method: 'POST', path: 'x', body: {} });
    expect(answers.map(({ kind }) => kind)).to.deep.equal(['event', 'end-of-stream']);
    await until(() => link.usage.connections === 0);
  });

  it('a stream with an error status is a plain answer', async () => {
    vehicle = await startVehicle((_request, reply) => reply.writeHead(503, head).end('data: full\n\n'));
    expect(await collect(link, vehicle.target(), get)).to.deep.equal([
      {
        status: 503,
        mediaType: 'text/event-stream',
        body: { encoding: 'text', value: 'data: full\n\n' },
        kind: 'plain',
        isLast: true,
      },
    ]);
  });

  it('nine thousand events and a slow reader: the vehicle is held back, and nothing is lost', async () => {
    let hasSentAll = false;
    vehicle = await startVehicle((_request, reply) => {
      reply.writeHead(200, head);
      let count = 0;
      const pour = (): void => {
        while (count < 9_000) {
          count += 1;
          if (!reply.write(`data: {"n":${count},"fill":"${'x'.repeat(1000)}"}\n\n`)) return;
        }
        reply.end();
        hasSentAll = true;
      };
      reply.on('drain', pour);
      pour();
    });
    let count = 0;
    for await (const { kind, body } of link.send(vehicle.target(), get, someOptions())) {
      if (kind !== 'event') break;
      count += 1;
      expect(body).to.have.nested.property('value.n', count);
      if (count > 1) continue;
      // Long enough for a vehicle that nobody holds back to send everything.
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(hasSentAll).to.equal(false);
    }
    expect(count).to.equal(9_000);
    expect(hasSentAll).to.equal(true);
  });

  describe('limits', () => {
    it('an event over its limit: too large, and the connection is closed', async () => {
      vehicle = await startVehicle((_request, reply) => {
        reply.writeHead(200, head).write('data: 1\n\n');
        pour(reply, 'x'.repeat(10_000), 'data: ');
      });
      expect(await rejection(collect(link, vehicle.target(), get))).to.include({ code: 'response-too-large' });
      await until(() => vehicle.sockets.size === 0);
    });

    it('an event over its limit that comes in one piece: too large', async () => {
      await link.close();
      link = aLink({ maxEventBytes: 100 });
      await vehicleThatStreams(`data: ${'x'.repeat(100)}\n\ndata: ${'x'.repeat(101)}\n\n`);
      const answers: VehicleAnswer[] = [];
      expect(await rejection(gather(answers))).to.include({ code: 'response-too-large', neverSent: false });
      expect(answers).to.have.length(1);
    });

    it('a thousand lines of one event count together', async () => {
      vehicle = await startVehicle((_request, reply) => {
        reply.writeHead(200, head);
        pour(reply, `data: ${'x'.repeat(10_000)}\n`);
      });
      expect(await rejection(collect(link, vehicle.target(), get))).to.include({ code: 'response-too-large' });
    });

    it('all events together over the budget: too large, after those that fit', async () => {
      await vehicleThatStreams(...Array.from({ length: 20 }, () => `data: "${'x'.repeat(98)}"\n\n`));
      const answers: VehicleAnswer[] = [];
      const error = await rejection(gather(answers, { maxResponseBytes: 1000 }));
      expect(error).to.include({ code: 'response-too-large', neverSent: false });
      expect(answers).to.have.length(10);
    });

    it('more events than may be received: too many', async () => {
      await link.close();
      link = aLink({ maxResponses: 3 });
      vehicle = await startVehicle((_request, reply) => reply.writeHead(200, head).write('data: 1\n\n'.repeat(20)));
      const answers: VehicleAnswer[] = [];
      expect(await rejection(gather(answers))).to.include({ code: 'too-many-responses', neverSent: false });
      expect(answers).to.have.length(3);
      await until(() => link.usage.connections === 0);
    });

    it('silence: timeout', async () => {
      await link.close();
      link = aLink({ answerTimeoutSeconds: 0.2 });
      vehicle = await startVehicle((_request, reply) => reply.writeHead(200, head).write('data: 1\n\n'));
      const answers: VehicleAnswer[] = [];
      expect(await rejection(gather(answers))).to.include({ code: 'vehicle-timeout', neverSent: false });
      expect(answers).to.have.length(1);
    });
  });

  async function gather(answers: VehicleAnswer[], options: { maxResponseBytes?: number } = {}): Promise<void> {
    for await (const answer of link.send(vehicle.target(), get, someOptions(options))) answers.push(answer);
  }

  describe('a stream that breaks', () => {
    const chunked =
      'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n';
    const untilTheEnd = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: 1\n\n';
    for (const [what, text, leave] of [
      ['without its last chunk', chunked, (socket: Socket) => socket.end()],
      ['with a reset', chunked, (socket: Socket) => socket.resetAndDestroy()],
      [
        'with a reset, where only the end of the connection ends it',
        untilTheEnd,
        (socket: Socket) => socket.resetAndDestroy(),
      ],
    ] as const) {
      it(`${what}: the events that came, then lost`, async () => {
        vehicle = await startRawVehicle((socket) => void socket.write(text));
        const kinds: string[] = [];
        const error = await rejection(
          (async () => {
            for await (const { kind } of link.send(vehicle.target(), get, someOptions())) {
              kinds.push(kind);
              for (const socket of vehicle.sockets) leave(socket);
            }
          })(),
        );
        expect(error).to.be.instanceOf(VehicleLinkFailure).that.includes({
          code: 'vehicle-connection-lost',
          neverSent: false,
          isTransient: true,
        });
        expect(kinds).to.deep.equal(['event']);
      });
    }

    it('the end of a connection that only that ends is its proper end', async () => {
      vehicle = await startRawVehicle((socket) => void socket.end(untilTheEnd));
      expect(bodiesOf(await collect(link, vehicle.target(), get))).to.deep.equal([1, 'none']);
    });

    it('a compressed stream is refused', async () => {
      vehicle = await startVehicle((_request, reply) => {
        reply.writeHead(200, { ...head, 'content-encoding': 'gzip' }).write('xxx');
      });
      expect(await rejection(collect(link, vehicle.target(), get))).to.include({ code: 'vehicle-invalid-response' });
      await until(() => vehicle.sockets.size === 0);
    });
  });

  describe('an end that the caller wants', () => {
    for (const when of ['while it waits for an event', 'while it reads one'] as const) {
      it(`the signal, ${when}: its reason, and the connection is closed`, async () => {
        vehicle = await startVehicle((_request, reply) => reply.writeHead(200, head).write('data: 1\n\ndata: 2\n\n'));
        const controller = new AbortController();
        const reason = new Error('enough');
        let count = 0;
        const error = await rejection(
          (async () => {
            for await (const _answer of link.send(vehicle.target(), get, someOptions({ signal: controller.signal }))) {
              count += 1;
              if (when === 'while it reads one') controller.abort(reason);
              else if (count === 2) setImmediate(() => controller.abort(reason));
            }
          })(),
        );
        expect(error).to.equal(reason);
        expect(count).to.equal(when === 'while it reads one' ? 1 : 2);
        await until(() => vehicle.sockets.size === 0);
      });
    }

    it('a stop: the link hangs up on a stream that is only read, and says that it did', async () => {
      vehicle = await startVehicle((_request, reply) => reply.writeHead(200, head).write('data: 1\n\n'));
      const stop = new AbortController();
      const answers: VehicleAnswer[] = [];
      for await (const answer of link.send(vehicle.target(), get, someOptions({ stop: stop.signal }))) {
        answers.push(answer);
        setImmediate(() => stop.abort());
      }
      expect(answers.map(({ kind, isStopped }) => [kind, isStopped])).to.deep.equal([
        ['event', undefined],
        ['end-of-stream', true],
      ]);
      await until(() => vehicle.sockets.size === 0);
    });

    it('a stop of a stream that a POST began: it is read to its end, since hanging up proves nothing', async () => {
      const replies: ServerResponse[] = [];
      vehicle = await startVehicle((_request, reply) => {
        replies.push(reply.writeHead(200, head));
        reply.write('data: 1\n\n');
      });
      const stop = new AbortController();
      const answers: VehicleAnswer[] = [];
      const request = { method: 'POST', path: 'x' } as const;
      for await (const answer of link.send(vehicle.target(), request, someOptions({ stop: stop.signal }))) {
        answers.push(answer);
        stop.abort();
        replies[0]?.end('data: 2\n\n');
      }
      expect(answers.map(({ kind, isStopped }) => [kind, isStopped])).to.deep.equal([
        ['event', undefined],
        ['event', undefined],
        ['end-of-stream', undefined],
      ]);
    });
  });
});

/** Writes the same piece for ever, as fast as it is taken. */
function pour(reply: ServerResponse, piece: string, start = ''): void {
  const next = (): void => {
    while (!reply.destroyed && reply.write(piece));
  };
  reply.write(start);
  reply.on('drain', next);
  next();
}
