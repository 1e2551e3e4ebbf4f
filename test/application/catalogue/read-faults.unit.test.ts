import { expect } from 'chai';

import { TransientRefusal } from '#application/domain/sovd/transient-refusal.js';

import { emptyAnswer, jsonAnswer, rejection, runCommand, scriptedExchange, textAnswer } from './scripted-exchange.js';

const entity = 'components/ecu';

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

  it('how many faults there are: is told when the vehicle tells it', async () => {
    const answer = jsonAnswer({ items: [{ code: 'P1', severity: 4 }], total: 12 });
    const exchange = scriptedExchange({ 'GET components/ecu/faults': answer });
    const [response] = await runCommand('read-faults', { entity, severity: 3 }, exchange);
    expect(response?.payload.result).to.deep.equal({ faults: [], total_on_vehicle: 12 });
  });

  it('details: only of the faults that are left after the filters', async () => {
    const exchange = scriptedExchange({ 'GET components/ecu/faults': jsonAnswer(list) });
    await runCommand('read-faults', { entity, severity: 3, details: true }, exchange);
    expect(exchange.requests.map(({ path }) => path)).to.deep.equal([
      'components/ecu/faults',
      'components/ecu/faults/P0301',
    ]);
  });

  it('details of no faults: the list is the final response', async () => {
    const exchange = scriptedExchange({ 'GET components/ecu/faults': jsonAnswer({ items: [] }) });
    const responses = await runCommand('read-faults', { entity, details: true }, exchange);
    expect(responses.map(({ subject, isFinal }) => [subject, isFinal])).to.deep.equal([['faults', true]]);
  });

  it('codes that no path can hold: the others are read, and the list says that some are missing', async () => {
    const items = [{ code: '..' }, { code: '.' }, { code: 'x'.repeat(257) }, { code: 'P1' }];
    const exchange = scriptedExchange({
      'GET components/ecu/faults': jsonAnswer({ items }),
      'GET components/ecu/faults/P1': jsonAnswer({ item: { code: 'P1' } }),
    });
    const responses = await runCommand('read-faults', { entity, details: true }, exchange);
    expect(responses.map(({ subject, isFinal, refusal }) => [subject, isFinal, refusal?.code])).to.deep.equal([
      ['faults', false, 'vehicle-invalid-response'],
      ['faults/P1', true, undefined],
    ]);
    expect(responses[0]?.payload.result).to.have.nested.property('faults.length', 4);
  });

  it('a list that is refused: is the one response, as it was sent, and no details are asked for', async () => {
    const error = { error_code: 'insufficient-access-rights', message: 'A lock is needed' };
    const exchange = scriptedExchange({ 'GET components/ecu/faults': jsonAnswer(error, 403) });
    const responses = await runCommand('read-faults', { entity, details: true }, exchange);
    expect(responses).to.have.length(1);
    expect(responses[0]).to.include({ isFinal: true });
    expect(responses[0]?.refusal?.code).to.equal('vehicle-rejected');
    expect(responses[0]?.payload).to.deep.include({
      status: 403,
      body: { encoding: 'json', value: error },
      result: undefined,
    });
  });

  it('text or nothing instead of a list: an invalid response', async () => {
    for (const answer of [textAnswer('<html>'), emptyAnswer(204)]) {
      const exchange = scriptedExchange({ 'GET components/ecu/faults': answer });
      const [response] = await runCommand('read-faults', { entity }, exchange);
      expect(response?.refusal?.code).to.equal('vehicle-invalid-response');
    }
  });

  it('a detail that is refused for now: is a response, not a reason to begin again', async () => {
    const exchange = scriptedExchange({
      'GET components/ecu/faults': jsonAnswer({ items: [{ code: 'P1' }] }),
      'GET components/ecu/faults/P1': emptyAnswer(503),
    });
    const responses = await runCommand('read-faults', { entity, details: true }, exchange);
    expect(responses[1]).to.include({ isFinal: true }).and.to.have.nested.property('refusal.code', 'vehicle-error');
  });
});
