import { z } from 'zod';

import type { DataModel, Moment, Unit } from '../car-model.js';

/** Units of measurement with their way to SI. */
export const units = {
  rpm: { display_name: 'rpm', factor: 0.104_719_755, offset: 0 },
  kmh: { display_name: 'km/h', factor: 0.277_777_778, offset: 0 },
  celsius: { display_name: '°C', factor: 1, offset: 273.15 },
  volt: { display_name: 'V', factor: 1, offset: 0 },
  ampere: { display_name: 'A', factor: 1, offset: 0 },
  percent: { display_name: '%', factor: 0.01, offset: 0 },
  bar: { display_name: 'bar', factor: 100_000, offset: 0 },
  km: { display_name: 'km', factor: 1000, offset: 0 },
  kilowattHour: { display_name: 'kWh', factor: 3_600_000, offset: 0 },
  second: { display_name: 's', factor: 1, offset: 0 },
  kiloohm: { display_name: 'kΩ', factor: 1000, offset: 0 },
} as const satisfies Record<string, Unit>;

/** A value that swings around a mean; cars of different seeds are out of step. */
export function wave(moment: Moment, mean: number, amplitude: number, periodSeconds: number): number {
  const phase = (moment.seconds / periodSeconds) * 2 * Math.PI + moment.seed * 1.7;
  // A second, faster swing, so that no two readings in a row look drawn with a ruler.
  return mean + amplitude * (0.8 * Math.sin(phase) + 0.2 * Math.sin(phase * 7.3));
}

/** A value that moves from one level to another and stays there, such as a temperature after the start. */
export function approach(moment: Moment, from: number, to: number, timeConstantSeconds: number): number {
  return to + (from - to) * Math.exp(-moment.seconds / timeConstantSeconds);
}

/** Rounded as a control unit would show it. */
export function rounded(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}

/** Data that says what the part is. */
export function identity(id: string, name: string, value: string | ((moment: Moment) => string)): DataModel {
  return {
    ...{ id, name, category: 'identData', groups: ['identification'], shape: z.string() },
    read: typeof value === 'string' ? () => value : value,
  };
}

interface Measurement {
  readonly id: string;
  readonly name: string;
  readonly unit: Unit;
  readonly min: number;
  readonly max: number;
  readonly group: string;
  readonly tags?: readonly string[];
}

/** A number that changes while one looks at it; never outside of its range. */
export function measurement(about: Measurement, read: (moment: Moment) => number): DataModel {
  const { id, name, unit, min, max, group, tags } = about;
  return {
    ...{ id, name, unit, category: 'currentData', groups: [group], shape: z.number().min(min).max(max) },
    ...(tags && { tags }),
    read: (moment) => Math.min(max, Math.max(min, rounded(read(moment)))),
  };
}

/** What every control unit tells of itself. */
export function identification(partNumber: string, softwareVersion: string): readonly DataModel[] {
  return [
    identity('vin', 'Vehicle identification number', (moment) => moment.vin),
    identity('part-number', 'Part number', partNumber),
    identity('software-version', 'Software version', softwareVersion),
    identity('serial-number', 'Serial number', (moment) => `${partNumber}-${moment.seed.toString().padStart(6, '0')}`),
  ];
}

/** Supply voltage and time since the start of a control unit. */
export function systemData(): readonly DataModel[] {
  return [
    {
      ...{ id: 'uptime', name: 'Time since start', category: 'sysInfo', groups: ['system'], unit: units.second },
      shape: z.int().min(0),
      read: (moment) => Math.floor(moment.seconds),
    },
    measurement(
      { id: 'supply-voltage', name: 'Supply voltage', unit: units.volt, min: 0, max: 18, group: 'system' },
      (moment) => wave(moment, moment.poweredOn ? 14.1 : 12.4, 0.2, 11),
    ),
  ];
}
