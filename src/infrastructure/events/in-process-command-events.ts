import type { CommandEvents, CommandNews, Unsubscribe } from '#application/ports/command-events.js';
import type { RevocationEvents } from '#application/ports/revocation-events.js';
import type { Log } from '#application/ports/log.js';

import { CommandListeners, type CommandListener } from './command-listeners.js';

interface Dependencies {
  readonly log: Log;
}

/** Events for a service that runs as one instance: news of commands reach listeners at once, and nobody is elsewhere. */
export class InProcessCommandEvents implements CommandEvents, RevocationEvents {
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

  publishRevocations(): void {
    // There is nobody to tell.
  }

  listenForRevocations(): void {
    // There is nobody to hear of.
  }

  isConnected(): Promise<boolean> {
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    this.#listeners.clear();
    return Promise.resolve();
  }
}
