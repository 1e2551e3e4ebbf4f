import type { CommandEvents, CommandNews, Unsubscribe } from '../ports/command-events.js';

/** What a member of an audience is called with. */
export type NewsListener = (news: CommandNews) => void;

/**
 * Those in this process who follow one command. They share a subscription, and a read where they stand at the same event.
 */
export class CommandAudience<Page> {
  readonly #subscription: Promise<Unsubscribe>;
  readonly #members = new Set<{ readonly onNews: NewsListener }>();
  readonly #reads = new Map<number, Promise<Page>>();

  constructor(commandEvents: Pick<CommandEvents, 'subscribe'>, commandId: string) {
    this.#subscription = commandEvents.subscribe(commandId, (news) => {
      // A read that was begun before may not see what the news are about.
      this.#reads.clear();
      for (const { onNews } of this.#members) onNews(news);
    });
    // Whoever joins waits for it, and hears of its failure.
    this.#subscription.catch(() => undefined);
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  /** Adds a member, at once. What it returns takes that one out again, and with the last one the subscription ends. */
  join(onNews: NewsListener): () => void {
    const member = { onNews };
    this.#members.add(member);
    return () => {
      if (!this.#members.delete(member) || !this.isEmpty) return;
      this.#subscription.then(
        (unsubscribe) => unsubscribe(),
        () => undefined,
      );
    };
  }

  /** Resolves when no news can be missed any more. */
  async listening(): Promise<void> {
    await this.#subscription;
  }

  /** Reads what comes after an event, together with others who stand there too. */
  read(after: number, readPage: (after: number) => Promise<Page>): Promise<Page> {
    const running = this.#reads.get(after);
    if (running !== undefined) return running;
    const read = readPage(after).finally(() => {
      if (this.#reads.get(after) === read) this.#reads.delete(after);
    });
    this.#reads.set(after, read);
    return read;
  }
}
