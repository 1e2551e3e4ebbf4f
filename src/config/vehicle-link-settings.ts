import type { SettingsReader } from './settings-reader.js';

/** The limits of what a vehicle may cost. */
export interface VehicleLinkSettings {
  readonly connectTimeoutSeconds: number;
  /** All bytes of all answers to one command. */
  readonly maxResponseBytes: number;
  /** All responses of one command. */
  readonly maxResponses: number;
  readonly connectionsPerVehicle: number;
}

/** Reads the vehicle link's settings. */
export function readVehicleLinkSettings(reader: SettingsReader): VehicleLinkSettings {
  return {
    connectTimeoutSeconds: reader.wholeNumber('VEHICLE_CONNECT_TIMEOUT_SECONDS', {
      fallback: 5,
      minimum: 1,
      maximum: 60,
    }),
    maxResponseBytes: reader.wholeNumber('VEHICLE_MAX_RESPONSE_BYTES', {
      fallback: 16_777_216,
      minimum: 1024,
      maximum: 1_073_741_824,
    }),
    maxResponses: reader.wholeNumber('VEHICLE_MAX_RESPONSES', { fallback: 10_000, minimum: 1, maximum: 1_000_000 }),
    connectionsPerVehicle: reader.wholeNumber('VEHICLE_CONNECTIONS', { fallback: 4, minimum: 1, maximum: 64 }),
  };
}
