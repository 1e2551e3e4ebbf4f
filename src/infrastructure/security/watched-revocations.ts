import { ApplicationError } from '#application/domain/errors.js';
import type { Revocation } from '#application/domain/revocation.js';
import type { AccessRevocations, GivenAccess } from '#application/ports/access-revocations.js';
import type { Clock } from '#application/ports/clock.js';
import type { Log } from '#application/ports/log.js';
import type { RevocationEvents } from '#application/ports/revocation-events.js';

import { RevocationMemory } from './revocation-memory.js';

interface Dependencies {
  /** What was revoked in the last so many seconds, by the clock of the database. */
  readonly readRecent: (seconds: number) => Promise<readonly Revocation[]>;
  readonly events: RevocationEvents;
  readonly clock: Clock;
  readonly log: Log;
  readonly tokenMinutes: number;
  /** How often the database is asked for what nobody told. */
  readonly pollMillis: number;
  readonly maxEntries?: number;
}

/** A revocation carries the time of its statement and is seen only after its commit, which may come this much later. */
const overlapSeconds = 30;

/**
 * Revocations in memory: filled from the database, told by this instance and by others, and read again every now and
 * then, which alone is enough when nobody tells.
 */
export class WatchedRevocations implements AccessRevocations {
  readonly #dependencies: Dependencies;
  readonly #memory: RevocationMemory;
  readonly #stopped = new AbortController();
  readonly #listeners: (() => void)[] = [];
  #lastLookMillis: number | undefined;
  #watch: Promise<void> = Promise.resolve();
  #reportedDrops = 0;

  constructor(dependencies: Dependencies) {
    const { tokenMinutes, clock, events, maxEntries = 50_000 } = dependencies;
    this.#dependencies = dependencies;
    this.#memory = new RevocationMemory({
      tokenMillis: tokenMinutes * 60_000,
      maxEntries,
      nowMillis: () => clock.now().getTime(),
    });
    events.listenForRevocations((revocations) => this.#learn(revocations));
  }

  /** Looks for the first time, and goes on in the background. A database that is away only means that it isn't ready yet. */
  async start(): Promise<void> {
    await this.#lookSafely();
    this.#watch = this.#keepLooking();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#watch;
  }

  /** Whether it knows what was revoked before it was started. */
  get isReady(): boolean {
    return this.#lastLookMillis !== undefined;
  }

  /** How many revocations are remembered. */
  get size(): number {
    return this.#memory.size;
  }

  announce(revocations: readonly Revocation[]): void {
    this.#learn(revocations);
    if (revocations.length > 0) this.#dependencies.events.publishRevocations(revocations);
  }

  isRevoked(access: GivenAccess): boolean {
    if (!this.isReady) {
      throw new ApplicationError('database-unavailable', 'The database cannot be reached. Try again in a moment.');
    }
    return this.#memory.covers(access);
  }

  onNews(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #learn(revocations: readonly Revocation[]): void {
    // Not `some`, which would stop at the first that is new.
    const isNews = revocations.filter((revocation) => this.#memory.add(revocation)).length > 0;
    if (isNews) for (const listener of this.#listeners) listener();
  }

  async #keepLooking(): Promise<void> {
    const { clock, pollMillis } = this.#dependencies;
    for (;;) {
      await clock.sleep(pollMillis, this.#stopped.signal);
      if (this.#stopped.signal.aborted) return;
      await this.#lookSafely();
    }
  }

  async #lookSafely(): Promise<void> {
    try {
      await this.#look();
    } catch (error) {
      // While the database is away nobody can revoke anything; what was missed is read when it is back.
      this.#dependencies.log.warn(
        { err: error },
        'revoked sessions could not be read; they are read again in a moment',
      );
    }
  }

  async #look(): Promise<void> {
    const { readRecent, tokenMinutes, log } = this.#dependencies;
    const startMillis = performance.now();
    const sinceLastLook =
      this.#lastLookMillis === undefined ? Number.POSITIVE_INFINITY : (startMillis - this.#lastLookMillis) / 1000;
    const recent = await readRecent(Math.min(sinceLastLook, tokenMinutes * 60) + overlapSeconds);
    this.#lastLookMillis = startMillis;
    this.#learn(recent);
    this.#memory.forgetOld();
    if (this.#memory.droppedCount > this.#reportedDrops) {
      const count = this.#memory.droppedCount - this.#reportedDrops;
      log.warn({ count }, 'so many sessions end that older access tokens are refused before their time');
      this.#reportedDrops = this.#memory.droppedCount;
    }
  }
}
