import { z } from 'zod';

import type { CarModel, EntityModel } from '../car-model.js';
import { active, activeWithLamp, pending, stored } from '../fault-status.js';
import { negativeResponse } from '../sovd-error.js';
import { approach, identification, identity, measurement, rounded, systemData, units, wave } from './declarations.js';
import { diagnosticRecorder, telemetryAgent } from './diagnostic-apps.js';

const cellCount = 96;
const balancingShape = z.strictObject({ target_millivolts: z.int().min(3000).max(4200) });
const doorShape = z.strictObject({ door: z.enum(['driver', 'passenger', 'rear-left', 'rear-right', 'tailgate']) });

const batteryManagement: EntityModel = {
  path: 'components/battery-management',
  name: 'Battery management system',
  tags: ['powertrain', 'high-voltage'],
  variant: { name: 'BMS77', is_base_variant: false, state: 'Online', logical_address: '0x0030' },
  relations: { subcomponents: ['components/cell-monitor'], 'depends-on': ['components/thermal-management'] },
  modes: [
    { id: 'session', name: 'Diagnostic session' },
    { id: 'security', name: 'Security access' },
    { id: 'dtcsetting', name: 'Fault setting' },
  ],
  lockable: true,
  faults: [
    {
      ...{ code: 'P0AA6', displayCode: 'P0AA6-00', name: 'High-voltage system: isolation fault', persistent: true },
      ...{
        symptom: 'Isolation resistance too low',
        severity: 1,
        scope: 'Default',
        status: activeWithLamp,
        tags: ['safety'],
      },
      ...{ firstSeenHoursAgo: 6, lastSeenHoursAgo: 0.1, occurrences: 22 },
      snapshot: { isolation_kiloohm: 142, pack_voltage: 396.2, pack_temperature: 24.5, odometer: 18_342 },
    },
    {
      ...{ code: 'P0A7F', displayCode: 'P0A7F-00', name: 'High-voltage battery deteriorated', symptom: 'Capacity low' },
      ...{
        severity: 3,
        scope: 'Default',
        status: pending,
        firstSeenHoursAgo: 80,
        lastSeenHoursAgo: 12,
        occurrences: 3,
      },
      snapshot: { state_of_health: 79.4, cycles: 812 },
    },
    {
      ...{
        code: 'U0293',
        displayCode: 'U0293-87',
        name: 'Lost communication with drive inverter',
        symptom: 'Message missing',
      },
      ...{
        severity: 2,
        scope: 'Default',
        status: stored,
        firstSeenHoursAgo: 200,
        lastSeenHoursAgo: 150,
        occurrences: 2,
      },
      snapshot: { supply_voltage: 10.8, contactors: 'open' },
    },
  ],
  data: [
    ...identification('BMS77-1EA0', '9.3.1'),
    ...systemData(),
    measurement(
      {
        id: 'state-of-charge',
        name: 'State of charge',
        unit: units.percent,
        min: 0,
        max: 100,
        group: 'battery',
        tags: ['live'],
      },
      (moment) => 78 - moment.seconds / 600 + wave(moment, 0, 0.2, 40),
    ),
    measurement(
      {
        id: 'pack-voltage',
        name: 'Pack voltage',
        unit: units.volt,
        min: 0,
        max: 450,
        group: 'battery',
        tags: ['live'],
      },
      (moment) => (moment.poweredOn ? wave(moment, 396, 2.5, 15) : 0),
    ),
    measurement(
      { id: 'pack-current', name: 'Pack current', unit: units.ampere, min: -400, max: 400, group: 'battery' },
      (moment) => (moment.poweredOn ? wave(moment, 3 + moment.speedKmh * 1.1, 4, 6) : 0),
    ),
    measurement(
      {
        id: 'isolation/chassis',
        name: 'Isolation resistance',
        unit: units.kiloohm,
        min: 0,
        max: 10_000,
        group: 'safety',
      },
      (moment) => wave(moment, 142, 6, 20),
    ),
    {
      ...{
        id: 'charge-limit',
        name: 'Charge limit',
        category: 'storedData',
        groups: ['settings'],
        unit: units.percent,
      },
      ...{ shape: z.int().min(50).max(100), read: () => 80, write: {} },
    },
    {
      ...{ id: 'capacity-calibration', name: 'Usable capacity', category: 'storedData', groups: ['settings'] },
      ...{ unit: units.kilowattHour, shape: z.number().min(40).max(82), read: () => 71.5 },
      write: { standstill: true, session: 'extended', security: 'level1' },
    },
  ],
  operations: [
    {
      ...{ kind: 'lasting', id: 'cell-balancing', name: 'Balance the cells', parameters: balancingShape },
      durationMillis: (_parameters, usualMillis) => usualMillis * 2,
      progress: (_parameters, elapsed, duration) => ({ cells_done: Math.floor((elapsed / duration) * cellCount) }),
      finish: (parameters) => ({
        parameters: { cells_done: cellCount, reached_millivolts: balancingShape.parse(parameters).target_millivolts },
      }),
    },
    {
      ...{
        kind: 'lasting',
        id: 'isolation-test',
        name: 'Isolation test',
        requires: { standstill: true, powerOff: true },
      },
      durationMillis: (_parameters, usualMillis) => usualMillis,
      progress: () => ({ phase: 'measuring' }),
      finish: () => ({
        parameters: { isolation_kiloohm: 139 },
        error: negativeResponse(0x31, 0x22, 'The isolation resistance is below 500 ohm per volt.'),
      }),
    },
    {
      ...{
        kind: 'lasting',
        id: 'contactor-test',
        name: 'Open and close the contactors',
        requires: { standstill: true },
      },
      durationMillis: (_parameters, usualMillis) => usualMillis,
      progress: (_parameters, elapsed, duration) => ({ contactors: elapsed < duration / 2 ? 'open' : 'closed' }),
      finish: () => ({
        parameters: { contactors: 'closed' },
        error: negativeResponse(0x31, 0x24, 'The precharge took too long.'),
      }),
    },
  ],
};

const driveInverter: EntityModel = {
  path: 'components/drive-inverter',
  name: 'Drive inverter',
  tags: ['powertrain', 'high-voltage'],
  variant: { name: 'INV150', is_base_variant: false, state: 'Online', logical_address: '0x0034' },
  modes: [{ id: 'session', name: 'Diagnostic session' }],
  lockable: true,
  faults: [
    {
      ...{
        code: 'P0A78',
        displayCode: 'P0A78-00',
        name: 'Drive motor inverter performance',
        symptom: 'Torque reduced',
      },
      ...{
        severity: 2,
        scope: 'Default',
        status: stored,
        firstSeenHoursAgo: 260,
        lastSeenHoursAgo: 75,
        occurrences: 2,
      },
      snapshot: { motor_speed: 8120, inverter_temperature: 88, torque_nm: 212 },
    },
  ],
  data: [
    ...identification('INV150-0EJ9', '3.0.8'),
    ...systemData(),
    measurement(
      { id: 'motor-speed', name: 'Motor speed', unit: units.rpm, min: 0, max: 16_000, group: 'drive', tags: ['live'] },
      (moment) => (moment.speedKmh > 0 ? wave(moment, moment.speedKmh * 88, 40, 5) : 0),
    ),
    measurement(
      {
        id: 'inverter-temperature',
        name: 'Inverter temperature',
        unit: units.celsius,
        min: -40,
        max: 150,
        group: 'drive',
      },
      (moment) => approach(moment, 21, 46, 240),
    ),
    {
      ...{ id: 'rotor-temperature', name: 'Rotor temperature', category: 'currentData', groups: ['drive'] },
      ...{ unit: units.celsius, shape: z.number(), read: () => null },
      refusal: { status: 504, error: { error_code: 'not-responding', message: 'The rotor sensor does not answer.' } },
    },
  ],
  operations: [
    {
      ...{
        kind: 'lasting',
        id: 'resolver-calibration',
        name: 'Learn the rotor angle',
        requires: { session: 'extended' },
      },
      durationMillis: (_parameters, usualMillis) => usualMillis,
      progress: () => ({ phase: 'turning' }),
      finish: () => ({ parameters: { offset_degrees: 12.4 } }),
    },
  ],
};

const charger: EntityModel = {
  path: 'components/onboard-charger',
  name: 'Onboard charger',
  tags: ['charging', 'high-voltage'],
  variant: { name: 'OBC11', is_base_variant: false, state: 'Online', logical_address: '0x0038' },
  lockable: true,
  faults: [
    {
      // The native code of the unit as SOVD 1.1 shows it, where the others use the letters of SAE J2012.
      ...{
        code: '0xD10087',
        displayCode: 'U1100-87',
        name: 'Charging station: communication lost',
        symptom: 'Time-out',
      },
      ...{ severity: 3, scope: 'Default', status: stored, firstSeenHoursAgo: 40, lastSeenHoursAgo: 33, occurrences: 5 },
      snapshot: { pilot_duty_percent: 5, line_voltage: 229 },
    },
  ],
  data: [
    ...identification('OBC11-4K0915', '1.9.0'),
    ...systemData(),
    measurement(
      { id: 'line-voltage', name: 'Line voltage', unit: units.volt, min: 0, max: 260, group: 'charging' },
      (moment) => wave(moment, 230, 3, 12),
    ),
  ],
  operations: [
    {
      ...{ kind: 'immediate', id: 'unlock-plug', name: 'Unlock the charging plug', requires: { standstill: true } },
      run: () => ({ parameters: { plug: 'unlocked' } }),
    },
  ],
};

const thermalManagement: EntityModel = {
  path: 'components/thermal-management',
  name: 'Thermal management',
  tags: ['body'],
  variant: { name: 'TM2', is_base_variant: true, state: 'Online', logical_address: '0x003c' },
  lockable: true,
  faults: [
    {
      ...{ code: 'B10B2', displayCode: 'B10B2-13', name: 'Coolant pump 2: circuit open', symptom: 'Pump stands still' },
      ...{ severity: 2, scope: 'Default', status: active, firstSeenHoursAgo: 15, lastSeenHoursAgo: 1, occurrences: 4 },
      snapshot: { pump_current: 0, coolant_temperature: 31.5 },
    },
  ],
  data: [
    ...identification('TM2-1K1820', '2.2.2'),
    ...systemData(),
    measurement(
      {
        id: 'coolant-temperature',
        name: 'Coolant temperature',
        unit: units.celsius,
        min: -40,
        max: 110,
        group: 'cooling',
      },
      (moment) => approach(moment, 18, 33, 200) + wave(moment, 0, 0.5, 18),
    ),
  ],
};

const bodyControl: EntityModel = {
  path: 'components/body-control',
  name: 'Body control unit',
  tags: ['body'],
  variant: { name: 'BC5', is_base_variant: true, state: 'Online', logical_address: '0x0040' },
  lockable: true,
  faults: [
    {
      ...{
        code: 'C1137',
        displayCode: 'C1137-00',
        name: 'Tyre pressure rear left too low',
        symptom: 'Pressure below 1.9 bar',
      },
      ...{ severity: 3, scope: 'Default', status: active, firstSeenHoursAgo: 5, lastSeenHoursAgo: 0.5, occurrences: 1 },
      snapshot: { rear_left_bar: 1.7, ambient_temperature: 12 },
    },
  ],
  data: [
    ...identification('BC5-5WA937', '14.2.0'),
    ...systemData(),
    {
      ...{
        id: 'tyre pressures',
        name: 'Tyre pressures',
        category: 'currentData',
        groups: ['chassis'],
        unit: units.bar,
      },
      shape: z.record(z.string(), z.number().nullable()),
      read: (moment) => ({
        ...{ front_left: rounded(wave(moment, 2.5, 0.05, 60)), front_right: rounded(wave(moment, 2.5, 0.05, 70)) },
        ...{ rear_left: 1.7, rear_right: null },
      }),
      errors: [
        { path: '/rear_right', error: { error_code: 'not-responding', message: 'The wheel sensor is silent.' } },
      ],
    },
  ],
  operations: [
    {
      ...{ kind: 'immediate', id: 'unlock-door', name: 'Unlock a door', parameters: doorShape },
      run: (parameters) => ({ parameters: { door: doorShape.parse(parameters).door, state: 'unlocked' } }),
    },
  ],
};

const cellMonitor: EntityModel = {
  path: 'components/cell-monitor',
  name: 'Cell monitor',
  tags: ['high-voltage'],
  data: [
    {
      ...{ id: 'cell-voltages', name: 'Voltages of all cells', category: 'currentData', groups: ['battery'] },
      ...{ unit: units.volt, shape: z.array(z.number()).length(cellCount) },
      read: (moment) =>
        Array.from({ length: cellCount }, (_unused, cell) =>
          rounded(wave(moment, 4.12 - (cell % 7) / 500, 0.004, 10 + cell), 3),
        ),
    },
  ],
};

const vehicleComputer: EntityModel = {
  path: 'components/vehicle-computer',
  name: 'Central vehicle computer',
  tags: ['connectivity'],
  relations: { hosts: ['apps/diagnostic-recorder', 'apps/telemetry-agent'] },
  faults: [],
  data: [
    ...identification('HPC1-5WA035', '24.8.1'),
    ...systemData(),
    identity('operating-system', 'System', 'Linux 6.6'),
  ],
};

/** A battery-electric hatchback, seven components, two apps. */
export const electricCar: CarModel = {
  ...{ make: 'Meridian', model: 'Volta e', modelYear: 2024, vinStart: 'WSFVE77A', plant: 'Z' },
  entities: [
    {
      ...{ path: 'areas/high-voltage', name: 'High voltage', tags: ['high-voltage'] },
      relations: {
        contains: ['components/battery-management', 'components/drive-inverter', 'components/onboard-charger'],
        'related-components': ['components/battery-management', 'components/drive-inverter'],
      },
    },
    ...[batteryManagement, driveInverter, charger, thermalManagement, bodyControl, cellMonitor, vehicleComputer],
    diagnosticRecorder('components/vehicle-computer'),
    telemetryAgent('components/vehicle-computer'),
    {
      ...{ path: 'functions/charging', name: 'Charging', tags: ['charging'] },
      relations: { 'depends-on': ['components/onboard-charger', 'components/battery-management'] },
      data: [
        measurement(
          { id: 'range', name: 'Remaining range', unit: units.km, min: 0, max: 600, group: 'charging' },
          (moment) => 312 - moment.seconds / 200,
        ),
      ],
    },
  ],
};
