import { expect } from 'chai';

import type { VehicleExchange } from '#application/domain/sovd/exchange.js';
import { TransientRefusal } from '#application/domain/sovd/transient-refusal.js';

import { emptyAnswer, jsonAnswer, rejection, runCommand, scriptedExchange, textAnswer } from './scripted-exchange.js';

const entity = 'components/ecu';

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

  it('the versions: come first where the vehicle tells them, and are no loss where it does not', async () => {
    const vehicle = {
      'GET components': jsonAnswer({ items: [{ id: 'ecu' }] }),
      'GET components/ecu': jsonAnswer({ id: 'ecu' }),
    };
    const versions = jsonAnswer({ sovd_info: [{ version: '1.1', base_uri: 'http://wrong.example/sovd/v1' }] });
    const told = await runCommand('discover', {}, scriptedExchange({ ...vehicle, 'GET version-info': versions }));
    expect(told.map(({ subject }) => subject)).to.deep.equal(['version-info', 'components/ecu']);
    expect(told[0]?.payload.result).to.deep.equal({ versions: [{ version: '1.1', base_path: '/sovd/v1' }] });
    for (const answer of [emptyAnswer(503), emptyAnswer(401), jsonAnswer({ hello: 1 }), textAnswer('1.1')]) {
      const silent = await runCommand('discover', {}, scriptedExchange({ ...vehicle, 'GET version-info': answer }));
      expect(silent.map(({ subject, refusal }) => [subject, refusal])).to.deep.equal([['components/ecu', undefined]]);
    }
  });

  it('a collection that the vehicle refuses: is a refusal among the responses, and the others are walked', async () => {
    const exchange = scriptedExchange({
      'GET areas': jsonAnswer({ items: [] }),
      'GET components': emptyAnswer(500),
      'GET apps': jsonAnswer({ items: [{ id: 'a' }] }),
      'GET apps/a': jsonAnswer({ id: 'a' }),
      'GET functions': emptyAnswer(503),
    });
    const responses = await runCommand('discover', {}, exchange);
    expect(responses.map(({ subject, isFinal, refusal }) => [subject, isFinal, refusal?.code])).to.deep.equal([
      ['components', false, 'vehicle-error'],
      ['functions', false, 'vehicle-error'],
      ['apps/a', true, undefined],
    ]);
  });

  for (const status of [404, 405, 501]) {
    it(`collections and lists that are answered with ${status}: simply are not offered`, async () => {
      const exchange = scriptedExchange({
        'GET areas': emptyAnswer(status),
        'GET components': jsonAnswer({ items: [{ id: 'ecu' }] }),
        'GET apps': emptyAnswer(status),
        'GET functions': emptyAnswer(status),
        'GET components/ecu': jsonAnswer({ id: 'ecu', data: './data', subcomponents: './subcomponents' }),
        'GET components/ecu/data': emptyAnswer(status),
        'GET components/ecu/subcomponents': emptyAnswer(status),
      });
      const responses = await runCommand('discover', {}, exchange);
      expect(responses.map(({ subject, refusal }) => [subject, refusal])).to.deep.equal([
        ['components/ecu', undefined],
      ]);
      expect(responses[0]?.payload.result).to.deep.equal({ entity: 'components/ecu', offers: ['data'] });
    });
  }

  it('nothing there at all: the list of components says so', async () => {
    const responses = await runCommand('discover', {}, scriptedExchange({}));
    expect(responses.map(({ subject, isFinal, refusal }) => [subject, isFinal, refusal?.code])).to.deep.equal([
      ['components', true, 'vehicle-rejected'],
    ]);
  });

  it('lists of an entity that fail: come after it, the last one is final', async () => {
    const exchange = scriptedExchange({
      'GET components/ecu': jsonAnswer({
        id: 'ecu',
        data: './data',
        operations: './operations',
        subcomponents: './subcomponents',
      }),
      'GET components/ecu/data': jsonAnswer({ nothing: true }),
      'GET components/ecu/operations': emptyAnswer(403),
      'GET components/ecu/subcomponents': emptyAnswer(500),
    });
    const responses = await runCommand('discover', { entity }, exchange);
    expect(responses.map(({ subject, isFinal, refusal }) => [subject, isFinal, refusal?.code])).to.deep.equal([
      ['components/ecu', false, undefined],
      ['components/ecu/subcomponents', false, 'vehicle-error'],
      ['components/ecu/data', false, 'vehicle-invalid-response'],
      ['components/ecu/operations', true, 'vehicle-rejected'],
    ]);
    expect(responses[0]?.payload.result).to.deep.equal({
      entity: 'components/ecu',
      offers: ['data', 'operations'],
    });
  });

  it('an entity that the vehicle refuses, or describes in no usable way: the others are described', async () => {
    const exchange = scriptedExchange({
      'GET apps': jsonAnswer(['a', 'b', 'c']),
      'GET apps/a': emptyAnswer(403),
      'GET apps/b': textAnswer('app b'),
      'GET apps/c': jsonAnswer({ name: 'C', variant: { name: 'v' }, tags: ['x'] }),
    });
    const responses = await runCommand('discover', {}, exchange);
    expect(responses.map(({ refusal }) => refusal?.code)).to.deep.equal([
      'vehicle-rejected',
      'vehicle-invalid-response',
      undefined,
    ]);
    expect(responses[2]?.payload.result).to.deep.equal({
      entity: 'apps/c',
      name: 'C',
      offers: [],
      variant: { name: 'v' },
      tags: ['x'],
    });
  });

  it('entities that contain each other: are visited once, also when their ids are written in another case', async () => {
    const below = { id: 'ecu', subcomponents: './subcomponents' };
    const exchange = scriptedExchange({
      'GET areas': jsonAnswer({ items: ['front'] }),
      'GET components': jsonAnswer({ items: ['ECU', 'ecu2'] }),
      'GET areas/front': jsonAnswer({ subareas: './subareas', subcomponents: './subcomponents', hosts: './hosts' }),
      'GET areas/front/subareas': jsonAnswer({ items: ['FRONT', 'left'] }),
      'GET areas/front/subcomponents': jsonAnswer({ items: ['ecu'] }),
      'GET components/ECU': jsonAnswer(below),
      'GET components/ECU/subcomponents': jsonAnswer({ items: ['ecu', 'ECU2', 'ecu2'] }),
      'GET components/ecu2': jsonAnswer(below),
      'GET components/ecu2/subcomponents': jsonAnswer({ items: ['ECU'] }),
      'GET areas/left': jsonAnswer({ subareas: './subareas' }),
      'GET areas/left/subareas': jsonAnswer({ items: ['front', 'left'] }),
    });
    const responses = await runCommand('discover', {}, exchange);
    expect(responses.map(({ subject, isFinal }) => [subject, isFinal])).to.deep.equal([
      ['areas/front', false],
      ['components/ECU', false],
      ['components/ecu2', false],
      ['areas/left', true],
    ]);
  });

  it('ids that differ in case only within one collection: are two entities', async () => {
    const exchange = scriptedExchange({
      'GET apps': jsonAnswer(['nav', 'NAV', 'nav']),
      'GET apps/nav': jsonAnswer({}),
      'GET apps/NAV': jsonAnswer({}),
    });
    const responses = await runCommand('discover', {}, exchange);
    expect(responses.map(({ subject }) => subject)).to.deep.equal(['apps/nav', 'apps/NAV']);
  });

  it('ids that no path can hold: the list is an invalid response, and the others are walked', async () => {
    const exchange = scriptedExchange({
      'GET components': jsonAnswer({ items: ['/engine/ecu', '..', '', 'x'.repeat(300), 'a b'] }),
      'GET components/a%20b': jsonAnswer({ id: 'a b' }),
    });
    const responses = await runCommand('discover', {}, exchange);
    expect(responses.map(({ subject, refusal }) => [subject, refusal?.code])).to.deep.equal([
      ['components', 'vehicle-invalid-response'],
      ['components/a b', undefined],
    ]);
  });

  it('a vehicle without end: 1000 entities are described, and the last response says that there are more', async () => {
    const exchange: VehicleExchange = {
      send: async function* ({ path }) {
        await Promise.resolve();
        if (path === 'components') yield jsonAnswer({ items: ['e0'] });
        else if (path.endsWith('/subcomponents')) {
          const number = Number(/e(\d+)/u.exec(path)?.[1]);
          yield jsonAnswer({ items: [`e${number + 1}`] });
        } else if (path.startsWith('components/')) yield jsonAnswer({ subcomponents: './subcomponents' });
        else yield emptyAnswer(404);
      },
    };
    const responses = await runCommand('discover', {}, exchange);
    expect(responses).to.have.length(1000);
    expect(responses.filter(({ isFinal }) => isFinal)).to.have.length(1);
    expect(responses.filter(({ refusal }) => refusal !== undefined)).to.have.length(1);
    expect(responses.at(-1)).to.include({ isFinal: true, subject: 'components/e999' });
    expect(responses.at(-1)?.refusal?.code).to.equal('too-many-responses');
  });

  it('a vehicle that refuses everything for now: is worth another try', async () => {
    const busy = { ...emptyAnswer(503), retryAfterSeconds: 4 };
    for (const first of [busy, emptyAnswer(404)]) {
      const exchange = scriptedExchange({ 'GET areas': first, 'GET components': busy });
      const error = await rejection(runCommand('discover', {}, exchange));
      expect(error).to.be.instanceOf(TransientRefusal).and.to.include({ retryAfterSeconds: 4 });
    }
    const exchange = scriptedExchange({ 'GET components/ecu': busy });
    expect(await rejection(runCommand('discover', { entity }, exchange))).to.be.instanceOf(TransientRefusal);
  });

  it('a collection that is refused for now after another was listed: is a refusal, nothing begins again', async () => {
    const exchange = scriptedExchange({
      'GET components': jsonAnswer({ items: [] }),
      'GET apps': emptyAnswer(503),
    });
    const responses = await runCommand('discover', {}, exchange);
    expect(responses.map(({ subject, refusal }) => [subject, refusal?.code])).to.deep.equal([
      ['apps', 'vehicle-error'],
      ['components', undefined],
    ]);
  });

  it('an entity that is refused for now after others were told: is a refusal, nothing begins again', async () => {
    const exchange = scriptedExchange({
      'GET components': jsonAnswer(['a', 'b']),
      'GET components/a': jsonAnswer({}),
      'GET components/b': emptyAnswer(503),
    });
    const responses = await runCommand('discover', {}, exchange);
    expect(responses.map(({ refusal }) => refusal?.code)).to.deep.equal([undefined, 'vehicle-error']);
  });
});
