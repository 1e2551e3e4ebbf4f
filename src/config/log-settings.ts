import type { SettingsReader } from './settings-reader.js';

/** The levels of the log, from the quietest. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;

/** One of them. */
export type LogLevel = (typeof logLevels)[number];

/** The log. */
export interface LogSettings {
  readonly level: LogLevel;
}

/** Reads the log's settings. */
export function readLogSettings(reader: SettingsReader): LogSettings {
  return { level: reader.choice('LOG_LEVEL', logLevels, 'info') };
}
