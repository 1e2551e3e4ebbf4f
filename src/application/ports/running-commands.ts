import type { CommandEvent } from './command-repository.js';

/** What this instance knows of the commands that it carries out, without a look into the database. */
export interface RunningCommands {
  /**
   * All events of a command, where no others can be stored: it began here with its acceptance, its lease holds, and nothing more
   * has been written under it. From number 1 on, without a gap.
   */
  readonly begunEvents: (commandId: string) => readonly CommandEvent[] | undefined;
}
