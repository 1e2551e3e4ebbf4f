import { z } from 'zod';

import type { CarModel, EntityModel } from '../car-model.js';
import { active, activeWithLamp, pending, stored } from '../fault-status.js';
import { negativeResponse } from '../sovd-error.js';
import { approach, identification, identity, measurement, rounded, systemData, units, wave } from './declarations.js';
import { diagnosticRecorder, telemetryAgent } from './diagnostic-apps.js';

const fanShape = z.strictObject({ speed_percent: z.int().min(10).max(100) });
const lampShape = z.strictObject({
  lamp: z.enum(['low-beam', 'high-beam', 'indicator-left', 'indicator-right', 'brake']),
});

const engineControl: EntityModel = {
  path: 'components/engine-control',
  name: 'Engine control unit',
  tags: ['powertrain'],
  variant: { name: 'EC17-EU6', is_base_variant: false, state: 'Online', logical_address: '0x0010' },
  relations: { 'depends-on': ['components/transmission-control'], subcomponents: ['components/fuel-system'] },
  modes: [
    { id: 'session', name: 'Diagnostic session' },
    { id: 'security', name: 'Security access' },
    { id: 'dtcsetting', name: 'Fault setting' },
  ],
  lockable: true,
  faults: [
    {
      ...{ code: 'P0301', displayCode: 'P0301-00', name: 'Cylinder 1 misfire detected', symptom: 'Uneven running' },
      ...{ severity: 2, scope: 'OBD', status: activeWithLamp, tags: ['emission'] },
      ...{ firstSeenHoursAgo: 52, lastSeenHoursAgo: 0.2, occurrences: 17 },
      snapshot: { engine_speed: 2140, coolant_temperature: 88.5, engine_load: 62, vehicle_speed: 74, odometer: 61_204 },
    },
    {
      ...{
        code: 'P0171',
        displayCode: 'P0171-00',
        name: 'System too lean (bank 1)',
        symptom: 'Fuel trim at its limit',
      },
      ...{ severity: 3, scope: 'OBD', status: pending, tags: ['emission'] },
      ...{ firstSeenHoursAgo: 9, lastSeenHoursAgo: 3, occurrences: 2 },
      snapshot: { engine_speed: 1820, long_term_fuel_trim: 24.2, coolant_temperature: 90.1, vehicle_speed: 58 },
    },
    {
      ...{ code: 'P0420', displayCode: 'P0420-00', name: 'Catalyst efficiency below threshold (bank 1)' },
      ...{ symptom: 'Oxygen storage too low', severity: 3, scope: 'OBD', status: stored, tags: ['emission'] },
      ...{ firstSeenHoursAgo: 960, lastSeenHoursAgo: 410, occurrences: 4 },
      snapshot: { engine_speed: 2410, catalyst_temperature: 612, vehicle_speed: 101, odometer: 58_877 },
    },
    {
      ...{ code: 'U0101', displayCode: 'U0101-87', name: 'Lost communication with transmission control' },
      ...{ symptom: 'Message missing', severity: 2, scope: 'Default', status: stored },
      ...{ firstSeenHoursAgo: 310, lastSeenHoursAgo: 310, occurrences: 1 },
      snapshot: { supply_voltage: 9.4, engine_speed: 0 },
    },
  ],
  data: [
    ...identification('EC17-0261S', '4.18.2'),
    ...systemData(),
    measurement(
      { id: 'engine-speed', name: 'Engine speed', unit: units.rpm, min: 0, max: 7000, group: 'engine', tags: ['live'] },
      (moment) => (moment.poweredOn ? wave(moment, 820 + moment.speedKmh * 24, 35, 3) : 0),
    ),
    measurement(
      {
        id: 'coolant-temperature',
        name: 'Coolant temperature',
        unit: units.celsius,
        min: -40,
        max: 150,
        group: 'engine',
      },
      (moment) => (moment.poweredOn ? approach(moment, 24, 91, 180) + wave(moment, 0, 0.8, 25) : 24),
    ),
    measurement(
      {
        id: 'vehicle-speed',
        name: 'Vehicle speed',
        unit: units.kmh,
        min: 0,
        max: 300,
        group: 'driving',
        tags: ['live'],
      },
      (moment) => (moment.speedKmh > 0 ? wave(moment, moment.speedKmh, 1.5, 8) : 0),
    ),
    measurement(
      { id: 'intake pressure/bank 1', name: 'Intake pressure', unit: units.bar, min: 0, max: 3, group: 'engine' },
      (moment) => wave(moment, moment.poweredOn ? 0.4 : 1, 0.1, 4),
    ),
    {
      ...{ id: 'idle-speed-setpoint', name: 'Idle speed set point', category: 'storedData', groups: ['settings'] },
      ...{ unit: units.rpm, shape: z.int().min(650).max(1100), read: () => 820, write: {} },
    },
    {
      ...{ id: 'speed-limit', name: 'Speed limit', category: 'storedData', groups: ['settings'], unit: units.kmh },
      ...{ shape: z.int().min(30).max(250), read: () => 250 },
      write: { standstill: true, session: 'extended', security: 'level1' },
    },
    {
      ...{ id: 'readiness', name: 'Readiness of emission monitors', category: 'storedData', groups: ['emission'] },
      shape: z.record(z.string(), z.enum(['complete', 'incomplete'])),
      read: () => ({ catalyst: 'complete', evaporative_system: 'incomplete', oxygen_sensor: 'complete' }),
    },
  ],
  operations: [
    {
      ...{ kind: 'immediate', id: 'reset-adaptations', name: 'Reset learned values', requires: { standstill: true } },
      run: () => ({ parameters: { values_reset: 14 } }),
    },
    {
      ...{ kind: 'lasting', id: 'cooling-fan-test', name: 'Run the cooling fan', parameters: fanShape },
      requires: { standstill: true },
      durationMillis: (_parameters, usualMillis) => usualMillis,
      progress: (parameters) => ({ requested_percent: fanShape.parse(parameters).speed_percent, fan_running: true }),
      finish: (parameters) => ({
        parameters: { measured_rpm: fanShape.parse(parameters).speed_percent * 26, fan_running: false },
      }),
    },
    {
      ...{
        kind: 'lasting',
        id: 'compression-test',
        name: 'Compression test',
        requires: { standstill: true, powerOff: true },
      },
      durationMillis: (_parameters, usualMillis) => usualMillis * 2,
      progress: (_parameters, elapsed, duration) => ({
        cylinder: Math.min(4, 1 + Math.floor((elapsed / duration) * 4)),
      }),
      finish: () => ({ parameters: { bar: [9.1, 13.2, 13.4, 13.1] } }),
    },
    {
      ...{ kind: 'lasting', id: 'injector-calibration', name: 'Calibrate the injectors' },
      durationMillis: (_parameters, usualMillis) => usualMillis,
      progress: () => ({ phase: 'measuring' }),
      finish: () => ({
        parameters: { failed_injector: 1 },
        error: negativeResponse(0x31, 0x72, 'Injector 1 is outside of the range that can be learned.'),
      }),
    },
  ],
};

const transmissionControl: EntityModel = {
  path: 'components/transmission-control',
  name: 'Transmission control unit',
  tags: ['powertrain'],
  variant: { name: 'DCT7', is_base_variant: false, state: 'Online', logical_address: '0x0018' },
  modes: [{ id: 'session', name: 'Diagnostic session' }],
  lockable: true,
  faults: [
    {
      ...{ code: 'P0741', displayCode: 'P0741-00', name: 'Clutch 1: slip too high', symptom: 'Slipping under load' },
      ...{
        severity: 2,
        scope: 'Default',
        status: stored,
        firstSeenHoursAgo: 1200,
        lastSeenHoursAgo: 96,
        occurrences: 6,
      },
      snapshot: { gear: 3, clutch_slip_rpm: 180, oil_temperature: 104 },
    },
  ],
  data: [
    ...identification('DCT7-9G01', '2.7.0'),
    ...systemData(),
    measurement(
      {
        id: 'oil-temperature',
        name: 'Oil temperature',
        unit: units.celsius,
        min: -40,
        max: 160,
        group: 'transmission',
      },
      (moment) => approach(moment, 22, 82, 300),
    ),
    {
      ...{ id: 'gear', name: 'Selected gear', category: 'currentData', groups: ['transmission'] },
      shape: z.enum(['P', 'R', 'N', '1', '2', '3', '4', '5', '6', '7']),
      read: (moment) => (moment.speedKmh === 0 ? 'P' : Math.min(7, 1 + Math.floor(moment.speedKmh / 20)).toString()),
    },
    {
      ...{ id: 'clutch-temperature', name: 'Clutch temperature', category: 'currentData', groups: ['transmission'] },
      ...{ unit: units.celsius, shape: z.number(), read: () => null },
      refusal: { status: 502, error: negativeResponse(0x22, 0x22, 'The sensor of the clutch gives no value.') },
    },
  ],
  operations: [
    {
      ...{
        kind: 'lasting',
        id: 'clutch-adaptation',
        name: 'Learn the clutch points',
        requires: { session: 'extended' },
      },
      durationMillis: (_parameters, usualMillis) => usualMillis,
      progress: (_parameters, elapsed, duration) => ({ clutch: elapsed < duration / 2 ? 1 : 2 }),
      finish: () => ({ parameters: { clutch_1_mm: 4.12, clutch_2_mm: 3.98 } }),
    },
  ],
};

const brakeControl: EntityModel = {
  path: 'components/brake-control',
  name: 'Brake control unit',
  tags: ['chassis'],
  variant: { name: 'ESC9', is_base_variant: false, state: 'Online', logical_address: '0x0028' },
  lockable: true,
  faults: [
    {
      ...{
        code: 'C0035',
        displayCode: 'C0035-14',
        name: 'Wheel speed sensor front left: circuit open or short to ground',
      },
      ...{ symptom: 'No signal', severity: 2, scope: 'Default', status: active, tags: ['safety'] },
      ...{
        firstSeenHoursAgo: 30,
        lastSeenHoursAgo: 1,
        occurrences: 9,
        snapshot: { vehicle_speed: 12, brake_pressure: 0 },
      },
    },
  ],
  data: [
    ...identification('ESC9-0265', '6.1.4'),
    ...systemData(),
    {
      ...{ id: 'wheel speeds', name: 'Speeds of the four wheels', category: 'currentData', groups: ['driving'] },
      unit: units.kmh,
      shape: z.record(z.string(), z.number().nullable()),
      read: (moment) => ({
        front_left: null,
        ...Object.fromEntries(
          ['front_right', 'rear_left', 'rear_right'].map((wheel) => [wheel, rounded(moment.speedKmh)]),
        ),
      }),
      errors: [
        { path: '/front_left', error: { error_code: 'not-responding', message: 'The sensor gives no signal.' } },
      ],
    },
    measurement(
      { id: 'brake-pressure', name: 'Brake pressure', unit: units.bar, min: 0, max: 250, group: 'brakes' },
      (moment) => Math.max(0, wave(moment, 2, 4, 9)),
    ),
  ],
  operations: [
    {
      ...{ kind: 'lasting', id: 'bleed-brakes', name: 'Bleed the brakes', requires: { standstill: true } },
      durationMillis: (_parameters, usualMillis) => usualMillis,
      progress: (_parameters, elapsed, duration) => ({ wheel: 1 + Math.floor((elapsed / duration) * 4) }),
      finish: () => ({ parameters: { wheels_done: 4 } }),
    },
  ],
};

const bodyControl: EntityModel = {
  path: 'components/body-control',
  name: 'Body control unit',
  tags: ['body'],
  variant: { name: 'BC3', is_base_variant: true, state: 'Online', logical_address: '0x0040' },
  lockable: true,
  faults: [
    {
      ...{ code: 'B1015', displayCode: 'B1015-11', name: 'Left low beam: short to ground', symptom: 'Lamp off' },
      ...{ severity: 3, scope: 'Default', status: active, firstSeenHoursAgo: 20, lastSeenHoursAgo: 2, occurrences: 3 },
      snapshot: { supply_voltage: 13.9, lamp_current: 11.2 },
    },
    {
      ...{
        code: 'U1100',
        displayCode: 'U1100-00',
        name: 'Software version of the gateway differs',
        symptom: 'Mismatch',
      },
      ...{
        severity: 4,
        scope: 'Default',
        status: stored,
        firstSeenHoursAgo: 700,
        lastSeenHoursAgo: 700,
        occurrences: 1,
      },
      snapshot: {},
    },
  ],
  data: [
    ...identification('BC3-5Q0937', '11.0.3'),
    ...systemData(),
    {
      ...{ id: 'comfort-settings', name: 'Comfort settings', category: 'storedData', groups: ['settings'], write: {} },
      shape: z.strictObject({ auto_lock: z.boolean(), follow_me_home_seconds: z.int().min(0).max(120) }),
      read: () => ({ auto_lock: true, follow_me_home_seconds: 30 }),
    },
  ],
  operations: [
    {
      ...{ kind: 'immediate', id: 'lamp-test', name: 'Flash a lamp', parameters: lampShape },
      run: (parameters) => ({ parameters: { lamp: lampShape.parse(parameters).lamp, current_ampere: 4.6 } }),
    },
  ],
};

const fuelSystem: EntityModel = {
  path: 'components/fuel-system',
  name: 'Fuel supply',
  tags: ['powertrain'],
  data: [
    measurement(
      { id: 'fuel-level', name: 'Fuel level', unit: units.percent, min: 0, max: 100, group: 'fuel', tags: ['live'] },
      (moment) => 64 - moment.seconds / 3600,
    ),
    measurement(
      { id: 'rail-pressure', name: 'Rail pressure', unit: units.bar, min: 0, max: 400, group: 'fuel' },
      (moment) => (moment.poweredOn ? wave(moment, 62, 6, 2) : 0),
    ),
  ],
};

const gateway: EntityModel = {
  path: 'components/gateway',
  name: 'Central gateway',
  tags: ['connectivity'],
  relations: { hosts: ['apps/diagnostic-recorder', 'apps/telemetry-agent'] },
  faults: [],
  data: [...identification('GW2-3Q0907', '5.5.1'), ...systemData(), identity('network', 'Backbone', '1000BASE-T1')],
};

/** A compact estate with a petrol engine, six components, two apps. */
export const combustionCar: CarModel = {
  ...{ make: 'Meridian', model: 'Tourer 1.5', modelYear: 2022, vinStart: 'WSFTR15E', plant: 'M' },
  entities: [
    {
      ...{ path: 'areas/powertrain', name: 'Powertrain', tags: ['powertrain'] },
      relations: {
        subareas: ['areas/exhaust'],
        contains: ['components/engine-control', 'components/transmission-control', 'components/fuel-system'],
        'related-components': ['components/engine-control', 'components/transmission-control'],
      },
    },
    { path: 'areas/exhaust', name: 'Exhaust', relations: { contains: ['components/engine-control'] } },
    ...[engineControl, transmissionControl, brakeControl, bodyControl, fuelSystem, gateway],
    diagnosticRecorder('components/gateway'),
    telemetryAgent('components/gateway'),
    {
      ...{ path: 'functions/stability-control', name: 'Stability control', tags: ['safety'] },
      relations: { 'depends-on': ['components/brake-control', 'components/engine-control'] },
      data: [
        {
          ...{ id: 'interventions', name: 'Interventions since start', category: 'currentData', groups: ['driving'] },
          ...{ shape: z.int().min(0), read: (moment) => (moment.speedKmh > 0 ? Math.floor(moment.seconds / 60) : 0) },
        },
      ],
    },
  ],
};
