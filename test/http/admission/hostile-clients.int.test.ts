import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';
import { z } from 'zod';

import type { createApp } from '#http/app.js';
import { endpoint } from '#http/endpoint.js';
import { ok } from '#http/reply.js';
import { listen, type HttpServer } from '#http/server.js';

import { expectProblem } from '../expect-problem.js';
import { sendRaw, type RawAnswer } from '../raw-request.js';
import { serve, type ServedEndpoints } from '../foundation/served-endpoints.js';

const echo = endpoint({
  method: 'post',
  path: '/echo',
  operationId: 'echo',
  tag: 'Echo',
  summary: 'Echo',
  role: 'anonymous',
  access: 'read',
  body: z.object({ a: z.unknown().optional(), text: z.string().optional() }),
  replies: { 200: { description: 'Taken', schema: z.object({ taken: z.boolean() }) } },
  handle: () => Promise.resolve(true),
  reply: (taken) => ok({ taken }),
});

function expectRefusal({ status, headers, text }: RawAnswer, wantedStatus: number, code: string): void {
  expectProblem({ status, headers, body: JSON.parse(text) }, wantedStatus, code);
}

describe('clients that mean no good', () => {
  let served: ServedEndpoints;
  before(async () => {
    served = await serve([echo], { maxBodyBytes: 1000, corsOrigins: ['https://app.example.com'] });
  });
  after(() => served.stop());

  const post = (body: string, fields: readonly string[] = [`Content-Length: ${Buffer.byteLength(body)}`]) =>
    sendRaw(
      served.url,
      ['POST /api/v1/echo HTTP/1.1', 'Host: x', 'Connection: close', 'Content-Type: application/json', ...fields]
        .concat('', body)
        .join('\r\n'),
    );

  it('are told that a body is too large, whether its length was announced or not', async () => {
    const large = JSON.stringify({ text: 'x'.repeat(1000) });
    expectRefusal(await post(large), 413, 'body-too-large');
    const chunk = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
    expectRefusal(await post(chunk, ['Transfer-Encoding: chunked']), 413, 'body-too-large');
    expectRefusal(await post('{', ['Content-Length: 99999999999']), 413, 'body-too-large');
  });

  it('are told that a body is nested too deep', async () => {
    expectRefusal(await post(`{"a":${'['.repeat(400)}${']'.repeat(400)}}`), 400, 'invalid-request');
    expect((await post('{"a":[[[[1]]]]}')).status).to.equal(200);
  });

  it('are told that the header has too many fields, or is too long', async () => {
    const fields = Array.from({ length: 120 }, (_, index) => `X-${index}: 1`);
    expectRefusal(await post('{}', ['Content-Length: 2', ...fields]), 400, 'malformed-request');
    expect((await post('{}', ['Content-Length: 2', ...fields.slice(0, 90)])).status).to.equal(200);
    const long = Array.from({ length: 20 }, (_, index) => `X-${index}: ${'x'.repeat(1000)}`);
    expectRefusal(await post('{}', ['Content-Length: 2', ...long]), 431, 'malformed-request');
  });

  it('are told by CORS what a page may send and read, and for how long that holds', async () => {
    const preflight = await fetch(`${served.url}/api/v1/echo`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example.com',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,idempotency-key',
      },
    });
    const list = (name: string) => preflight.headers.get(name)?.toLowerCase().split(/,\s*/u);
    expect(preflight.status).to.equal(204);
    expect(list('access-control-allow-methods')).to.include.members(['get', 'post', 'patch', 'delete']);
    expect(list('access-control-allow-headers')).to.include.members([
      'authorization',
      'content-type',
      'idempotency-key',
      'prefer',
    ]);
    expect(preflight.headers.get('access-control-max-age')).to.equal('600');
    expect(preflight.headers.get('access-control-allow-credentials')).to.equal(null);
    const answer = await fetch(`${served.url}/api/v1/echo`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json', origin: 'https://app.example.com' },
    });
    expect(answer.headers.get('access-control-expose-headers')?.split(',')).to.include.members([
      'RateLimit',
      'Retry-After',
      'Location',
    ]);
    const foreign = await fetch(`${served.url}/health/live`, { headers: { origin: 'https://evil.example' } });
    expect(foreign.headers.get('access-control-allow-origin')).to.equal(null);
  });

  describe('that are slow', () => {
    let server: HttpServer;
    const sockets: Socket[] = [];
    before(async () => {
      const app = ((...[request, response]: any[]) => {
        request.resume().on('end', () => response.end('done'));
      }) as unknown as ReturnType<typeof createApp>;
      const limits = { headerTimeoutMillis: 150, receiveTimeoutMillis: 300, checkMillis: 30 };
      server = await listen(app, { host: '127.0.0.1', port: 0, ...limits });
    });
    after(async () => {
      for (const socket of sockets) socket.destroy();
      await server.close(0);
    });

    /** Drips one byte after the other until the server has enough. */
    async function drip(start: string, byte: string): Promise<string> {
      const socket = connect(server.port, '127.0.0.1');
      sockets.push(socket);
      let text = '';
      socket.on('data', (bytes) => (text += String(bytes))).on('error', () => undefined);
      socket.write(start);
      const closed = once(socket, 'close');
      while (!socket.destroyed) {
        if (socket.writable) socket.write(byte);
        await Promise.race([closed, sleep(20)]);
      }
      return text;
    }

    it('with their header are cut off with 408', async () => {
      expect(await drip('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'a')).to.match(/^HTTP\/1\.1 408 /u);
    });

    it('with their body are cut off with 408', async () => {
      const text = await drip('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n', 'a');
      expect(text)
        .to.match(/^HTTP\/1\.1 408 /u)
        .and.contain('malformed-request');
    });
  });
});
