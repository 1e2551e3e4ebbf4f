import { ApplicationError } from '#application/domain/errors.js';

interface Limits {
  /** How many tasks run at once. */
  readonly concurrency: number;
  /** How many may wait for their turn; further ones are refused. */
  readonly maxWaiting: number;
  /** What a refused caller is told. */
  readonly retryAfterSeconds: number;
}

/** Runs tasks a few at a time, the others in the order in which they came. */
export class ConcurrencyLimit {
  readonly #limits: Limits;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Gives what the task gives. Throws `overloaded` without running it when too many wait already. */
  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    await this.#enter();
    try {
      return await task();
    } finally {
      this.#leave();
    }
  }

  #enter(): Promise<void> | undefined {
    const { concurrency, maxWaiting, retryAfterSeconds } = this.#limits;
    if (this.#running < concurrency) {
      this.#running += 1;
      return undefined;
    }
    if (this.#waiting.length >= maxWaiting) {
      throw new ApplicationError('overloaded', 'Too many requests of this kind are waiting. Try again in a moment.', {
        retryAfterSeconds,
      });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The place goes straight to whoever waited longest, so nobody can slip in between. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}
