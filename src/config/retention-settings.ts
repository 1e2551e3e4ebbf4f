import type { SettingsReader } from './settings-reader.js';

/** For how long what has served its time is kept, and how it is cleared away. Days count from the end of a command. */
export interface RetentionSettings {
  /** Null: for ever. */
  readonly responsesDays: number | null;
  /** Null: for ever. Never less than the responses. */
  readonly commandsDays: number | null;
  /** The time between two rounds. */
  readonly purgeIntervalSeconds: number;
}

const responses = 'RETENTION_RESPONSES_DAYS';
const commands = 'RETENTION_COMMANDS_DAYS';

/** Reads the settings of retention. */
export function readRetentionSettings(reader: SettingsReader): RetentionSettings {
  const days = (name: string, fallback: number): number =>
    reader.wholeNumber(name, { fallback, minimum: 0, maximum: 36_500 });
  const settings = {
    responsesDays: days(responses, 90) || null,
    commandsDays: days(commands, 365) || null,
    purgeIntervalSeconds: reader.wholeNumber('PURGE_INTERVAL_SECONDS', { fallback: 600, minimum: 1, maximum: 86_400 }),
  };
  complainOfOrder(reader, settings);
  return settings;
}

function complainOfOrder(reader: SettingsReader, { responsesDays, commandsDays }: RetentionSettings): void {
  if (commandsDays === null || reader.hasComplaint(responses, commands)) return;
  if (responsesDays !== null && responsesDays <= commandsDays) return;
  const kept = responsesDays === null ? 'are kept for ever (0)' : `are kept for ${responsesDays} days`;
  reader.complain(
    commands,
    `must not be below ${responses}: responses ${kept}, and cannot be kept longer than their commands; raise it, or lower ${responses} to ${commandsDays} at the most`,
  );
}
