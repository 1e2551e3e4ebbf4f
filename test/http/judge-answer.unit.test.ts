import { expect } from 'chai';
import { z } from 'zod';

import { endpoint, eventStream } from '#http/endpoint.js';
import { openApiDocument } from '#http/openapi.js';
import { ok } from '#http/reply.js';
import type { ApiDocument } from '#support/contract/api-document.js';
import { judgeBy, type SentAnswer } from '#support/contract/judge-answer.js';
import { countContract, SeenAnswers } from '#support/contract/seen-answers.js';

const car = z.object({ car_id: z.guid(), built_at: z.iso.datetime() }).meta({ id: 'Car' });
const endpoints = [
  endpoint({
    method: 'get',
    path: '/cars/{car_id}',
    operationId: 'showCar',
    tag: 'Cars',
    summary: 'Show',
    role: 'engineer',
    access: 'read',
    params: z.object({ car_id: z.guid() }),
    replies: { 200: { description: 'The car', schema: car, headers: { Location: 'Where it is' } } },
    errors: ['vehicle-not-found'],
    handle: () => Promise.resolve({ car_id: '', built_at: '' }),
    reply: (shown) => ok(shown),
  }),
  eventStream({
    path: '/cars/{car_id}/events',
    operationId: 'followCar',
    tag: 'Cars',
    summary: 'Follow',
    role: 'viewer',
    params: z.object({ car_id: z.guid() }),
    events: { moved: { description: 'It moved', schema: z.object({ metres: z.int() }) } },
    handle: () => Promise.resolve((async function* () {})()),
    present: () => ({ id: 1, event: 'moved', data: null }),
  }),
];
const document = JSON.parse(
  JSON.stringify(openApiDocument({ version: '1', prefix: '/api/v1', endpoints, operationPaths: {} })),
) as ApiDocument;

const id = '0190c0de-0000-7000-8000-000000000000';
const path = `/api/v1/cars/${id}`;
const limits = { 'ratelimit-policy': '"user";q=10;w=60', ratelimit: '"user";r=9;t=60' };
const good: SentAnswer = {
  method: 'GET',
  path,
  status: 200,
  headers: { 'content-type': 'application/json', 'x-request-id': 'a', location: path, ...limits },
  body: JSON.stringify({ car_id: id, built_at: '2026-01-01T00:00:00Z' }),
};
const problem = (status: number, code: string, more: Record<string, string> = {}): SentAnswer => ({
  ...good,
  status,
  headers: { 'content-type': 'application/problem+json', 'x-request-id': 'a', ...more },
  body: JSON.stringify({ type: 'urn:x', title: 'X', status, detail: 'X.', instance: path, code, request_id: 'a' }),
});

describe('the check of answers', () => {
  const { judge, judgeEvent } = judgeBy(document);
  const complaintsOf = (answer: Partial<SentAnswer>): string => judge({ ...good, ...answer }).complaints.join('\n');

  it('has nothing to say of what is documented', () => {
    expect(judge(good)).to.deep.equal({ operationId: 'showCar', code: undefined, complaints: [] });
    const refusal = problem(404, 'vehicle-not-found');
    expect(judge(refusal)).to.deep.equal({ operationId: 'showCar', code: 'vehicle-not-found', complaints: [] });
    expect(complaintsOf({ method: 'HEAD', body: '' })).to.equal('');
  });

  const wrong: Record<string, readonly [Partial<SentAnswer>, string]> = {
    'a status that is not documented': [{ status: 201 }, 'the status 201'],
    'a code that is not documented': [problem(404, 'command-not-found'), '/code'],
    'a field too many': [{ body: JSON.stringify({ ...JSON.parse(good.body), wheels: 4 }) }, '"wheels"'],
    'a field too few': [{ body: JSON.stringify({ car_id: id }) }, 'built_at'],
    'a value of the wrong form': [{ body: JSON.stringify({ car_id: id, built_at: 'today' }) }, '/built_at'],
    'a body that is no JSON': [{ body: 'hello' }, 'not JSON'],
    'another content type': [{ headers: { ...good.headers, 'content-type': 'text/plain' } }, '"text/plain"'],
    'a header that is missing': [{ headers: { 'content-type': 'application/json', 'x-request-id': 'a' } }, 'location'],
    'a header that nobody documented': [{ headers: { ...good.headers, 'x-debug': 'yes' } }, 'x-debug'],
    'a challenge that is missing': [problem(401, 'not-authenticated'), 'www-authenticate'],
    'an answer where nothing is': [{ path: '/api/v1/cars', body: '{}' }, 'no operation'],
    'a refusal in its own words where nothing is': [{ ...problem(404, 'gone'), path: '/x' }, 'gone'],
  };
  for (const [what, [answer, told]] of Object.entries(wrong)) {
    it(`finds ${what}`, () => {
      expect(complaintsOf(answer)).to.contain(told);
    });
  }

  it('takes problems where nothing is', () => {
    expect(complaintsOf({ ...problem(404, 'no-such-route'), path: '/nowhere' })).to.equal('');
    expect(complaintsOf({ ...problem(431, 'malformed-request'), path: '' })).to.equal('');
  });

  it('reads the events of a stream', () => {
    const told = (text: string): string => judgeEvent('GET', `${path}/events`, text).join('\n');
    expect(told('id: 1\nevent: moved\ndata: {"metres":5}')).to.equal('');
    expect(told(': still here')).to.equal('');
    expect(told('id: 1\nevent: moved\ndata: {"metres":"far"}')).to.contain('/metres');
    expect(told('id: 1\nevent: stopped\ndata: {}')).to.contain('"stopped" is not documented');
  });

  it('counts what the processes of a run have seen together, and what none of them has', () => {
    const [one, other] = [new SeenAnswers(), new SeenAnswers()];
    one.add('showCar', 200, undefined);
    other.add('showCar', 404, 'vehicle-not-found');
    other.add(undefined, 404, 'no-such-route');
    const { missing, ...count } = countContract(document, [one.toJSON(), other.toJSON()]);
    expect(count).to.include({ answers: 3, operations: 2, succeeded: 1, seenErrors: 1 });
    expect(missing).to.include.members(['showCar 401 invalid-token', 'followCar 200', 'showCar 403 role-insufficient']);
    expect(missing).not.to.include.members(['showCar 200']);
    expect(missing).not.to.include.members(['showCar 404 vehicle-not-found']);
    expect(missing).to.have.lengthOf(count.errors - count.seenErrors + 1);
  });
});
