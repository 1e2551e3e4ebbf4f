import type { CommandEvent } from './command-repository.js';

/** Command N has reached event number M. What happened stands in the database. */
export interface CommandNews {
  readonly commandId: string;
  readonly eventNumber: number;
  /**
   * The stored events that led there, without a gap: whoever has the one before them need not read. Left out where the news
   * come from another instance.
   */
  readonly events?: readonly CommandEvent[];
}

/** Ends a subscription. Idempotent. */
export type Unsubscribe = () => void;

/**
 * Tells followers of a command, on this and on all other instances, that it has moved. Best effort: news may come late,
 * twice, out of order or never, so followers look into the database now and then.
 */
export interface CommandEvents {
  /** Never throws and never waits. */
  readonly publish: (news: CommandNews) => void;
  /**
   * From the moment on that the promise resolves no news that is published is missed, as long as the way between the
   * instances is open; while it isn't, it resolves all the same and news of this instance arrive.
   */
  readonly subscribe: (commandId: string, listener: (news: CommandNews) => void) => Promise<Unsubscribe>;
  /** Whether news from other instances arrive: for readiness. */
  readonly isConnected: () => Promise<boolean>;
  readonly close: () => Promise<void>;
}
