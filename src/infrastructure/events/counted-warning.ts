import type { Log, LogFields } from '#application/ports/log.js';

interface Options {
  readonly log: Log;
  readonly message: string;
  readonly intervalSeconds: number;
}

/** A warning that may have thousands of occasions a second, and is written once per interval with their number. */
export class CountedWarning {
  readonly #options: Options;
  #count = 0;
  #quietUntilMillis = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Counts an occasion, and writes the warning unless it was written a moment ago. */
  note(fields: LogFields): void {
    this.#count += 1;
    const nowMillis = performance.now();
    if (nowMillis < this.#quietUntilMillis) return;
    this.#quietUntilMillis = nowMillis + this.#options.intervalSeconds * 1000;
    this.#write(fields);
  }

  /** Writes of the occasions that no line has told of yet: for when the trouble is over. */
  flush(): void {
    if (this.#count > 0) this.#write({});
  }

  #write(fields: LogFields): void {
    this.#options.log.warn({ ...fields, count: this.#count }, this.#options.message);
    this.#count = 0;
  }
}
