import { expect } from 'chai';

import type { Json } from '#application/domain/json.js';
import { readFaultDetail, readFaultList, statusName, statusValue } from '#application/domain/sovd/fault.js';

const documentsOf = (document: Json): unknown => readFaultList(document)?.faults.map((fault) => fault.document);

/** A list as each server sends it, and what we make of it. */
const servers: Readonly<Record<string, { readonly sent: Json; readonly read: readonly object[] }>> = {
  'the SOVD 1.1 template': {
    sent: {
      items: [
        {
          code: '0xD18787',
          scope: 'Default',
          display_code: 'U118787',
          fault_name: 'No bus signal',
          severity: 2,
          symptom: 'Signal missing',
          status: { testFailed: '0', pendingDTC: '1', confirmedDTC: '1', mask: '0C', aggregatedStatus: 'active' },
        },
      ],
    },
    read: [
      {
        code: '0xD18787',
        scope: 'Default',
        display_code: 'U118787',
        fault_name: 'No bus signal',
        severity: 2,
        symptom: 'Signal missing',
        status: { test_failed: false, pending: true, confirmed: true, mask: '0C', aggregated_status: 'active' },
      },
    ],
  },
  'the SOVD 1.0 template, with codes that are numbers': {
    sent: { items: [{ code: 13760647, fault_name: 'Lamp', severity: 3, status: { confirmedDTC: '0' } }] },
    read: [{ code: '13760647', fault_name: 'Lamp', severity: 3, status: { confirmed: false } }],
  },
  'the classic diagnostic adapter': {
    sent: {
      items: [
        {
          code: '1E240',
          fault_name: 'Sensor',
          severity: 1,
          status: { confirmed_dtc: true, test_failed: false, warning_indicator_requested: true, mask: '1' },
        },
      ],
    },
    read: [
      {
        code: '1E240',
        fault_name: 'Sensor',
        severity: 1,
        status: { confirmed: true, test_failed: false, warning_indicator_requested: true, mask: '1' },
      },
    ],
  },
  'a server with pages and a status of null': {
    sent: { items: [{ code: 'P0562', fault_name: 'Voltage', severity: 2, status: null, scope: null }], total: 41 },
    read: [{ code: 'P0562', fault_name: 'Voltage', severity: 2, status: {} }],
  },
  'a server whose severities are words': {
    sent: {
      items: [
        { code: 'P1', severity: 'critical' },
        { code: 'P2', severity: 'Error' },
        { code: 'P3', severity: 'warning' },
        { code: 'P4', severity: 'INFO' },
        { code: 'P5', severity: '2' },
        { code: 'P6', severity: 'mauve' },
      ],
    },
    read: [
      { code: 'P1', severity: 1, status: {} },
      { code: 'P2', severity: 2, status: {} },
      { code: 'P3', severity: 3, status: {} },
      { code: 'P4', severity: 4, status: {} },
      { code: 'P5', severity: 2, status: {} },
      { code: 'P6', status: {} },
    ],
  },
  'a gateway of robots, whose own numbers of severity rise, and whose status is one word': {
    sent: {
      items: [
        { fault_code: 'MOTOR_HOT', severity: 3, severity_label: 'CRITICAL', status: 'CONFIRMED', description: 'Hot' },
        { fault_code: 'MOTOR_WARM', severity: 1, severity_label: 'WARN', status: 'PREFAILED' },
        { fault_code: 'MOTOR_OLD', severity: 0, severity_label: 'INFO', status: 'HEALED' },
      ],
    },
    read: [
      { code: 'MOTOR_HOT', fault_name: 'Hot', severity: 1, status: { confirmed: true } },
      { code: 'MOTOR_WARM', severity: 3, status: { pending: true } },
      { code: 'MOTOR_OLD', severity: 4, status: { healed: true } },
    ],
  },
  'a list under `value`, as OData has it': {
    sent: { '@odata.count': 1, value: [{ code: 'U0100', fault_name: 'Lost communication' }] },
    read: [{ code: 'U0100', fault_name: 'Lost communication', status: {} }],
  },
  'a bare array with titles for names': {
    sent: [{ code: 'B1000', title: 'Door', status: 'active', severity: 'high' }],
    read: [{ code: 'B1000', fault_name: 'Door', status: { test_failed: true }, severity: 2 }],
  },
};

describe('readFaultList', () => {
  for (const [server, { sent, read }] of Object.entries(servers)) {
    it(`${server}: is read in the one form`, () => expect(documentsOf(sent)).to.deep.equal(read));
  }

  it('the number of faults: is the one that the vehicle tells, under its names, or unknown', () => {
    expect(readFaultList({ items: [], total: 41 })?.total).to.equal(41);
    expect(readFaultList({ items: [], total_count: 7 })?.total).to.equal(7);
    expect(readFaultList({ value: [], '@odata.count': 0 })?.total).to.equal(0);
    expect(readFaultList({ items: [], total: '41' })?.total).to.equal(undefined);
    expect(readFaultList([])?.total).to.equal(undefined);
  });

  it('an empty list: no faults, which is something else than no list', () => {
    expect(documentsOf({ items: [] })).to.deep.equal([]);
    for (const document of [{}, { items: null }, { items: 'none' }, { items: {} }, 'text', 3, null]) {
      expect(readFaultList(document), JSON.stringify(document)).to.equal(undefined);
    }
  });

  it('what has no code: is left out, the others are kept', () => {
    expect(documentsOf({ items: [{ fault_name: 'x' }, { code: '' }, null, 'P1', { code: 'P2' }] })).to.deep.equal([
      { code: 'P2', status: {} },
    ]);
  });

  it('status members that nobody knows: keep their name in snake_case and their value', () => {
    const status = { agingCounter: 3, 'emission-related': 'yes', Extra: '1' };
    expect(readFaultList({ items: [{ code: 'P1', status }] })?.faults[0]?.status).to.deep.equal({
      aging_counter: 3,
      emission_related: 'yes',
      extra: true,
    });
  });
});

describe('readFaultDetail', () => {
  it('fault, environment data and errors: are read, null is as absent', () => {
    const environment = { snapshots: [{ type: 'freeze_frame', data: { speed: 3 } }] };
    expect(
      readFaultDetail('P1', {
        item: { code: 'P1', status: {} },
        environment_data: environment,
        errors: [{ path: '/' }],
      }),
    ).to.deep.equal({ fault: { code: 'P1', status: {} }, environment_data: environment, errors: [{ path: '/' }] });
    expect(readFaultDetail('P1', { item: { code: 'P1' }, environment_data: null, errors: null })).to.deep.equal({
      fault: { code: 'P1', status: {} },
    });
  });

  it('a fault that is not wrapped, or does not repeat its code: is understood', () => {
    expect(readFaultDetail('P1', { code: 'P1', severity: 2 })).to.deep.equal({
      fault: { code: 'P1', severity: 2, status: {} },
    });
    expect(readFaultDetail('P1', { item: { severity: 2 } })).to.deep.equal({
      fault: { code: 'P1', severity: 2, status: {} },
    });
    expect(readFaultDetail('P1', { environment_data: { speed: 3 } })).to.deep.equal({
      fault: { code: 'P1' },
      environment_data: { speed: 3 },
    });
  });

  it('something else: is no detail', () => {
    for (const document of [{}, { ok: true }, [], 'P1', null]) {
      expect(readFaultDetail('P1', document), JSON.stringify(document)).to.equal(undefined);
    }
  });
});

describe('names and values of status bits', () => {
  it('the casings of one bit: have one name', () => {
    for (const name of ['confirmedDTC', 'confirmedDtc', 'confirmed_dtc', 'CONFIRMED', 'confirmed-DTC']) {
      expect(statusName(name), name).to.equal('confirmed');
    }
  });

  it('yes and no in all forms: are booleans, everything else is kept', () => {
    for (const yes of [true, 1, '1', 'true', 'TRUE']) expect(statusValue(yes), String(yes)).to.equal(true);
    for (const no of [false, 0, '0', 'false', 'False']) expect(statusValue(no), String(no)).to.equal(false);
    for (const other of ['0x01', '2', 2, '', null, [1]]) expect(statusValue(other)).to.deep.equal(other);
  });
});
