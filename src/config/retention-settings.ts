import type { SettingsReader } from './settings-reader.js';

/** How what has served its time is cleared away. */
export interface RetentionSettings {
  /** The time between two rounds. */
  readonly purgeIntervalSeconds: number;
}

/** Reads the settings of retention. */
export function readRetentionSettings(reader: SettingsReader): RetentionSettings {
  return {
    purgeIntervalSeconds: reader.wholeNumber('PURGE_INTERVAL_SECONDS', { fallback: 600, minimum: 1, maximum: 86_400 }),
  };
}
