import { expect } from 'chai';

import { VehicleLinkFailure } from '#application/domain/sovd/exchange.js';
import { TransientRefusal } from '#application/domain/sovd/transient-refusal.js';

import { emptyAnswer, jsonAnswer, rejection, runCommand, scriptedExchange, textAnswer } from './scripted-exchange.js';

const entity = 'components/ecu';

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

  it('values that are null, and items without a value at the moment (204): are read as null', async () => {
    const exchange = scriptedExchange({
      'GET components/ecu/data/a': jsonAnswer({ id: 'a', data: null }),
      'GET components/ecu/data/b': emptyAnswer(204),
    });
    const responses = await runCommand('read-data', { entity, data_ids: ['a', 'b'] }, exchange);
    expect(responses.map(({ payload, refusal }) => [payload.result, refusal])).to.deep.equal([
      [{ data_id: 'a', value: null }, undefined],
      [{ data_id: 'b', value: null }, undefined],
    ]);
  });

  it('an answer that tells no value: an invalid response, and the others are read all the same', async () => {
    const exchange = scriptedExchange({
      'GET components/ecu/data/a': jsonAnswer({ id: 'a' }),
      'GET components/ecu/data/b': textAnswer('7'),
      'GET components/ecu/data/c': jsonAnswer({ data: 1 }),
    });
    const responses = await runCommand('read-data', { entity, data_ids: ['a', 'b', 'c'] }, exchange);
    expect(responses.map(({ refusal }) => refusal?.code)).to.deep.equal([
      'vehicle-invalid-response',
      'vehicle-invalid-response',
      undefined,
    ]);
  });

  for (const status of [429, 502, 503, 504]) {
    it(`a first item that is refused with ${status}: is worth another try`, async () => {
      const exchange = scriptedExchange({ 'GET components/ecu/data/a': emptyAnswer(status) });
      const error = await rejection(runCommand('read-data', { entity, data_ids: ['a', 'b'] }, exchange));
      expect(error).to.be.instanceOf(TransientRefusal);
      expect(exchange.requests).to.have.length(1);
    });
  }

  it('a first item that is refused for good: is a response, and the next is asked', async () => {
    const exchange = scriptedExchange({
      'GET components/ecu/data/a': emptyAnswer(500),
      'GET components/ecu/data/b': jsonAnswer({ data: 1 }),
    });
    const responses = await runCommand('read-data', { entity, data_ids: ['a', 'b'] }, exchange);
    expect(responses.map(({ refusal, isFinal }) => [refusal?.code, isFinal])).to.deep.equal([
      ['vehicle-error', false],
      [undefined, true],
    ]);
  });

  it('a connection that breaks: is thrown as it is, after what was read before it', async () => {
    const broken = new VehicleLinkFailure('vehicle-connection-lost', 'gone', false, true);
    const exchange = scriptedExchange({
      'GET components/ecu/data/a': jsonAnswer({ data: 1 }),
      'GET components/ecu/data/b': [broken],
    });
    expect(await rejection(runCommand('read-data', { entity, data_ids: ['a', 'b', 'c'] }, exchange))).to.equal(broken);
    expect(exchange.requests).to.have.length(2);
  });
});
