import { expect } from 'chai';

import { emptyAnswer, jsonAnswer, runCommand, scriptedExchange, textAnswer } from './scripted-exchange.js';

const entity = 'components/ecu';

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
    const exchange = scriptedExchange({ 'PUT components/ecu/data/d': textAnswer('ok') });
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

  it('clear-faults: 204 and 200 with whatever body are a success', async () => {
    for (const answer of [emptyAnswer(204), jsonAnswer({ ok: true }), textAnswer('cleared')]) {
      const exchange = scriptedExchange({ 'DELETE components/ecu/faults': answer });
      const [response, ...others] = await runCommand('clear-faults', { entity }, exchange);
      expect(response).to.include({ subject: 'faults', isFinal: true }).and.not.to.have.property('refusal');
      expect(others).to.deep.equal([]);
    }
  });

  for (const status of [404, 405, 501]) {
    it(`clear-faults: a vehicle that cannot clear a single one says ${status}, and nothing else is asked of it`, async () => {
      const exchange = scriptedExchange({
        'DELETE components/ecu/faults/P1': emptyAnswer(status),
        'DELETE components/ecu/faults': emptyAnswer(204),
      });
      const [response] = await runCommand('clear-faults', { entity, fault_code: 'P1' }, exchange);
      expect(response).to.include({ isFinal: true }).and.to.have.property('refusal');
      expect(response).not.to.have.property('isOutcomeUnknown');
      expect(exchange.requests.map(({ path }) => path)).to.deep.equal(['components/ecu/faults/P1']);
    });
  }

  it('a vehicle that is busy for now: is a refusal, never thrown as worth another try', async () => {
    const orders = [
      ['clear-faults', { entity }, 'DELETE components/ecu/faults'],
      ['write-data', { entity, data_id: 'd', value: 1 }, 'PUT components/ecu/data/d'],
      ['execute-operation', { entity, operation_id: 'o' }, 'POST components/ecu/operations/o/executions'],
    ] as const;
    for (const [name, parameters, request] of orders) {
      const exchange = scriptedExchange({ [request]: jsonAnswer({ error_code: 'error-response' }, 503) });
      const [response] = await runCommand(name, parameters, exchange);
      expect(response, name).to.include({ isFinal: true }).and.to.have.nested.property('refusal.code', 'vehicle-error');
      expect(exchange.requests, name).to.have.length(1);
    }
  });

  it('execute-operation: sends only what was given', async () => {
    const request = 'POST components/ecu/operations/o%2Fp/executions';
    const exchange = scriptedExchange({ [request]: jsonAnswer({ parameters: { ok: 1 } }) });
    const operation = { entity, operation_id: 'o/p' };
    await runCommand('execute-operation', operation, exchange);
    await runCommand('execute-operation', { ...operation, timeout: 5 }, exchange);
    await runCommand('execute-operation', { ...operation, parameters: {}, timeout: 5 }, exchange);
    expect(exchange.requests.map(({ body }) => body)).to.deep.equal([
      {},
      { timeout: 5 },
      { timeout: 5, parameters: {} },
    ]);
  });

  it('execute-operation: one that ends at once is one final response', async () => {
    const request = 'POST components/ecu/operations/o/executions';
    for (const [answer, result] of [
      [jsonAnswer({ parameters: { ok: 1 } }), { execution_status: 'completed', parameters: { ok: 1 } }],
      [emptyAnswer(204), { execution_status: 'completed' }],
      [jsonAnswer({ id: 'e1' }, 202), { execution_status: 'running', execution_id: 'e1' }],
    ] as const) {
      const responses = await runCommand(
        'execute-operation',
        { entity, operation_id: 'o' },
        scriptedExchange({ [request]: answer }),
      );
      expect(responses).to.have.length(1);
      expect(responses[0]).to.include({ isFinal: true }).and.not.to.have.property('refusal');
      expect(responses[0]?.payload.result).to.deep.equal(result);
    }
  });

  it('execute-operation: what a failed execution has given is read, beside the refusal', async () => {
    const error = [{ path: '/', error: { error_code: 'error-response', message: 'jammed' } }];
    const failed = {
      ...jsonAnswer({ status: 'failed', parameters: { turns: 3 }, error }),
      kind: 'execution' as const,
      executionStatus: 'failed',
    };
    const exchange = scriptedExchange({ 'POST components/ecu/operations/o/executions': failed });
    const [response] = await runCommand('execute-operation', { entity, operation_id: 'o' }, exchange);
    expect(response?.refusal?.message).to.include('jammed');
    expect(response?.payload.result).to.deep.equal({
      execution_status: 'failed',
      parameters: { turns: 3 },
      errors: error,
    });
  });

  it('execute-operation: one that is stopped because we asked says so, and is no refusal', async () => {
    const stopped = {
      ...emptyAnswer(204),
      kind: 'execution' as const,
      executionStatus: 'stopped',
      isStopped: true,
    };
    const exchange = scriptedExchange({ 'POST components/ecu/operations/o/executions': stopped });
    const [response] = await runCommand('execute-operation', { entity, operation_id: 'o' }, exchange);
    expect(response).to.include({ isStopped: true, isFinal: true }).and.not.to.have.property('refusal');
    expect(response?.payload.result).to.deep.equal({ execution_status: 'stopped' });
  });

  it('execute-operation: one that is gone from the vehicle has an unknown outcome', async () => {
    const gone = { ...jsonAnswer({ message: 'no such execution' }, 404), kind: 'execution' as const };
    const exchange = scriptedExchange({
      'POST components/ecu/operations/o/executions': { ...gone, executionStatus: 'gone' },
    });
    const [response] = await runCommand('execute-operation', { entity, operation_id: 'o' }, exchange);
    expect(response).to.include({ isOutcomeUnknown: true, isFinal: true });
    expect(response?.payload.result).to.equal(undefined);
  });
});
