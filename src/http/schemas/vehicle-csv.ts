import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';

import { defaultFleetId } from '#application/domain/fleet.js';
import type { Json } from '#application/domain/json.js';
import type { Vehicle, VehicleDescription } from '#application/domain/vehicle.js';

import { uuid } from './plain-text.js';
import { vehicleFields, withoutTrailingSlashes } from './vehicle-schemas.js';

/**
 * A field that begins with one of these is a formula to a spreadsheet, which would carry it out. It is written with an
 * apostrophe before it, and so is one that begins with apostrophes and then such a character; reading takes one away again.
 */
const formula = /^'*[=+\-@\t\r]/u;

/** How a column is written, and, if it can be imported, how it is read into a field of a vehicle. */
interface Column {
  readonly write: (vehicle: Vehicle) => string;
  readonly field?: keyof VehicleDescription;
  readonly schema?: z.ZodType;
  readonly isOptional?: boolean;
}

const json = z.string().transform((text, context): Json => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    context.addIssue({ code: 'custom', message: 'must be JSON' });
    return z.NEVER;
  }
});

const year = z
  .string()
  .regex(/^\d{4}(?![\s\S])/u, 'must be a year of four digits')
  .transform(Number);

/** All columns, in the order in which they are written. Those without a field are the registry's own. */
const columns: Readonly<Record<string, Column>> = {
  vin: { write: ({ vin }) => vin, field: 'vin', schema: vehicleFields.vin },
  make: { write: ({ make }) => make, field: 'make', schema: vehicleFields.make },
  model: { write: ({ model }) => model, field: 'model', schema: vehicleFields.model },
  model_year: {
    write: ({ modelYear }) => String(modelYear),
    field: 'modelYear',
    schema: year.pipe(vehicleFields.modelYear),
  },
  sovd_base_url: {
    write: ({ sovdBaseUrl }) => sovdBaseUrl,
    field: 'sovdBaseUrl',
    schema: vehicleFields.baseUrl.transform(withoutTrailingSlashes),
  },
  fleet_id: {
    write: ({ fleetId }) => fleetId,
    field: 'fleetId',
    schema: z
      .literal('')
      .transform(() => defaultFleetId)
      .or(uuid),
    isOptional: true,
  },
  metadata: {
    write: ({ metadata }) => (Object.keys(metadata).length === 0 ? '' : JSON.stringify(metadata)),
    field: 'metadata',
    schema: z.preprocess((text) => (text === '' ? '{}' : text), json.pipe(vehicleFields.metadata)),
    isOptional: true,
  },
  vehicle_id: { write: ({ id }) => id },
  connection_status: { write: ({ connectionStatus }) => connectionStatus },
  last_seen_at: { write: ({ lastSeenAt }) => lastSeenAt?.toISOString() ?? '' },
  created_at: { write: ({ createdAt }) => createdAt.toISOString() },
  updated_at: { write: ({ updatedAt }) => updatedAt.toISOString() },
  retired_at: { write: ({ retiredAt }) => retiredAt?.toISOString() ?? '' },
};

/** The names of all columns. */
export const columnNames: readonly string[] = Object.keys(columns);

/** The columns that a file of vehicles must have. */
export const requiredColumns = columnNames.filter((name) => {
  const column = columns[name];
  return column?.field !== undefined && column.isOptional !== true;
});

/** What a file without a column says of it. */
export const absentFields: Partial<VehicleDescription> = { fleetId: defaultFleetId, metadata: {} };

/** The field that a column is read into; undefined for what the registry knows by itself. */
export function importedField(name: string): { field: keyof VehicleDescription; schema: z.ZodType } | undefined {
  const { field, schema } = columns[name] ?? {};
  return field === undefined || schema === undefined ? undefined : { field, schema };
}

/** The first line. */
export function csvHeader(): string {
  return toCsv([columnNames]);
}

/** A line for each vehicle. */
export function csvLines(vehicles: readonly Vehicle[]): string {
  const all = Object.values(columns);
  return toCsv(vehicles.map((vehicle) => all.map(({ write }) => disarmed(write(vehicle)))));
}

/** A field as it was before it was written. */
export function rearmed(text: string): string {
  return text.startsWith("'") && formula.test(text) ? text.slice(1) : text;
}

function disarmed(text: string): string {
  return formula.test(text) ? `'${text}` : text;
}

/** RFC 4180, with the line ends that it asks for. */
function toCsv(rows: readonly (readonly string[])[]): string {
  return stringify(rows as string[][], { record_delimiter: '\r\n' });
}
