import { backoffMillis } from '../waiting/backoff.js';
import type { Contact } from '../domain/vehicle.js';
import type { Clock } from '../ports/clock.js';
import type { DispatchSignals } from '../ports/dispatch-signals.js';
import type { Log } from '../ports/log.js';
import type { DueProbe } from '../ports/probe-queue.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import { Bell } from '../waiting/bell.js';
import type { probeVehicle } from './probe-vehicle.js';
import { recordContact } from '../record/record-contact.js';

/** What a probe needs. */
export interface PresenceProbeDependencies {
  readonly units: UnitsOfWork;
  readonly dispatchSignals: DispatchSignals;
  readonly clock: Clock;
  readonly log: Log;
  readonly probeVehicle: ReturnType<typeof probeVehicle>;
  /** For how long a vehicle may be silent before it is asked. */
  readonly intervalSeconds: number;
  /** How long a probe takes at the most. */
  readonly timeoutSeconds: number;
  /** How many vehicles this instance asks at once. */
  readonly concurrency: number;
  /** A number from 0 to 1, for jitter. */
  readonly chance: () => number;
}

/** How often it is looked whether a vehicle is due, where the interval isn't shorter than that. */
const pollMillis = 2000;

/** A vehicle that has been away for long is asked this many times less often. */
const maxBackoff = 10;

/** By which part of an interval the next probe may come later, so that vehicles that came together drift apart. */
const jitter = 0.1;

/**
 * Asks vehicles of which nothing was heard whether they are there. Any number of instances share the work. It takes two
 * database connections at the most, one to find what is due and one to store what was learned, and none while it asks.
 */
export class PresenceProbe {
  readonly #dependencies: PresenceProbeDependencies;
  readonly #stopped = new AbortController();
  readonly #bell: Bell;
  readonly #running = new Set<Promise<void>>();
  #lastStored: Promise<void> = Promise.resolve();
  #loop: Promise<void> = Promise.resolve();

  constructor(dependencies: PresenceProbeDependencies) {
    this.#dependencies = dependencies;
    this.#bell = new Bell(dependencies.clock);
  }

  /** Begins to work, and returns. */
  start(): void {
    this.#loop = this.#work();
  }

  /** Lets go of all vehicles at once; what was not learned yet is asked again by another instance, or after the start. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
    await Promise.all(this.#running);
  }

  async #work(): Promise<void> {
    const { clock, concurrency, intervalSeconds } = this.#dependencies;
    const pauseMillis = Math.min(pollMillis, intervalSeconds * 250);
    while (!this.#stopped.signal.aborted) {
      const free = concurrency - this.#running.size;
      // Half of the places at a time: a statement for each vehicle would cost more than the vehicle.
      if (free < Math.ceil(concurrency / 2)) {
        await this.#bell.wait(pauseMillis, this.#stopped.signal);
        continue;
      }
      const due = await this.#claim(free);
      for (const probe of due) this.#begin(probe);
      if (due.length < free) await clock.sleep(pauseMillis, this.#stopped.signal);
    }
  }

  async #claim(limit: number): Promise<readonly DueProbe[]> {
    const { units, log, intervalSeconds, timeoutSeconds } = this.#dependencies;
    // Twice its time: a vehicle that takes all of it must not be taken by somebody else before the outcome is stored.
    const claimSeconds = Math.max(intervalSeconds, timeoutSeconds * 2);
    try {
      return await units.withUnit('write', (work) => work.probeQueue.claim(limit, intervalSeconds, claimSeconds));
    } catch (error) {
      log.warn({ err: error }, 'the vehicles that are due for a probe could not be read');
      return [];
    }
  }

  #begin(probe: DueProbe): void {
    const running = this.#probe(probe).finally(() => {
      this.#running.delete(running);
      this.#bell.ring();
    });
    this.#running.add(running);
  }

  async #probe(probe: DueProbe): Promise<void> {
    const contact = await this.#dependencies.probeVehicle(probe, this.#stopped.signal);
    if (contact === undefined) return;
    // One after the other: those who ask for something have the connections.
    this.#lastStored = this.#lastStored.then(() => this.#store(probe, contact));
    await this.#lastStored;
  }

  async #store(probe: DueProbe, contact: Contact): Promise<void> {
    const { units, dispatchSignals, log } = this.#dependencies;
    const { seconds, failures } = this.#nextProbe(probe, contact);
    try {
      await units.withUnit('write', (work) => {
        recordContact(work, dispatchSignals, probe.vehicle, contact);
        work.probeQueue.putOff(probe.vehicle.id, seconds, failures);
        return Promise.resolve();
      });
    } catch (error) {
      // The vehicle is due again after its interval, and no command depends on it.
      log.warn({ err: error, vehicle_id: probe.vehicle.id }, 'what a probe has shown could not be stored');
    }
  }

  /** A vehicle that doesn't answer is asked less and less often; a command that reaches it begins anew. */
  #nextProbe({ vehicle, failures: before }: DueProbe, contact: Contact): { seconds: number; failures: number } {
    const { intervalSeconds, chance } = this.#dependencies;
    if (contact.status === 'connected') return { seconds: intervalSeconds * (1 + jitter * chance()), failures: 0 };
    const failures = vehicle.connectionStatus === 'connected' ? 1 : Math.min(before + 1, 1000);
    const limitMillis = intervalSeconds * maxBackoff * 1000;
    const millis = backoffMillis(failures, intervalSeconds * 1000, limitMillis, chance());
    return { seconds: Math.max(intervalSeconds, millis / 1000), failures };
  }
}
