import type { Clock } from '../ports/clock.js';

/** Wakes one waiter. A ring that nobody waits for is remembered, once. */
export class Bell {
  readonly #clock: Pick<Clock, 'sleep'>;
  #isRung = false;
  #waiting: AbortController | undefined;

  constructor(clock: Pick<Clock, 'sleep'>) {
    this.#clock = clock;
  }

  ring(): void {
    this.#isRung = true;
    // Without a reason of its own each would make an exception, with its stack.
    this.#waiting?.abort('rung');
  }

  /** Resolves at the next ring, when the time is over, or when the signal aborts; at once if it rang before. */
  async wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (!this.#isRung && !signal.aborted) {
      const waiting = new AbortController();
      const stop = (): void => waiting.abort('stopped');
      this.#waiting = waiting;
      signal.addEventListener('abort', stop, { once: true });
      await this.#clock.sleep(milliseconds, waiting.signal);
      signal.removeEventListener('abort', stop);
      this.#waiting = undefined;
    }
    this.#isRung = false;
  }
}
