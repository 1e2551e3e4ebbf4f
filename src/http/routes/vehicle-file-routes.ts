import { z } from 'zod';

import type { exportVehicles } from '#application/vehicles/export-vehicles.js';
import type { importVehicles } from '#application/vehicles/import-vehicles.js';

import { download, waitingEndpoint, type Endpoint } from '../endpoint.js';
import { readVehicleCsv, maxImportedVehicles } from '../read-vehicle-csv.js';
import { ok } from '../reply.js';
import { csvHeader, csvLines } from '../schemas/vehicle-csv.js';
import { toVehicleFilter, vehicleFilterQuery } from '../schemas/vehicle-schemas.js';

/** The use cases behind these routes. */
export interface VehicleFileRoutesDependencies {
  readonly exportVehicles: ReturnType<typeof exportVehicles>;
  readonly importVehicles: ReturnType<typeof importVehicles>;
}

const tag = 'Vehicles';
const mediaType = 'text/csv';
const maxMebibytes = 5;

const importSchema = z
  .object({
    vehicle_count: z.int().meta({ description: 'How many vehicles the file has.', examples: [2] }),
    dry_run: z.boolean().meta({ description: 'True: nothing was stored.', examples: [false] }),
  })
  .meta({ id: 'VehicleImport', description: 'What came of an import.' });

const importExample = `vin,make,model,model_year,sovd_base_url,metadata
WVWZZZ1JZXW800001,Volkswagen,Golf,2024,https://car-18.example/sovd/v1,
WVWZZZ1JZXW800002,Volkswagen,Polo,2023,https://car-19.example/sovd/v1,"{""depot"":""Hamburg""}"
`;

const exportExample = `${csvHeader()}WVWZZZ1JZXW000001,Volkswagen,Golf,2024,https://car-17.example/sovd/v1,00000000-0000-7000-8000-000000000001,,01890a5d-ac96-774b-bcce-b302099a8057,connected,2026-01-31T12:00:00.000Z,2026-01-01T12:00:00.000Z,2026-01-01T12:00:00.000Z,\r\n`;

/**
 * The registry of vehicles as a file, out of the service and into it. To be mounted before the routes of one vehicle, whose
 * paths take any word.
 */
export function vehicleFileRoutes({
  exportVehicles,
  importVehicles,
}: VehicleFileRoutesDependencies): readonly Endpoint[] {
  return [
    download({
      path: '/vehicles/export',
      operationId: 'exportVehicles',
      tag,
      summary: 'Export vehicles',
      description:
        'A CSV file (RFC 4180), newest first, with the same filters as the list. A field that a spreadsheet would take for a formula has an apostrophe before it; the import takes it away.',
      role: 'viewer',
      audit: { action: 'vehicle.export', entityType: 'vehicle' },
      query: vehicleFilterQuery,
      file: {
        mediaType,
        fileName: 'vehicles.csv',
        description: 'A header and a line for each vehicle',
        example: exportExample,
      },
      handle: (units, actor, { query }) => toText(exportVehicles(units, actor, toVehicleFilter(query))),
    }),
    waitingEndpoint({
      method: 'post',
      path: '/vehicles/import',
      operationId: 'importVehicles',
      tag,
      summary: 'Import vehicles',
      description: `A CSV file with a header and at most ${maxImportedVehicles} vehicles in ${maxMebibytes} MiB. All are registered or none: everything that is wrong is told by line and column, such as \`/lines/17/vin\`, the first 100 of it. An export can be imported; what the registry knows by itself is passed over.`,
      role: 'admin',
      audit: { action: 'vehicle.import', entityType: 'vehicle' },
      query: z.object({
        dry_run: z
          .enum(['true', 'false'])
          .transform((text) => text === 'true')
          .optional()
          .meta({ description: 'Check everything, and store nothing.' }),
      }),
      textBody: { mediaType, maxBytes: maxMebibytes * 1024 * 1024 },
      body: z.string().min(1),
      bodyExamples: { two: importExample },
      replies: { 200: { description: 'All vehicles of the file are registered', schema: importSchema } },
      handle: async (units, actor, { query, body }) =>
        importVehicles(units, actor, await readVehicleCsv(body), query.dry_run ?? false),
      reply: ({ vehicleCount, isDryRun }) => ok({ vehicle_count: vehicleCount, dry_run: isDryRun }),
    }),
  ];
}

async function* toText(
  parts: ReturnType<VehicleFileRoutesDependencies['exportVehicles']>,
): AsyncGenerator<string, void, undefined> {
  // With the first vehicles, so that they can still be refused.
  let header = csvHeader();
  for await (const vehicles of parts) {
    yield header + csvLines(vehicles);
    header = '';
  }
  if (header !== '') yield header;
}
