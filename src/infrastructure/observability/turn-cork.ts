import process from 'node:process';
import type { Writable } from 'node:stream';

/**
 * Lets a stream write what comes in one turn of the event loop at once: to a pipe each write is a call of the system, which
 * wakes whoever reads it. Nothing is held back when the process exits; one that is killed loses the lines of that turn.
 */
export class TurnCork {
  readonly #stream: Writable;
  #isIn = false;

  constructor(stream: Writable) {
    this.#stream = stream;
    process.once('exit', () => this.#pull());
  }

  /** Holds back what is written from now on, until the turn is over. */
  put(): void {
    if (this.#isIn) return;
    this.#isIn = true;
    this.#stream.cork();
    setImmediate(() => this.#pull());
  }

  #pull(): void {
    if (!this.#isIn) return;
    this.#isIn = false;
    this.#stream.uncork();
  }
}
