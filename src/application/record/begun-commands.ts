import type { CommandEvent } from '../ports/command-repository.js';

/**
 * The commands of which nothing is stored but that this instance has accepted and begun them. Whoever orders a command and
 * follows it finds it here, as it is in the database. It is the instance's own lease that says so: nobody else writes of them.
 */
export class BegunCommands {
  /** All events of each. */
  readonly #events = new Map<string, readonly CommandEvent[]>();

  /** To be told of every step of this instance when it is durable, in the same turn as its followers. */
  note(commandId: string, events: readonly CommandEvent[]): void {
    const last = events.at(-1);
    const isBeginning = events[0]?.eventNumber === 1 && last?.kind === 'status' && last.transition.to === 'in_progress';
    if (isBeginning) this.#events.set(commandId, events);
    else this.#events.delete(commandId);
  }

  /** The command is not carried out here any more. */
  forget(commandId: string): void {
    this.#events.delete(commandId);
  }

  /** All events behind one; undefined where the database has to be asked, because more than these may be stored. */
  eventsAfter(commandId: string, after: number): readonly CommandEvent[] | undefined {
    const events = this.#events.get(commandId);
    const last = events?.at(-1)?.eventNumber ?? 0;
    // Who has seen a later one knows more than we do.
    return after <= last ? events?.filter(({ eventNumber }) => eventNumber > after) : undefined;
  }
}
