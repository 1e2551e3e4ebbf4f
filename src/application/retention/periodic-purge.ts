import type { Clock } from '../ports/clock.js';
import type { Log } from '../ports/log.js';
import type { Measurements, PurgeName } from '../ports/measurements.js';
import type { PurgeStep } from '../ports/purge-step.js';

/** A sort of rows that have served their time. */
export interface Purge {
  /** What is purged, for the log and the metrics. */
  readonly name: PurgeName;
  /** Deletes about so many in a short unit of its own. */
  readonly deleteSome: (limit: number) => Promise<PurgeStep>;
}

interface Dependencies {
  readonly purges: readonly Purge[];
  readonly clock: Clock;
  readonly log: Log;
  readonly measurements: Pick<Measurements, 'rowsPurged' | 'purgeUpToDate'>;
  /** The time between the end of one round and the next. */
  readonly intervalSeconds: number;
}

/** Small enough that a step holds its row locks for some milliseconds only. */
const stepSize = 500;

/** Between two steps, so that whoever works with the service hardly notices. */
const restMillis = 50;

/** Deletes what is not to be kept any more, now and then and in small steps. Any number of instances may do so at once. */
export class PeriodicPurge {
  readonly #dependencies: Dependencies;
  readonly #stopped = new AbortController();
  #rounds: Promise<void> = Promise.resolve();

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Begins to work, and returns. */
  start(): void {
    const { purges, measurements } = this.#dependencies;
    for (const { name } of purges) {
      measurements.rowsPurged(name, 0);
      measurements.purgeUpToDate(name);
    }
    this.#rounds = this.#repeat();
  }

  /** Ends after the step that is under way. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#rounds;
  }

  async #repeat(): Promise<void> {
    const { purges, clock, intervalSeconds } = this.#dependencies;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await clock.sleep(intervalSeconds * 1000, signal);
      for (const purge of purges) await this.#runSafely(purge);
    }
  }

  /** One that fails must not keep the others from their turn; it has its next one in the next round. */
  async #runSafely({ name, deleteSome }: Purge): Promise<void> {
    const { clock, log, measurements } = this.#dependencies;
    const { signal } = this.#stopped;
    let count = 0;
    try {
      while (!signal.aborted) {
        const { rows, mayHaveMore } = await deleteSome(stepSize);
        count += rows;
        measurements.rowsPurged(name, rows);
        if (!mayHaveMore) {
          measurements.purgeUpToDate(name);
          break;
        }
        await clock.sleep(restMillis, signal);
      }
    } catch (error) {
      log.warn({ err: error, purged: name }, 'old rows could not be purged; the next round tries again');
    }
    if (count > 0) log.info({ purged: name, count }, 'old rows were purged');
  }
}
