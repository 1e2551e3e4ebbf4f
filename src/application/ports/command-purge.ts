import type { PurgeStep } from './purge-step.js';

/**
 * Deletes what is left of commands that ended long ago, oldest first, within the unit's transaction. A step deletes about
 * `limit` rows: it takes no further command when that many are reached, and always takes one. Any number of instances may
 * do so at once; they take different commands.
 */
export interface CommandPurge {
  /** The responses of commands that ended at least so many days ago; the commands say from then on that they are gone. */
  readonly purgeResponses: (days: number, limit: number) => Promise<PurgeStep>;
  /** Commands whose responses are gone and that ended at least so many days ago, with their transitions. */
  readonly purgeCommands: (days: number, limit: number) => Promise<PurgeStep>;
}
