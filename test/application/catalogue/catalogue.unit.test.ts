import { expect } from 'chai';
import { z } from 'zod';

import { commandTypes, createCatalogue } from '#application/catalogue/catalogue.js';
import { isEntityName } from '#application/domain/sovd/entity.js';

const accepts = (name: string, parameters: unknown): boolean =>
  createCatalogue().find(name)?.parameters.safeParse(parameters).success === true;

describe('createCatalogue', () => {
  it('the built-in types: are the ones of the documentation, with their safety classes', () => {
    const classes = createCatalogue()
      .all()
      .map(({ name, safety }) => [name, typeof safety === 'function' ? 'by-parameters' : safety]);
    expect(Object.fromEntries(classes)).to.deep.equal({
      discover: 'safe',
      'read-faults': 'safe',
      'clear-faults': 'idempotent',
      'read-data': 'safe',
      'write-data': 'idempotent',
      'execute-operation': 'unsafe',
      'sovd-request': 'by-parameters',
    });
  });

  it('a name that comes twice: refuses to start', () => {
    expect(() => createCatalogue([...commandTypes, ...commandTypes.slice(0, 1)])).to.throw('same name');
  });

  it('an example that its own schema refuses: refuses to start', () => {
    const [first] = commandTypes;
    if (first === undefined) throw new Error('there are no command types');
    expect(() => createCatalogue([{ ...first, example: { nonsense: true } }])).to.throw('example');
  });

  it('every type: its parameters can be shown as JSON Schema', () => {
    for (const { name, parameters } of createCatalogue().all()) {
      expect(z.toJSONSchema(parameters, { io: 'input' }), name).to.include({
        type: 'object',
        additionalProperties: false,
      });
    }
  });

  it('every type: each of its parameters is described, and uniqueness stands in the JSON Schema', () => {
    for (const { name, parameters } of createCatalogue().all()) {
      const { properties } = z.toJSONSchema(parameters, { io: 'input' });
      for (const [parameter, schema] of Object.entries(properties ?? {})) {
        expect(schema, `${name} ${parameter}`).to.have.property('description');
      }
    }
    const readData = createCatalogue().find('read-data');
    if (readData === undefined) throw new Error('there is no read-data');
    expect(z.toJSONSchema(readData.parameters)).to.have.nested.property('properties.data_ids.uniqueItems', true);
  });

  it('a name that nobody knows: is not found', () => {
    expect(createCatalogue().find('open-doors')).to.equal(undefined);
  });

  it('sovd-request: has the safety of its method', () => {
    const safety = createCatalogue().find('sovd-request')?.safety;
    if (typeof safety !== 'function') throw new Error('the safety must depend on the parameters');
    const classes = ['GET', 'PUT', 'DELETE', 'POST', 'PATCH'].map((method) => safety({ method, path: 'x' }));
    expect(classes).to.deep.equal(['safe', 'idempotent', 'idempotent', 'unsafe', 'unsafe']);
  });
});

describe('parameters of command types', () => {
  it('entity: a collection and an id, nothing that climbs or breaks lines', () => {
    const good = ['components/engine-control', 'areas/front', 'apps/a b', 'functions/f%2F'];
    const bad = [
      'engine',
      'components/',
      'components/a/b',
      'parts/a',
      'components/..',
      'components/.',
      'components/a\n',
      ' components/a',
      '',
    ];
    for (const entity of good) expect(accepts('read-faults', { entity }), entity).to.equal(true);
    // What the schema takes must be what paths are made of: no entity may fail later.
    for (const entity of [...good, ...bad]) expect(isEntityName(entity), entity).to.equal(good.includes(entity));
    for (const entity of bad) expect(accepts('read-faults', { entity }), JSON.stringify(entity)).to.equal(false);
  });

  it('read-faults: status by name and value, by name and values, or by words', () => {
    const good = [
      { confirmedDTC: '1' },
      { confirmed_dtc: ['1', 'true'] },
      { mask: '0x08', a: '' },
      ['confirmed'],
      ['a', 'b'],
    ];
    const bad = [
      {},
      [],
      ['a', 'a'],
      [''],
      ['a b'],
      { 'a]': '1' },
      { a: 1 },
      { a: [] },
      { a: '1\n' },
      { 'a\n': '1' },
      'confirmed',
    ];
    const entity = 'components/a';
    for (const status of good)
      expect(accepts('read-faults', { entity, status }), JSON.stringify(status)).to.equal(true);
    for (const status of bad)
      expect(accepts('read-faults', { entity, status }), JSON.stringify(status)).to.equal(false);
  });

  it('read-faults: a severity from 1 to 5, a scope without control characters', () => {
    const entity = 'components/a';
    for (const severity of [1, 5]) expect(accepts('read-faults', { entity, severity })).to.equal(true);
    for (const severity of [0, 6, 2.5, '2']) expect(accepts('read-faults', { entity, severity })).to.equal(false);
    expect(accepts('read-faults', { entity, scope: 'User memory' })).to.equal(true);
    for (const scope of ['', 'OBD\n', 'a\0', 'x'.repeat(65)]) {
      expect(accepts('read-faults', { entity, scope }), JSON.stringify(scope)).to.equal(false);
    }
  });

  it('execute-operation: parameters are an object, a timeout is whole seconds up to an hour', () => {
    const operation = { entity: 'components/a', operation_id: 'o' };
    for (const more of [{}, { parameters: {} }, { parameters: { a: [null] } }, { timeout: 1 }, { timeout: 3600 }]) {
      expect(accepts('execute-operation', { ...operation, ...more }), JSON.stringify(more)).to.equal(true);
    }
    for (const more of [
      { parameters: [] },
      { parameters: null },
      { timeout: 0 },
      { timeout: 3601 },
      { timeout: 1.5 },
    ]) {
      expect(accepts('execute-operation', { ...operation, ...more }), JSON.stringify(more)).to.equal(false);
    }
  });

  it('sovd-request: query names and values without control characters, a value or several', () => {
    const good = [{}, { a: '' }, { a: ['1', '2'] }, { 'status[confirmedDTC]': '1' }];
    const bad = [{ '': '1' }, { 'a\n': '1' }, { a: '1\n' }, { a: ['\0'] }, { a: 1 }, { a: null }];
    for (const query of good) {
      expect(accepts('sovd-request', { method: 'GET', path: 'a', query }), JSON.stringify(query)).to.equal(true);
    }
    for (const query of bad) {
      expect(accepts('sovd-request', { method: 'GET', path: 'a', query }), JSON.stringify(query)).to.equal(false);
    }
  });

  it('fault codes: P, B, C, U and the vendors own forms', () => {
    for (const fault_code of ['P0301', 'B1A2F', 'C0035', 'U0100', '0xD10087', '123456']) {
      expect(accepts('clear-faults', { entity: 'components/a', fault_code }), fault_code).to.equal(true);
    }
    for (const fault_code of ['', '..', 'P0301\n', 'x'.repeat(65)]) {
      expect(accepts('clear-faults', { entity: 'components/a', fault_code }), JSON.stringify(fault_code)).to.equal(
        false,
      );
    }
  });

  it('clear-faults: a scope goes with all faults, not with one', () => {
    expect(accepts('clear-faults', { entity: 'components/a', scope: 'OBD' })).to.equal(true);
    expect(accepts('clear-faults', { entity: 'components/a', scope: 'OBD', fault_code: 'P0301' })).to.equal(false);
  });

  it('read-data: 1 to 100 ids, each once', () => {
    const ids = Array.from({ length: 101 }, (_, index) => `d${index}`);
    expect(accepts('read-data', { entity: 'components/a', data_ids: ids.slice(1) })).to.equal(true);
    expect(accepts('read-data', { entity: 'components/a', data_ids: ids })).to.equal(false);
    expect(accepts('read-data', { entity: 'components/a', data_ids: [] })).to.equal(false);
    expect(accepts('read-data', { entity: 'components/a', data_ids: ['x', 'x'] })).to.equal(false);
  });

  it('write-data: takes any JSON, but not nothing', () => {
    for (const value of [null, 0, '', false, [], { a: [1] }]) {
      expect(accepts('write-data', { entity: 'components/a', data_id: 'd', value }), JSON.stringify(value)).to.equal(
        true,
      );
    }
    expect(accepts('write-data', { entity: 'components/a', data_id: 'd' })).to.equal(false);
  });

  it('sovd-request: a path below the base, however it is written', () => {
    const good = ['components', 'components/a/data/x%2Fy', 'a/..b', 'components/a%20b'];
    const bad = [
      '/components',
      '//host/x',
      'http://host/x//y',
      'a/../b',
      'a/%2e%2e/b',
      'a/%252e%252e/b',
      'a/..%2Fb',
      'a\\b',
      'a?b',
      'a#b',
      'a b',
      'a%',
      'a\n',
      '',
    ];
    for (const path of good) expect(accepts('sovd-request', { method: 'GET', path }), path).to.equal(true);
    for (const path of bad)
      expect(accepts('sovd-request', { method: 'GET', path }), JSON.stringify(path)).to.equal(false);
  });

  it('sovd-request: no body with GET', () => {
    expect(accepts('sovd-request', { method: 'GET', path: 'a', body: {} })).to.equal(false);
    expect(accepts('sovd-request', { method: 'PUT', path: 'a', body: {} })).to.equal(true);
  });

  it('unknown fields: refused by every type', () => {
    for (const { name, example } of createCatalogue().all()) {
      expect(accepts(name, example), name).to.equal(true);
      expect(accepts(name, { ...example, surplus: 1 }), name).to.equal(false);
    }
  });
});
