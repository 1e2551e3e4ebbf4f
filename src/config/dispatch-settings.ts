import type { SettingsReader } from './settings-reader.js';

/** How commands are carried out. */
export interface DispatchSettings {
  /** How many commands this instance carries out at once. */
  readonly concurrency: number;
  /** How long a claim holds without being renewed; after it another instance takes the command over. */
  readonly leaseSeconds: number;
  /** How often the queue is looked at without being told to. */
  readonly pollMillis: number;
  readonly readsPerVehicle: number;
  /** How often a safe command is tried in all. */
  readonly retryAttempts: number;
  /** How long running commands may go on once the service was told to stop. */
  readonly drainSeconds: number;
}

/** Reads the dispatcher's settings. */
export function readDispatchSettings(reader: SettingsReader): DispatchSettings {
  return {
    concurrency: reader.wholeNumber('DISPATCH_CONCURRENCY', { fallback: 100, minimum: 1, maximum: 10_000 }),
    leaseSeconds: reader.wholeNumber('DISPATCH_LEASE_SECONDS', { fallback: 10, minimum: 2, maximum: 300 }),
    pollMillis: reader.wholeNumber('DISPATCH_POLL_MS', { fallback: 1000, minimum: 50, maximum: 60_000 }),
    readsPerVehicle: reader.wholeNumber('DISPATCH_READS_PER_VEHICLE', { fallback: 4, minimum: 1, maximum: 64 }),
    retryAttempts: reader.wholeNumber('DISPATCH_RETRY_ATTEMPTS', { fallback: 3, minimum: 1, maximum: 20 }),
    drainSeconds: reader.wholeNumber('DISPATCH_DRAIN_SECONDS', { fallback: 8, minimum: 0, maximum: 300 }),
  };
}
