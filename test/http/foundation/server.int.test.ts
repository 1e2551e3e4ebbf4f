import { once } from 'node:events';
import { connect } from 'node:net';

import { expect } from 'chai';
import { z } from 'zod';

import { waitingEndpoint } from '#http/endpoint.js';
import { ok } from '#http/reply.js';
import { listen } from '#http/server.js';

import { closedGate, type Gate } from './gate.js';
import { serve, until, type ServedEndpoints } from './served-endpoints.js';

/** GET /wait: answers when the gate is open. */
function wait(came: Gate, gate: Gate) {
  return waitingEndpoint({
    method: 'get',
    path: '/wait',
    operationId: 'wait',
    tag: 'Waiting',
    summary: 'Wait',
    role: 'anonymous',
    replies: { 200: { description: 'It came', schema: z.object({ came: z.boolean() }) } },
    handle: () => {
      came.open();
      return gate.passed;
    },
    reply: () => ok({ came: true }),
  });
}

describe('listen', () => {
  let served: ServedEndpoints;
  let came: Gate;
  let gate: Gate;
  beforeEach(async () => {
    came = closedGate();
    gate = closedGate();
    served = await serve([wait(came, gate)]);
  });
  afterEach(async () => {
    gate.open();
    await served.stop();
  });

  it('says what to change when the port is taken', async () => {
    const another = listen((() => undefined) as never, { host: '127.0.0.1', port: served.server.port });
    const message = await another.then(
      () => 'it listens',
      (error: unknown) => (error as Error).message,
    );
    expect(message).to.contain(String(served.server.port)).and.contain('PORT');
  });

  it('closes: takes no more connections, finishes what runs, waits for no idle connection', async () => {
    const idle = connect(served.server.port, '127.0.0.1');
    idle.on('error', () => undefined).resume();
    await once(idle, 'connect');
    const answer = served.fetch('/wait');
    await came.passed;
    let isClosed = false;
    const closed = served.server.close(60_000).then(() => (isClosed = true));
    const refused = connect(served.server.port, '127.0.0.1');
    await once(refused, 'error');
    expect(isClosed).to.equal(false);
    gate.open();
    expect(await (await answer).json()).to.deep.equal({ came: true });
    await closed;
  });

  it('cuts off what does not end in time', async () => {
    const answer = served.fetch('/wait').then(
      () => 'answered',
      () => 'cut off',
    );
    await came.passed;
    await served.server.close(20);
    expect(await answer).to.equal('cut off');
  });

  it('answers nothing in the middle of another answer', async () => {
    const socket = connect(served.server.port, '127.0.0.1');
    let text = '';
    socket.on('data', (bytes) => (text += String(bytes))).on('error', () => undefined);
    socket.write('GET /api/v1/wait HTTP/1.1\r\nHost: x\r\n\r\nno HTTP\r\n\r\n');
    await until(() => socket.destroyed || socket.readableEnded);
    expect(text).to.equal('');
  });
});
