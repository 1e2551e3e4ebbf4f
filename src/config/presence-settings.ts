import type { SettingsReader } from './settings-reader.js';

/** How it is found out which vehicles can be reached. */
export interface PresenceSettings {
  /** For how long a vehicle may be silent before it is asked; 0: none is ever asked. */
  readonly intervalSeconds: number;
  /** How many vehicles one instance asks at once. */
  readonly concurrency: number;
  /** How long a vehicle may take to answer. */
  readonly timeoutSeconds: number;
}

/** Reads the settings of the presence probe. */
export function readPresenceSettings(reader: SettingsReader): PresenceSettings {
  return {
    intervalSeconds: reader.wholeNumber('PROBE_INTERVAL_SECONDS', { fallback: 60, minimum: 0, maximum: 86_400 }),
    concurrency: reader.wholeNumber('PROBE_CONCURRENCY', { fallback: 20, minimum: 1, maximum: 1000 }),
    timeoutSeconds: reader.wholeNumber('PROBE_TIMEOUT_SECONDS', { fallback: 5, minimum: 1, maximum: 60 }),
  };
}
