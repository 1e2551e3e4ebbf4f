import type { LightAbortSignal } from '../ports/light-abort-signal.js';

/** Of those that are aborted without a reason; made once, for its stack tells nothing and costs something. */
const withoutReason = new DOMException('This operation was aborted', 'AbortError');

/**
 * An AbortController for what is made for every command. Node.js gives each AbortSignal hidden classes of its own, and whatever
 * touches them is slow. Listeners must not throw.
 */
export class LightAbortController implements LightAbortSignal {
  #isAborted = false;
  #reason: Error = withoutReason;
  #listeners: (() => void)[] = [];

  get signal(): LightAbortSignal {
    return this;
  }

  get aborted(): boolean {
    return this.#isAborted;
  }

  get reason(): Error {
    return this.#reason;
  }

  /** Aborts, unless it is; without a reason with an `AbortError`. */
  abort(reason: Error = withoutReason): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }

  throwIfAborted(): void {
    if (this.#isAborted) throw this.#reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.#isAborted && !this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const place = this.#listeners.indexOf(listener);
    if (place >= 0) this.#listeners.splice(place, 1);
  }
}
