import type { CommandStatus } from '../domain/command-state.js';

/** What is counted and timed about commands. */
export interface Measurements {
  /** A transition that really happened, once. */
  readonly commandMoved: (name: string, to: CommandStatus, secondsSinceStart: number | undefined) => void;
}
