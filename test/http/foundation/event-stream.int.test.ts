import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { expect } from 'chai';
import { z } from 'zod';

import { ApplicationError } from '#application/domain/errors.js';
import type { LightAbortSignal } from '#application/ports/light-abort-signal.js';
import { eventStream, type StreamEvent, type StreamPosition } from '#http/endpoint.js';

import { closedGate } from './gate.js';
import { serve, tokenOf, until, type ServedEndpoints, type ServedOptions } from './served-endpoints.js';

type Source = (position: StreamPosition) => AsyncIterable<StreamEvent>;

const first: StreamEvent = { id: 1, event: 'news', data: { text: 'two\nlines\r\n\nid: 7' } };

/** GET /news, whose events a test makes. */
function news(source: Source, begin: () => Promise<void> = () => Promise.resolve()) {
  return eventStream({
    path: '/news',
    operationId: 'followNews',
    tag: 'News',
    summary: 'News',
    role: 'viewer',
    events: { news: { description: 'Something new', schema: z.unknown() } },
    handle: async (_units, _actor, _input, position) => {
      await begin();
      return source(position);
    },
    present: (event) => event,
  });
}

function aborted(signal: LightAbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', resolve));
}

/** One event, and then nothing until the stream has to stop; tells when it was let go. */
function oneThenNothing(onLetGo: () => void = () => undefined): Source {
  return async function* ({ signal }) {
    try {
      yield first;
      if (!signal.aborted) await aborted(signal);
    } finally {
      onLetGo();
    }
  };
}

describe('eventStream', () => {
  let served: ServedEndpoints | undefined;
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await served?.stop();
  });

  const start = async (source: Source, options?: ServedOptions): Promise<ServedEndpoints> =>
    (served = await serve([news(source)], options));

  /** Opens a stream and reads along. */
  const follow = async (service: ServedEndpoints, token = tokenOf('viewer')) => {
    const socket = connect(service.server.port, '127.0.0.1');
    sockets.push(socket);
    let text = '';
    socket.on('data', (bytes) => (text += String(bytes))).on('error', () => undefined);
    socket.write(`GET /api/v1/news HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    const isClosed = once(socket, 'close');
    await until(() => text.includes('\r\n\r\n'));
    return { socket, isClosed, text: () => text };
  };

  it('sends each event with its number, its name and JSON in one line, and ends with the sequence', async () => {
    const service = await start(async function* () {
      yield first;
      yield await Promise.resolve({ id: 2, event: 'news', data: null });
    });
    const answer = await service.fetch('/news', { role: 'viewer' });
    expect(answer.status).to.equal(200);
    expect(answer.headers.get('content-type')).to.match(/^text\/event-stream/u);
    expect(answer.headers.get('cache-control')).to.equal('no-store');
    expect(answer.headers.get('x-accel-buffering')).to.equal('no');
    expect(answer.headers.has('content-length')).to.equal(false);
    expect(await answer.text()).to.equal(
      'id: 1\nevent: news\ndata: {"text":"two\\nlines\\r\\n\\nid: 7"}\n\nid: 2\nevent: news\ndata: null\n\n',
    );
    expect(service.streams.count).to.equal(0);
  });

  it('sends its head at once, before there is any event', async () => {
    const service = await start(async function* ({ signal }) {
      await aborted(signal);
      yield first;
    });
    const { status } = await service.fetch('/news', { role: 'viewer' });
    expect(status).to.equal(200);
  });

  it('goes on after the event that the client had last', async () => {
    const service = await start(async function* ({ after }) {
      yield await Promise.resolve({ id: after + 1, event: 'news', data: null });
    });
    const firstId = async (lastEventId?: string): Promise<string> => {
      const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
      return (await (await service.fetch('/news', { role: 'viewer', headers })).text()).split('\n')[0] ?? '';
    };
    expect(await firstId()).to.equal('id: 1');
    expect(await firstId('')).to.equal('id: 1');
    expect(await firstId('41')).to.equal('id: 42');
  });

  for (const id of ['-1', '1.5', 'abc', '1e3', '9'.repeat(16)]) {
    it(`refuses ${id} as the id of an event`, async () => {
      const service = await start(oneThenNothing());
      const answer = await service.fetch('/news', { role: 'viewer', headers: { 'last-event-id': id } });
      expect(answer.status).to.equal(400);
      expect(((await answer.json()) as any).errors[0].pointer).to.equal('#/header/last-event-id');
      expect(service.streams.count).to.equal(0);
    });
  }

  it('answers as any route when it cannot begin', async () => {
    const begin = (): Promise<void> => Promise.reject(new ApplicationError('command-not-found', 'No.'));
    served = await serve([news(oneThenNothing(), begin)]);
    const answer = await served.fetch('/news', { role: 'viewer' });
    expect(answer.status).to.equal(404);
    expect(answer.headers.get('content-type')).to.equal('application/problem+json');
    expect(served.streams.count).to.equal(0);
  });

  it('breaks off when the sequence fails, so that nobody takes it for the end', async () => {
    const fault = closedGate();
    const service = await start(async function* () {
      yield first;
      await fault.passed;
      throw new Error('the secret is 42');
    });
    const stream = await follow(service);
    await until(() => stream.text().includes('id: 1\n'));
    fault.open();
    await stream.isClosed;
    expect(stream.text()).to.not.contain('\r\n0\r\n').and.not.contain('secret');
    expect(service.lines().find(({ level }) => level === 50)?.err.message).to.equal('the secret is 42');
    expect(service.streams.count).to.equal(0);
  });

  it('lets its sequence go at once when the client hangs up', async () => {
    const letGo = closedGate();
    const service = await start(oneThenNothing(letGo.open));
    const { socket } = await follow(service);
    expect(service.streams.count).to.equal(1);
    socket.destroy();
    await letGo.passed;
    await until(() => service.streams.count === 0);
  });

  it('shows that it is alive', async () => {
    const service = await start(oneThenNothing(), { heartbeatSeconds: 0.02 });
    const stream = await follow(service);
    await until(() => (stream.text().match(/^: /gmu) ?? []).length >= 3);
  });

  it('ends with the session', async () => {
    let isAlive = true;
    const service = await start(oneThenNothing(), {
      heartbeatSeconds: 0.02,
      isSessionAlive: () => Promise.resolve(isAlive),
    });
    const stream = await follow(service);
    isAlive = false;
    await until(() => stream.text().endsWith('\r\n0\r\n\r\n'));
    await until(() => service.streams.count === 0);
  });

  it('ends with the access token', async () => {
    const service = await start(oneThenNothing(), { heartbeatSeconds: 0.02 });
    const stream = await follow(service, tokenOf('viewer', 1));
    expect(service.streams.count).to.equal(1);
    await until(() => stream.text().endsWith('\r\n0\r\n\r\n'));
  });

  it('stays, and stays alive, while nobody can tell whether its session does', async () => {
    const asked: string[] = [];
    const answers = [() => Promise.reject(new Error('no database')), () => new Promise<boolean>(() => undefined)];
    const service = await start(oneThenNothing(), {
      heartbeatSeconds: 0.02,
      isSessionAlive: (sessionId) => {
        asked.push(sessionId);
        return (answers[asked.length - 1] ?? (() => Promise.resolve(true)))();
      },
    });
    const stream = await follow(service);
    await until(() => asked.length === 2);
    const beats = stream.text().length;
    // The second question is never answered: neither does it hold up the streams nor is it asked a second time.
    await until(() => stream.text().length > beats + 100);
    expect(asked).to.have.length(2);
    expect(service.streams.count).to.equal(1);
  });

  it('makes no more events than the reader takes', async () => {
    let made = 0;
    const data = 'x'.repeat(100_000);
    const service = await start(async function* () {
      for (; made < 5_000; made += 1) yield await Promise.resolve({ id: made, event: 'news', data });
    });
    const { socket } = await follow(service);
    socket.pause();
    // Buffers of the system fill up; then it stands still.
    let seen = -1;
    for (let still = 0; still < 20; still = seen === made ? still + 1 : 0) {
      seen = made;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(made).to.be.below(1_000);
    socket.resume();
    await until(() => made > seen + 10);
  });

  it('is refused to a user who has too many', async () => {
    const service = await start(oneThenNothing(), { maxStreamsPerUser: 2 });
    const { socket } = await follow(service);
    await follow(service);
    const answer = await service.fetch('/news', { role: 'viewer' });
    expect(answer.status).to.equal(429);
    expect(((await answer.json()) as any).code).to.equal('too-many-streams');
    socket.destroy();
    await until(() => service.streams.count === 1);
    await follow(service);
  });

  it('ends when the service shuts down, with a hint when to come again, and no other begins', async () => {
    const service = await start(oneThenNothing());
    const stream = await follow(service);
    service.streams.close();
    await until(() => stream.text().endsWith('\r\n0\r\n\r\n'));
    expect(stream.text()).to.contain('\nretry: 1000\n\n');
    const answer = await service.fetch('/news', { role: 'viewer' });
    expect(answer.status).to.equal(503);
    expect(((await answer.json()) as any).code).to.equal('shutting-down');
  });
});
