import type { CommandNews } from '#application/ports/command-events.js';
import type { Log } from '#application/ports/log.js';

/** What is called with the news of a command. */
export type CommandListener = (news: CommandNews) => void;

/** Who in this process listens to which command. */
export class CommandListeners {
  readonly #log: Log;
  readonly #listeners = new Map<string, Set<{ readonly listener: CommandListener }>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** The commands that somebody listens to. */
  get commandIds(): readonly string[] {
    return [...this.#listeners.keys()];
  }

  has(commandId: string): boolean {
    return this.#listeners.has(commandId);
  }

  /** Adds a listener; what it returns removes that one again, however often it is called. */
  add(commandId: string, listener: CommandListener): () => void {
    // An entry of its own for each call, so the same function may listen twice.
    const entry = { listener };
    const entries = this.#listeners.get(commandId) ?? new Set();
    this.#listeners.set(commandId, entries.add(entry));
    return () => {
      entries.delete(entry);
      if (entries.size === 0 && this.#listeners.get(commandId) === entries) this.#listeners.delete(commandId);
    };
  }

  /** Tells all listeners of the command. One that throws is logged and costs the others nothing. */
  tell(news: CommandNews): void {
    for (const { listener } of [...(this.#listeners.get(news.commandId) ?? [])]) {
      try {
        listener(news);
      } catch (error) {
        this.#log.error({ err: error, command_id: news.commandId }, 'A listener of command events has failed.');
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
