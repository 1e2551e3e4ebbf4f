import { z } from 'zod';

import { commandStatuses } from '#application/domain/command-state.js';
import { commandErrorCodes } from '#application/domain/response.js';
import { connectionStatuses, type Vehicle } from '#application/domain/vehicle.js';
import type { VehicleStatus } from '#application/domain/vehicle-status.js';
import { hasVinCheckDigit, vinPattern } from '#application/domain/vin.js';
import type { VehicleFilter } from '#application/ports/vehicle-repository.js';

import { credentialSummarySchema, presentCredentials } from './credential-schemas.js';
import { jsonObject, lineOfText, timestamp, uuid } from './plain-text.js';
import { optionalTimestampText, timestampText } from './timestamp-text.js';

const maxMetadataCharacters = 65_536;

const vin = z
  .string()
  .regex(vinPattern, 'must be 17 capital letters and digits, without I, O and Q')
  .meta({ description: 'Vehicle identification number (ISO 3779).', examples: ['WVWZZZ1JZXW000001'] });

const baseUrl = z
  .string()
  .max(2048)
  .refine(isBaseUrl, 'must be an http or https URL without credentials, query and fragment')
  .meta({
    description: "Base of the vehicle's SOVD server, with its version segment.",
    examples: ['https://car-17.example/sovd/v1'],
  });

const metadata = jsonObject
  .refine((value) => JSON.stringify(value).length <= maxMetadataCharacters, 'must not be larger than 64 KiB')
  .meta({ description: 'Anything that is worth knowing about the vehicle.' });

const modelYear = z.int().min(1980).max(2100);

/** What can be said about a vehicle, field by field. */
export const vehicleFields = { vin, make: lineOfText(1, 100), model: lineOfText(1, 100), modelYear, baseUrl, metadata };

/** Query parameters that choose vehicles; all that are given must fit. */
export const vehicleFilterQuery = z.object({
  fleet_id: uuid.optional(),
  status: z.enum(connectionStatuses).optional(),
  make: lineOfText(1, 100).optional(),
  model: lineOfText(1, 100).optional(),
  q: lineOfText(1, 100).optional().meta({ description: 'Part of VIN, make or model.' }),
  include_retired: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
});

/** The vehicles that a query asks for. */
export function toVehicleFilter(query: z.output<typeof vehicleFilterQuery>): Omit<VehicleFilter, 'scope'> {
  return {
    includeRetired: query.include_retired ?? false,
    ...(query.fleet_id === undefined ? {} : { fleetId: query.fleet_id }),
    ...(query.status === undefined ? {} : { status: query.status }),
    ...(query.make === undefined ? {} : { make: query.make }),
    ...(query.model === undefined ? {} : { model: query.model }),
    ...(query.q === undefined ? {} : { text: query.q }),
  };
}

/** Body of a registration. */
export const registerVehicleBody = z
  .object({
    vin,
    make: lineOfText(1, 100),
    model: lineOfText(1, 100),
    model_year: modelYear,
    sovd_base_url: baseUrl,
    metadata: metadata.optional(),
    fleet_id: uuid.optional().meta({ description: 'The fleet that it belongs to; `default` when absent.' }),
  })
  .meta({ id: 'RegisterVehicle' });

/** Body of a change: at least one field. */
export const changeVehicleBody = z
  .strictObject({
    make: lineOfText(1, 100).optional(),
    model: lineOfText(1, 100).optional(),
    model_year: modelYear.optional(),
    sovd_base_url: baseUrl.optional(),
    metadata: metadata.optional(),
    fleet_id: uuid.optional().meta({ description: 'Moves it to another fleet.' }),
  })
  .refine((body) => Object.keys(body).length > 0, 'must name at least one field to change')
  .meta({ id: 'ChangeVehicle' });

/** A vehicle. */
export const vehicleSchema = z
  .object({
    vehicle_id: uuid,
    fleet_id: uuid,
    vin: z.string().meta({ examples: ['WVWZZZ1JZXW000001'] }),
    vin_check_digit_valid: z.boolean().meta({
      description:
        'Whether the ninth character is the check digit of 49 CFR 565. Outside of North America it need not be.',
    }),
    make: z.string().meta({ examples: ['Volkswagen'] }),
    model: z.string().meta({ examples: ['Golf'] }),
    model_year: z.int().meta({ examples: [2024] }),
    sovd_base_url: z.string().meta({ examples: ['https://car-17.example/sovd/v1'] }),
    connection_status: z.enum(connectionStatuses).meta({ description: 'What the last exchange with it showed.' }),
    last_seen_at: timestamp.nullable().meta({ description: 'When it last answered.' }),
    metadata: jsonObject.meta({ examples: [{ depot: 'Wolfsburg' }] }),
    credentials: credentialSummarySchema.nullable(),
    created_at: timestamp,
    updated_at: timestamp,
    retired_at: timestamp.nullable().meta({ examples: [null] }),
  })
  .meta({ id: 'Vehicle', description: 'A registered vehicle.' });

/** A vehicle as it is shown. */
export function presentVehicle(vehicle: Vehicle): z.output<typeof vehicleSchema> {
  return {
    vehicle_id: vehicle.id,
    fleet_id: vehicle.fleetId,
    vin: vehicle.vin,
    vin_check_digit_valid: hasVinCheckDigit(vehicle.vin),
    make: vehicle.make,
    model: vehicle.model,
    model_year: vehicle.modelYear,
    sovd_base_url: vehicle.sovdBaseUrl,
    connection_status: vehicle.connectionStatus,
    last_seen_at: optionalTimestampText(vehicle.lastSeenAt),
    metadata: vehicle.metadata,
    credentials: vehicle.credentials === undefined ? null : presentCredentials(vehicle.credentials),
    created_at: timestampText(vehicle.createdAt),
    updated_at: timestampText(vehicle.updatedAt),
    retired_at: optionalTimestampText(vehicle.retiredAt),
  };
}

/** What is going on with a vehicle. */
export const vehicleStatusSchema = z
  .object({
    vehicle_id: uuid,
    connection_status: z.enum(connectionStatuses).meta({
      description:
        '`disconnected`: no connection, or it was never spoken to. `error`: it was reached and gave no proper answer.',
    }),
    last_seen_at: timestamp.nullable().meta({ description: 'When it last answered.' }),
    last_checked_at: timestamp
      .nullable()
      .meta({ description: 'When it was last spoken to, with or without an answer.' }),
    last_error_code: z
      .enum(commandErrorCodes)
      .nullable()
      .meta({ description: 'Why the last exchange failed, if it did.' }),
    pending_commands: z.int(),
    in_progress_commands: z.int(),
    last_command: z
      .object({
        command_id: uuid,
        command_name: z.string(),
        status: z.enum(commandStatuses),
        submitted_at: timestamp,
        completed_at: timestamp.nullable(),
        error_code: z.enum(commandErrorCodes).nullable(),
      })
      .nullable()
      .meta({ description: 'The command that was accepted last.' }),
  })
  .meta({ id: 'VehicleStatus', description: 'Whether a vehicle can be reached, and what is going on with it.' });

/** What is going on with a vehicle, as it is shown. */
export function presentVehicleStatus(status: VehicleStatus): z.output<typeof vehicleStatusSchema> {
  const { vehicle, lastCommand } = status;
  return {
    vehicle_id: vehicle.id,
    connection_status: vehicle.connectionStatus,
    last_seen_at: optionalTimestampText(vehicle.lastSeenAt),
    last_checked_at: optionalTimestampText(vehicle.lastCheckedAt),
    last_error_code: vehicle.lastErrorCode ?? null,
    pending_commands: status.pendingCommands,
    in_progress_commands: status.runningCommands,
    last_command:
      lastCommand === undefined
        ? null
        : {
            command_id: lastCommand.id,
            command_name: lastCommand.name,
            status: lastCommand.status,
            submitted_at: timestampText(lastCommand.submittedAt),
            completed_at: optionalTimestampText(lastCommand.completedAt),
            error_code: lastCommand.errorCode ?? null,
          },
  };
}

/** The base without slashes at its end, so that paths can be put behind it. */
export function withoutTrailingSlashes(url: string): string {
  return url.replace(/\/+$/u, '');
}

function isBaseUrl(text: string): boolean {
  // The parser would take `http:car` too, and where that leads is anybody's guess.
  if (!/^https?:\/\/[^/]/iu.test(text) || /[\s\p{Cc}\\]/u.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return url.username === '' && url.password === '' && !text.includes('?') && !text.includes('#');
}
