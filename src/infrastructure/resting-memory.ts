/** Below this share of its time the event loop has next to nothing to do. */
const restingUtilization = 0.05;
/** With three quiet looks, it rests after some 24 s. Not earlier: after a collection the code has to get warm anew. */
const lookMillis = 8000;
const looksUntilRest = 3;

/**
 * Gives memory back once the service has come to rest. V8 shrinks the space of young objects only in a full collection while
 * hardly any are made, and whoever rests has no reason to collect: without this the space would stay as large as the last
 * load, or the start, has made it.
 */
export class RestingMemory {
  readonly #collect: () => void;
  #quietLooks = 0;

  constructor(collect: () => void) {
    this.#collect = collect;
  }

  /** Looks at the event loop now and then, for as long as the process lives. */
  watch(): void {
    let last = performance.eventLoopUtilization();
    const look = (): void => {
      const now = performance.eventLoopUtilization();
      this.look(performance.eventLoopUtilization(now, last).utilization);
      last = now;
    };
    setInterval(look, lookMillis).unref();
  }

  /** Is told which share of the time since the last look the event loop was busy. Collects once in each rest. */
  look(utilization: number): void {
    this.#quietLooks = utilization < restingUtilization ? this.#quietLooks + 1 : 0;
    if (this.#quietLooks === looksUntilRest) this.#collect();
  }
}
