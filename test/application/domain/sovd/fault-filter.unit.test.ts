import { expect } from 'chai';

import type { Json } from '#application/domain/json.js';
import { readFaultList } from '#application/domain/sovd/fault.js';
import { faultQuery, isWanted, type FaultFilter } from '#application/domain/sovd/fault-filter.js';

const left = (items: readonly Json[], filter: FaultFilter): readonly string[] =>
  (readFaultList([...items])?.faults ?? []).filter((fault) => isWanted(fault, filter)).map(({ code }) => code);

describe('faultQuery', () => {
  it('names and values: go along as they were given', () => {
    const status = { confirmedDTC: '1', confirmed_dtc: ['true', '1'] };
    expect(faultQuery({ status, severity: 3, scope: 'OBD' })).to.deep.equal([
      ['status[confirmedDTC]', '1'],
      ['status[confirmed_dtc]', 'true'],
      ['status[confirmed_dtc]', '1'],
      ['severity', '3'],
      ['scope', 'OBD'],
    ]);
  });

  it('words: one goes along, of several the vehicle would take the first, so all are asked for', () => {
    expect(faultQuery({ status: ['confirmed'] })).to.deep.equal([['status', 'confirmed']]);
    expect(faultQuery({ status: ['confirmed', 'pending'] })).to.deep.equal([['status', 'all']]);
  });

  it('no filter: no query', () => expect(faultQuery({})).to.deep.equal([]));
});

describe('isWanted', () => {
  it('severity: the numbers below the given one, and what tells none', () => {
    const faults = [{ code: '1', severity: 1 }, { code: '2', severity: 2 }, { code: '3', severity: 3 }, { code: '?' }];
    expect(left(faults, { severity: 3 })).to.deep.equal(['1', '2', '?']);
    expect(left(faults, { severity: 1 })).to.deep.equal(['?']);
    expect(left(faults, {})).to.deep.equal(['1', '2', '3', '?']);
  });

  it('scope: the same one, and what tells none', () => {
    const faults = [{ code: 'a', scope: 'OBD' }, { code: 'b', scope: 'Default' }, { code: 'c' }];
    expect(left(faults, { scope: 'OBD' })).to.deep.equal(['a', 'c']);
  });

  it('status: any match counts, in whatever casing and form the vehicle tells it', () => {
    const faults = [
      { code: 'strings', status: { confirmedDTC: '1', testFailed: '0' } },
      { code: 'booleans', status: { confirmed_dtc: true, test_failed: false } },
      { code: 'word', status: 'CONFIRMED' },
      { code: 'other', status: { confirmedDTC: '0', testFailed: '1' } },
      { code: 'silent' },
    ];
    const confirmed = ['strings', 'booleans', 'word', 'silent'];
    for (const filter of [{ confirmedDTC: '1' }, { confirmedDtc: 'true' }, { confirmed_dtc: ['1', 'true'] }]) {
      expect(left(faults, { status: filter }), JSON.stringify(filter)).to.deep.equal(confirmed);
    }
    expect(left(faults, { status: ['confirmed'] })).to.deep.equal(confirmed);
    expect(left(faults, { status: ['confirmed', 'active'] })).to.deep.equal([
      'strings',
      'booleans',
      'word',
      'other',
      'silent',
    ]);
    expect(left(faults, { status: { confirmedDTC: '1', testFailed: '1' } })).to.have.length(5);
    expect(left(faults, { status: ['all'] })).to.have.length(5);
    expect(left(faults, { status: { unheardOf: '1' } })).to.deep.equal(['silent']);
  });

  it('aggregated status: the same word without regard to case', () => {
    const faults = [
      { code: 'a', status: { aggregatedStatus: 'Active' } },
      { code: 'b', status: { aggregatedStatus: 'stored' } },
    ];
    expect(left(faults, { status: { aggregatedStatus: 'active' } })).to.deep.equal(['a']);
  });

  it('mask: a common bit, in hex with or without 0x; a mask of 1 is no yes', () => {
    const faults = [
      { code: '2F', status: { mask: '0x2F' } },
      { code: '10', status: { mask: '10' } },
      { code: 'number', status: { mask: 8 } },
      { code: '1', status: { mask: '1' } },
      { code: 'garbage', status: { mask: 'many' } },
    ];
    expect(left(faults, { status: { mask: '0x08' } })).to.deep.equal(['2F', 'number']);
    expect(left(faults, { status: { mask: '10' } })).to.deep.equal(['10']);
    expect(left(faults, { status: { mask: '01' } })).to.deep.equal(['2F', '1']);
    expect(left(faults, { status: { mask: 'many' } })).to.deep.equal(['garbage']);
  });
});
