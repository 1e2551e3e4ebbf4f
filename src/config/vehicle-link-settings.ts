import { isIP } from 'node:net';

import type { EnvironmentName } from './environment-name.js';
import type { SettingsReader } from './settings-reader.js';

/** The limits of what a vehicle may cost. */
export interface VehicleLinkSettings {
  readonly connectTimeoutSeconds: number;
  /** All bytes of all answers to one command. */
  readonly maxResponseBytes: number;
  /** All responses of one command. */
  readonly maxResponses: number;
  readonly connectionsPerVehicle: number;
  /** Networks in CIDR notation, or single addresses, that vehicles may be in although they are refused by default. */
  readonly allowedNetworks: readonly string[];
  /** More networks, or single addresses, that no vehicle may be in. */
  readonly blockedNetworks: readonly string[];
}

/** The own machine, where the simulated vehicles of the demo and of the tests are. */
const loopback = ['127.0.0.0/8', '::1/128'];

/** Reads the vehicle link's settings. */
export function readVehicleLinkSettings(reader: SettingsReader, environment: EnvironmentName): VehicleLinkSettings {
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
    allowedNetworks: readNetworks(reader, 'VEHICLE_ALLOWED_NETWORKS', environment === 'production' ? [] : loopback),
    blockedNetworks: readNetworks(reader, 'VEHICLE_BLOCKED_NETWORKS', []),
  };
}

function readNetworks(reader: SettingsReader, name: string, fallback: readonly string[]): readonly string[] {
  const given = reader.list(name, 'networks such as 10.20.0.0/16 or fd00:20::/32, with commas between them', isNetwork);
  return given.length === 0 ? [...fallback] : given;
}

/** An address with or without a length of the prefix. Mapped addresses are written as what they are: IPv4. */
function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = address.includes('%') || address.toLowerCase().startsWith('::ffff:') ? 0 : isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/u.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
}
