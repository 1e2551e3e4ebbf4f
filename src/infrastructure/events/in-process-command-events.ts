import type { CommandEvents, CommandNews, Unsubscribe } from '#application/ports/command-events.js';
import type { Log } from '#application/ports/log.js';

import { CommandListeners, type CommandListener } from './command-listeners.js';

interface Dependencies {
  readonly log: Log;
}

/** Command events for a service that runs as one instance: news reach listeners at once, and none elsewhere. */
export class InProcessCommandEvents implements CommandEvents {
  readonly #listeners: CommandListeners;

  constructor({ log }: Dependencies) {
    this.#listeners = new CommandListeners(log);
  }

  publish(news: CommandNews): void {
    this.#listeners.tell(news);
  }

  subscribe(commandId: string, listener: CommandListener): Promise<Unsubscribe> {
    return Promise.resolve(this.#listeners.add(commandId, listener));
  }

  isConnected(): Promise<boolean> {
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    this.#listeners.clear();
    return Promise.resolve();
  }
}
