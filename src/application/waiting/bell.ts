import type { LightAbortSignal } from '../ports/light-abort-signal.js';
import type { Clock } from '../ports/clock.js';

/** Wakes one waiter. A ring that nobody waits for is remembered, once. */
export class Bell {
  readonly #clock: Pick<Clock, 'after'>;
  #isRung = false;
  #wake: (() => void) | undefined;

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  /** Whether somebody waits for the next ring. */
  get isAwaited(): boolean {
    return this.#wake !== undefined;
  }

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring, when the time is over, or when the signal aborts; at once if it rang before. */
  async wait(milliseconds: number, signal: LightAbortSignal): Promise<void> {
    if (!this.#isRung && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#wake = undefined;
          callOff();
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const callOff = this.#clock.after(milliseconds, wake);
        this.#wake = wake;
        signal.addEventListener('abort', wake);
      });
    }
    this.#isRung = false;
  }
}
