import type { PoolState } from './pool-state.js';

/** So many connections are opened for whoever comes. */
const freelyOpened = 4;

/** How long it is waited for one to be given back before another is opened. */
const patienceMillis = 20;

/**
 * Lets a pool of connections grow slowly. Most of a crowd that comes at once can be served by few connections, one after the
 * other, within milliseconds; a connection for each would cost the server a process, a login and the plans of all statements,
 * and from then on more switching between processes. So whoever finds none free waits for a moment, in turn, before another is
 * opened for them. When all that there may be are open, the pool's own queue decides.
 */
export class PoolGrowth {
  readonly #state: () => PoolState;
  readonly #max: number;
  readonly #waiting: (() => void)[] = [];
  /** How many are being given a connection. */
  #taking = 0;
  #patience: NodeJS.Timeout | undefined;

  constructor(state: () => PoolState, max: number) {
    this.#state = state;
    this.#max = max;
  }

  /** Takes a connection out of the pool when it is time for it. */
  async take<Taken>(take: () => Promise<Taken>): Promise<Taken> {
    if (this.#wouldOpen()) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        this.#patience ??= this.#startPatience();
      });
    } else this.#taking += 1;
    try {
      return await take();
    } finally {
      this.#taking -= 1;
      this.look();
    }
  }

  /** A connection may have become free. */
  look(): void {
    while (this.#waiting.length > 0 && !this.#wouldOpen()) this.#admit();
  }

  /** Whether one more could be served only by a connection that is not there yet. */
  #wouldOpen(): boolean {
    const { size, available } = this.#state();
    return size >= freelyOpened && size < this.#max && available <= this.#taking;
  }

  #admit(): void {
    clearTimeout(this.#patience);
    this.#taking += 1;
    this.#waiting.shift()?.();
    this.#patience = this.#waiting.length > 0 ? this.#startPatience() : undefined;
  }

  #startPatience(): NodeJS.Timeout {
    return setTimeout(() => {
      const [first] = this.#waiting;
      // What has arrived meanwhile is looked at before: it may give a connection back.
      setImmediate(() => {
        if (first !== undefined && this.#waiting[0] === first) this.#admit();
      });
    }, patienceMillis);
  }
}
