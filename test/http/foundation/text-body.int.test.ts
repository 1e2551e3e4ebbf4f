import { expect } from 'chai';
import { z } from 'zod';

import { endpoint } from '#http/endpoint.js';
import { ok } from '#http/reply.js';

import { expectProblem } from '../expect-problem.js';
import { serve, type ServedEndpoints } from './served-endpoints.js';

const echo = endpoint({
  method: 'post',
  path: '/echo',
  operationId: 'echo',
  tag: 'Echo',
  summary: 'Says what it heard',
  role: 'viewer',
  access: 'read',
  textBody: { mediaType: 'text/csv', maxBytes: 20_000 },
  body: z.string(),
  replies: { 200: { description: 'What was heard', schema: z.object({ heard: z.string() }) } },
  handle: (_work, _actor, { body }) => Promise.resolve({ heard: body }),
  reply: (heard) => ok(heard),
});

/** Expects a whole problem. */
async function expectRefusal(answering: Promise<Response>, status: number, code: string): Promise<void> {
  const answer = await answering;
  expectProblem({ status: answer.status, headers: answer.headers, body: await answer.json() }, status, code);
}

describe('a route that takes a text', () => {
  let served: ServedEndpoints;
  before(async () => (served = await serve([echo])));
  after(() => served.stop());

  const send = (body: string | Uint8Array, type = 'text/csv', headers: Record<string, string> = {}) =>
    served.fetch('/echo', {
      method: 'POST',
      role: 'viewer',
      body: typeof body === 'string' ? body : new Uint8Array(body),
      headers: { 'content-type': type, ...headers },
    });

  it('gets it as one string, up to a limit of its own', async () => {
    const text = `vin,make\r\n1,"M\u00e9"\r\n${'x'.repeat(15_000)}`;
    for (const type of ['text/csv', 'text/csv; charset=utf-8', 'text/csv; charset="UTF-8"; header=present']) {
      expect(await (await send(text, type)).json()).to.deep.equal({ heard: text });
    }
    await expectRefusal(send('x'.repeat(20_001)), 413, 'body-too-large');
  });

  it('refuses other types, other charsets, other encodings and what is no UTF-8', async () => {
    await expectRefusal(send('{}', 'application/json'), 415, 'unsupported-media-type');
    await expectRefusal(send('a', 'text/csv; charset=latin1'), 415, 'unsupported-media-type');
    await expectRefusal(send('a', 'text/csv', { 'content-encoding': 'gzip' }), 415, 'unsupported-media-type');
    await expectRefusal(send(Buffer.from([0x61, 0xff])), 400, 'malformed-request');
  });

  it('refuses no body at all, and characters that no place can hold', async () => {
    await expectRefusal(served.fetch('/echo', { method: 'POST', role: 'viewer' }), 400, 'invalid-request');
    await expectRefusal(send('a\0b'), 400, 'invalid-request');
  });
});
