import { expect } from 'chai';

import { TransientRefusal } from '#application/domain/sovd/transient-refusal.js';

import { emptyAnswer, jsonAnswer, runCommand, scriptedExchange } from './scripted-exchange.js';

const entity = 'components/ecu';

const rejection = async (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('read-faults', () => {
  const list = {
    items: [
      {
        code: 'P0301',
        fault_name: 'Misfire',
        severity: 2,
        scope: 'OBD',
        status: { confirmedDTC: '1', testFailed: '0', mask: '0x01' },
      },
      { code: 17, fault_name: 'Other', severity: 4, scope: 'Default', status: { confirmed_dtc: false } },
    ],
  };

  it('a list: one final response with the faults in one form, beside the raw body', async () => {
    const [response, ...others] = await runCommand(
      'read-faults',
      { entity },
      scriptedExchange({ 'GET components/ecu/faults': jsonAnswer(list) }),
    );
    expect(others).to.deep.equal([]);
    expect(response).to.include({ subject: 'faults', isFinal: true });
    expect(response?.payload.body).to.deep.equal({ encoding: 'json', value: list });
    expect(response?.payload.result).to.deep.equal({
      faults: [
        {
          code: 'P0301',
          fault_name: 'Misfire',
          severity: 2,
          scope: 'OBD',
          status: { confirmed: true, test_failed: false, mask: '0x01' },
        },
        { code: '17', fault_name: 'Other', severity: 4, scope: 'Default', status: { confirmed: false } },
      ],
    });
  });

  for (const [server, body] of Object.entries({
    'a bare array': [{ code: 'P1' }],
    'a list under value': { value: [{ code: 'P1' }] },
    'fault_code and one word of status': { items: [{ fault_code: 'P1', status: 'CONFIRMED', severity: 'error' }] },
  })) {
    it(`${server}: is understood`, async () => {
      const [response] = await runCommand(
        'read-faults',
        { entity },
        scriptedExchange({ 'GET components/ecu/faults': jsonAnswer(body) }),
      );
      expect(response?.refusal).to.equal(undefined);
      expect(response?.payload.result).to.have.nested.property('faults[0].code', 'P1');
    });
  }

  it('filters: go along in the vendor form, and are applied again', async () => {
    const exchange = scriptedExchange({ 'GET components/ecu/faults': jsonAnswer(list) });
    const wanted = { entity, severity: 3, scope: 'OBD', status: { confirmedDTC: '1' } };
    const [response] = await runCommand('read-faults', wanted, exchange);
    expect(exchange.requests[0]?.query).to.deep.equal([
      ['status[confirmedDTC]', '1'],
      ['severity', '3'],
      ['scope', 'OBD'],
    ]);
    expect(response?.payload.result).to.have.nested.property('faults.length', 1);
  });

  it('details: a response per fault, the last one final, codes encoded', async () => {
    const exchange = scriptedExchange({
      'GET components/ecu/faults': jsonAnswer({ items: [{ code: 'a/b' }, { code: 'P2' }, { code: 'P2' }] }),
      'GET components/ecu/faults/a%2Fb': jsonAnswer({ item: { code: 'a/b' }, environment_data: { speed: 3 } }),
      'GET components/ecu/faults/P2': jsonAnswer({ item: { code: 'P2' } }),
    });
    const responses = await runCommand('read-faults', { entity, details: true }, exchange);
    expect(responses.map(({ subject, isFinal }) => [subject, isFinal])).to.deep.equal([
      ['faults', false],
      ['faults/a/b', false],
      ['faults/P2', true],
    ]);
    expect(responses[1]?.payload.result).to.deep.equal({
      fault: { code: 'a/b', status: {} },
      environment_data: { speed: 3 },
    });
  });

  it('a detail that the vehicle refuses: the others are read all the same', async () => {
    const exchange = scriptedExchange({
      'GET components/ecu/faults': jsonAnswer({ items: [{ code: 'P1' }, { code: 'P2' }] }),
      'GET components/ecu/faults/P2': jsonAnswer({ item: { code: 'P2' } }),
    });
    const responses = await runCommand('read-faults', { entity, details: true }, exchange);
    expect(responses.map(({ refusal }) => refusal?.code)).to.deep.equal([undefined, 'vehicle-rejected', undefined]);
  });

  it('no list in the answer: an invalid response', async () => {
    const [response] = await runCommand(
      'read-faults',
      { entity },
      scriptedExchange({ 'GET components/ecu/faults': jsonAnswer({ faults: 3 }) }),
    );
    expect(response)
      .to.include({ isFinal: true })
      .and.to.have.nested.property('refusal.code', 'vehicle-invalid-response');
  });

  it('a refusal for now: is thrown with the response that stands if nobody asks again', async () => {
    const answer = { ...jsonAnswer({ message: 'busy' }, 503), retryAfterSeconds: 7 };
    const error = await rejection(
      runCommand('read-faults', { entity }, scriptedExchange({ 'GET components/ecu/faults': answer })),
    );
    if (!(error instanceof TransientRefusal)) throw new Error('a transient refusal was expected');
    expect(error).to.include({ code: 'vehicle-error', isTransient: true, neverSent: false, retryAfterSeconds: 7 });
    expect(error.response).to.include({ isFinal: true }).and.to.have.nested.property('payload.status', 503);
  });
});

describe('read-data', () => {
  it('several items: a response each, from `data` or `value`, ids encoded, the last one final', async () => {
    const exchange = scriptedExchange({
      'GET components/ecu/data/a%2Fb': jsonAnswer({ id: 'a/b', data: 1 }),
      'GET components/ecu/data/v': jsonAnswer({ id: 'v', value: [2], unit: 'km' }),
    });
    const responses = await runCommand('read-data', { entity, data_ids: ['a/b', 'v', 'gone'] }, exchange);
    expect(responses.map(({ subject, isFinal }) => [subject, isFinal])).to.deep.equal([
      ['data/a/b', false],
      ['data/v', false],
      ['data/gone', true],
    ]);
    expect(responses.map(({ payload }) => payload.result)).to.deep.equal([
      { data_id: 'a/b', value: 1 },
      { data_id: 'v', value: [2], unit: 'km' },
      undefined,
    ]);
    expect(responses[2]?.refusal?.code).to.equal('vehicle-rejected');
  });

  it('a refusal for now of a later item: is a response, not a reason to begin again', async () => {
    const exchange = scriptedExchange({
      'GET components/ecu/data/a': jsonAnswer({ data: 1 }),
      'GET components/ecu/data/b': emptyAnswer(503),
    });
    const responses = await runCommand('read-data', { entity, data_ids: ['a', 'b'] }, exchange);
    expect(responses[1]?.refusal?.code).to.equal('vehicle-error');
  });
});

describe('commands that change the vehicle', () => {
  it('clear-faults: one fault, all, or a scope; never all instead of one', async () => {
    const exchange = scriptedExchange({ 'DELETE components/ecu/faults': emptyAnswer(204) });
    await runCommand('clear-faults', { entity }, exchange);
    await runCommand('clear-faults', { entity, scope: 'OBD' }, exchange);
    const [refused] = await runCommand('clear-faults', { entity, fault_code: 'P0301' }, exchange);
    expect(exchange.requests.map(({ path, query }) => [path, query])).to.deep.equal([
      ['components/ecu/faults', undefined],
      ['components/ecu/faults', [['scope', 'OBD']]],
      ['components/ecu/faults/P0301', undefined],
    ]);
    expect(refused?.refusal?.code).to.equal('vehicle-rejected');
  });

  it('write-data: PUT with data; any 2xx with any body is a success', async () => {
    const text = { ...emptyAnswer(200), mediaType: 'text/plain', body: { encoding: 'text', value: 'ok' } } as const;
    const exchange = scriptedExchange({ 'PUT components/ecu/data/d': text });
    const [response] = await runCommand('write-data', { entity, data_id: 'd', value: { a: 1 } }, exchange);
    expect(exchange.requests[0]?.body).to.deep.equal({ data: { a: 1 } });
    expect(response).to.include({ isFinal: true }).and.not.to.have.property('refusal');
  });

  it('a 502 without words: nobody can know, and no second try', async () => {
    const exchange = scriptedExchange({ 'PUT components/ecu/data/d': emptyAnswer(502) });
    const [response] = await runCommand('write-data', { entity, data_id: 'd', value: 1 }, exchange);
    expect(response).to.include({ isOutcomeUnknown: true, isFinal: true });
    expect(exchange.requests).to.have.length(1);
  });

  it('execute-operation: a response per state of the execution, the last one final', async () => {
    const path = 'POST components/ecu/operations/test/executions';
    const state = (status: string, isLast: boolean) => ({
      ...jsonAnswer({ id: 'e1', status, parameters: { progress: 1 } }, isLast ? 200 : 202),
      kind: 'execution' as const,
      executionStatus: status,
      isLast,
    });
    const exchange = scriptedExchange({ [path]: [state('running', false), state('completed', true)] });
    const responses = await runCommand(
      'execute-operation',
      { entity, operation_id: 'test', parameters: { speed: 1 } },
      exchange,
    );
    expect(exchange.requests[0]?.body).to.deep.equal({ parameters: { speed: 1 } });
    expect(responses.map(({ subject, isFinal }) => [subject, isFinal])).to.deep.equal([
      ['execution#0', false],
      ['execution#1', true],
    ]);
    expect(responses[1]?.payload.result).to.deep.equal({
      execution_status: 'completed',
      execution_id: 'e1',
      parameters: { progress: 1 },
    });
  });

  it('execute-operation: an execution that failed on the vehicle is a refusal', async () => {
    const failed = {
      ...jsonAnswer({ status: 'failed', error: [{ path: '/', error: { message: 'jammed' } }] }),
      kind: 'execution' as const,
      executionStatus: 'failed',
    };
    const exchange = scriptedExchange({ 'POST components/ecu/operations/test/executions': failed });
    const [response] = await runCommand('execute-operation', { entity, operation_id: 'test' }, exchange);
    expect(response?.refusal).to.have.property('code', 'vehicle-error');
  });
});

describe('discover', () => {
  it('a vehicle: a response per entity with what it offers, sub-entities once, the last one final', async () => {
    const exchange = scriptedExchange({
      'GET components': jsonAnswer({
        items: [
          { id: 'ecu', name: 'ECU' },
          { id: 'gw', name: 'Gateway' },
        ],
      }),
      'GET apps': emptyAnswer(501),
      'GET components/ecu': jsonAnswer({
        id: 'ecu',
        name: 'ECU',
        data: './data',
        faults: './faults',
        operations: './operations',
      }),
      'GET components/ecu/data': jsonAnswer({ items: [{ id: 'speed', name: 'Speed' }] }),
      'GET components/ecu/operations': jsonAnswer({ items: [{ id: 'test' }] }),
      'GET components/gw': jsonAnswer({
        id: 'gw',
        capabilities: { read_data: false, faults: true },
        subcomponents: './subcomponents',
      }),
      'GET components/gw/subcomponents': jsonAnswer({ items: [{ id: 'ecu' }, { id: 'child' }] }),
      'GET components/child': jsonAnswer({ id: 'child' }),
    });
    const responses = await runCommand('discover', {}, exchange);
    expect(responses.map(({ subject, isFinal }) => [subject, isFinal])).to.deep.equal([
      ['components/ecu', false],
      ['components/gw', false],
      ['components/child', true],
    ]);
    expect(responses[0]?.payload.result).to.deep.equal({
      entity: 'components/ecu',
      name: 'ECU',
      offers: ['data', 'faults', 'operations'],
      data: [{ id: 'speed', name: 'Speed' }],
      operations: [{ id: 'test' }],
    });
    expect(responses[1]?.payload.result).to.have.deep.property('offers', ['faults']);
  });

  it('a vehicle without entities: still one final response', async () => {
    const responses = await runCommand(
      'discover',
      {},
      scriptedExchange({ 'GET components': jsonAnswer({ items: [] }) }),
    );
    expect(responses).to.have.length(1);
    expect(responses[0]).to.include({ isFinal: true }).and.not.to.have.property('refusal');
  });

  it('one entity: only that and what is below it', async () => {
    const exchange = scriptedExchange({ 'GET components/ecu': jsonAnswer({ id: 'ecu' }) });
    const responses = await runCommand('discover', { entity }, exchange);
    expect(responses.map(({ subject }) => subject)).to.deep.equal(['components/ecu']);
    expect(exchange.requests).to.have.length(1);
  });
});

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
});
