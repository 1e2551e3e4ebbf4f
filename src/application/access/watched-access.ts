import type { UserActor } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { Clock } from '../ports/clock.js';
import type { UserAndCommand } from '../ports/command-repository.js';
import type { Log } from '../ports/log.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import { seesEverything } from './visibility.js';

interface Dependencies {
  readonly units: UnitsOfWork;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often all rights are looked at: often enough that none outlives its end by five seconds. */
const recheckMillis = 3000;

/**
 * Looks again whether those who follow commands may still see them: whoever has lost the membership, or whose vehicle has
 * moved to another fleet, is told so. One statement for all of them together; none while nobody follows.
 */
export class WatchedAccess {
  readonly #dependencies: Dependencies;
  /** What is to be called for whoever has lost the right. */
  readonly #watched = new Map<UserAndCommand, () => void>();
  #nobodyLeft: AbortController | undefined;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Watches, and calls back when the right is lost, until the function that it returns is called. Whoever sees everything needs
   * no watching.
   */
  watch(actor: UserActor, commandId: string, onLost: () => void): () => void {
    if (seesEverything(actor)) return () => undefined;
    const pair = { userId: actor.userId, commandId };
    this.#watched.set(pair, onLost);
    if (this.#nobodyLeft === undefined) {
      this.#nobodyLeft = new AbortController();
      void this.#recheck(this.#nobodyLeft.signal);
    }
    return () => this.#unwatch(pair);
  }

  #unwatch(pair: UserAndCommand): void {
    this.#watched.delete(pair);
    if (this.#watched.size > 0) return;
    this.#nobodyLeft?.abort();
    this.#nobodyLeft = undefined;
  }

  async #recheck(nobodyLeft: AbortSignal): Promise<void> {
    const { units, clock, log } = this.#dependencies;
    for (;;) {
      await clock.sleep(recheckMillis, nobodyLeft);
      if (nobodyLeft.aborted) return;
      const pairs = [...this.#watched.keys()];
      try {
        const visible = await units.withUnit('read', (work) => work.commands.listVisibleTo(pairs));
        const kept = new Set(visible.map(keyOf));
        for (const pair of pairs) if (!kept.has(keyOf(pair))) this.#watched.get(pair)?.();
      } catch (error) {
        // While the database is away no event is read either; the next look decides.
        const isAway = error instanceof ApplicationError && error.kind === 'unavailable';
        log[isAway ? 'warn' : 'error']({ err: error }, 'the rights of the followers could not be looked at');
      }
    }
  }
}

function keyOf({ userId, commandId }: UserAndCommand): string {
  return `${userId} ${commandId}`;
}
