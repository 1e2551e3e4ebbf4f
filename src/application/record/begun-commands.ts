import type { CommandEvent } from '../ports/command-repository.js';

/** A command that this instance carries out, as it was when it began. */
export interface BegunCommand {
  readonly commandId: string;
  /** All that are stored of it. */
  readonly events: readonly CommandEvent[];
}

/**
 * The commands of which nothing is stored but that this instance has accepted and begun them. Whoever orders a command and
 * follows it finds it here, as it is in the database. It is the instance's own lease that says so: nobody else writes of them.
 */
export class BegunCommands {
  readonly #begun = new Map<string, BegunCommand>();

  /** To be told of every step of this instance when it is durable, in the same turn as its followers. */
  note(commandId: string, events: readonly CommandEvent[]): void {
    const last = events.at(-1);
    const isBeginning = events[0]?.eventNumber === 1 && last?.kind === 'status' && last.transition.to === 'in_progress';
    if (isBeginning) this.#begun.set(commandId, { commandId, events });
    else this.#begun.delete(commandId);
  }

  /** The command is not carried out here any more. */
  forget(commandId: string): void {
    this.#begun.delete(commandId);
  }

  find(commandId: string): BegunCommand | undefined {
    return this.#begun.get(commandId);
  }
}
