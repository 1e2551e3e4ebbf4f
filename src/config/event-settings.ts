import type { SettingsReader } from './settings-reader.js';

/** Live event streams. */
export interface EventSettings {
  /** How often an idle stream sends a comment, so that nothing between us and the client takes it for dead. */
  readonly heartbeatSeconds: number;
  /** How often a stream looks into the database for news that it wasn't told. */
  readonly recheckSeconds: number;
  readonly maxStreamsPerUser: number;
}

/** Reads the settings of event streams. */
export function readEventSettings(reader: SettingsReader): EventSettings {
  return {
    heartbeatSeconds: reader.wholeNumber('EVENTS_HEARTBEAT_SECONDS', { fallback: 15, minimum: 1, maximum: 300 }),
    recheckSeconds: reader.wholeNumber('EVENTS_RECHECK_SECONDS', { fallback: 5, minimum: 1, maximum: 300 }),
    maxStreamsPerUser: reader.wholeNumber('EVENTS_MAX_STREAMS_PER_USER', {
      fallback: 500,
      minimum: 1,
      maximum: 100_000,
    }),
  };
}
