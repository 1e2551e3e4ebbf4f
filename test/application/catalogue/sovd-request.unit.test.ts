import { expect } from 'chai';

import { TransientRefusal } from '#application/domain/sovd/transient-refusal.js';

import { emptyAnswer, jsonAnswer, rejection, runCommand, scriptedExchange, textAnswer } from './scripted-exchange.js';

describe('sovd-request', () => {
  it('an event stream: a response per event, and its end is the final one', async () => {
    const event = (value: number, isLast: boolean) =>
      isLast
        ? { ...emptyAnswer(200), kind: 'end-of-stream' as const }
        : { ...jsonAnswer({ value }), kind: 'event' as const, isLast };
    const exchange = scriptedExchange({ 'GET apps/a/stream': [event(1, false), event(2, false), event(3, true)] });
    const responses = await runCommand(
      'sovd-request',
      { method: 'GET', path: 'apps/a/stream', query: { tags: ['a', 'b'], x: '1' } },
      exchange,
    );
    expect(responses.map(({ subject, isFinal }) => [subject, isFinal])).to.deep.equal([
      ['event#0', false],
      ['event#1', false],
      ['end-of-stream#2', true],
    ]);
    expect(exchange.requests[0]?.query).to.deep.equal([
      ['tags', 'a'],
      ['tags', 'b'],
      ['x', '1'],
    ]);
    expect(responses[0]?.payload.request.path).to.equal('apps/a/stream?tags=a&tags=b&x=1');
  });

  it('any body of a 2xx: is fine, and stands as it was sent', async () => {
    const path = 'components/a%20b/modes/session';
    for (const answer of [jsonAnswer([1]), textAnswer('ok'), emptyAnswer(204)]) {
      const exchange = scriptedExchange({ [`GET ${path}`]: answer });
      const [response, ...others] = await runCommand('sovd-request', { method: 'GET', path }, exchange);
      expect(others).to.deep.equal([]);
      expect(response).to.include({ subject: 'plain#0', isFinal: true }).and.not.to.have.property('refusal');
      expect(response?.payload).to.deep.include({ body: answer.body, request: { method: 'GET', path } });
    }
  });

  it('the body: goes along as it is, also null, and is absent when there is none', async () => {
    const exchange = scriptedExchange({});
    for (const body of [{ value: 'extended' }, null, [], 'x', 0]) {
      await runCommand('sovd-request', { method: 'PUT', path: 'a', body }, exchange);
    }
    await runCommand('sovd-request', { method: 'DELETE', path: 'a' }, exchange);
    expect(exchange.requests.map((request) => ('body' in request ? request.body : 'absent'))).to.deep.equal([
      { value: 'extended' },
      null,
      [],
      'x',
      0,
      'absent',
    ]);
  });

  it('a refusal for now: is worth another try with GET alone', async () => {
    const exchange = (method: string) => scriptedExchange({ [`${method} a`]: emptyAnswer(503) });
    const error = await rejection(runCommand('sovd-request', { method: 'GET', path: 'a' }, exchange('GET')));
    expect(error).to.be.instanceOf(TransientRefusal);
    for (const method of ['PUT', 'DELETE', 'POST', 'PATCH']) {
      const [response] = await runCommand('sovd-request', { method, path: 'a' }, exchange(method));
      expect(response, method).to.include({ isFinal: true }).and.to.have.property('refusal');
    }
  });

  it('a gateway error: leaves the outcome unknown for all that may change the vehicle, and is a refusal for GET', async () => {
    for (const method of ['PUT', 'DELETE', 'POST', 'PATCH']) {
      const exchange = scriptedExchange({ [`${method} a`]: emptyAnswer(500) });
      const [response] = await runCommand('sovd-request', { method, path: 'a' }, exchange);
      expect(response, method).to.include({ isOutcomeUnknown: true, isFinal: true });
    }
    const exchange = scriptedExchange({ 'GET a': emptyAnswer(500) });
    const [response] = await runCommand('sovd-request', { method: 'GET', path: 'a' }, exchange);
    expect(response).to.have.property('refusal');
    expect(response).not.to.have.property('isOutcomeUnknown');
  });

  it('an execution: a response per state, the last one final', async () => {
    const state = (status: string, isLast: boolean) => ({
      ...jsonAnswer({ status }, isLast ? 200 : 202),
      kind: 'execution' as const,
      executionStatus: status,
      isLast,
    });
    const exchange = scriptedExchange({ 'PUT updates/u/execute': [state('running', false), state('completed', true)] });
    const responses = await runCommand('sovd-request', { method: 'PUT', path: 'updates/u/execute' }, exchange);
    expect(responses.map(({ subject, isFinal }) => [subject, isFinal])).to.deep.equal([
      ['execution#0', false],
      ['execution#1', true],
    ]);
  });
});
