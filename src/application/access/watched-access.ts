import type { UserActor } from '../domain/actor.js';
import { ApplicationError } from '../domain/errors.js';
import type { Clock } from '../ports/clock.js';
import type { UserAndCommand } from '../ports/command-repository.js';
import type { Log } from '../ports/log.js';
import type { UnitsOfWork } from '../ports/unit-of-work.js';
import { visibleVehicles } from './visibility.js';

interface Dependencies {
  readonly units: UnitsOfWork;
  readonly clock: Clock;
  readonly log: Log;
}

/** A follower of a command whose right to see it is looked at again and again. */
export interface Watch {
  /** Aborts when the right has ended. */
  readonly signal: AbortSignal;
  readonly end: () => void;
}

/** How often all rights are looked at: often enough that none outlives its end by five seconds. */
const recheckMillis = 3000;

/**
 * Looks again whether those who follow commands may still see them: whoever has lost the membership, or whose vehicle has
 * moved to another fleet, is told so. One statement for all of them together; none while nobody follows.
 */
export class WatchedAccess {
  readonly #dependencies: Dependencies;
  readonly #watched = new Map<UserAndCommand, AbortController>();
  #nobodyLeft: AbortController | undefined;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Begins to watch, until the end or the loss of the right. Whoever sees everything needs no watching. */
  watch(actor: UserActor, commandId: string): Watch {
    const controller = new AbortController();
    if (visibleVehicles(actor).kind === 'all') return { signal: controller.signal, end: () => undefined };
    const pair = { userId: actor.userId, commandId };
    this.#watched.set(pair, controller);
    if (this.#nobodyLeft === undefined) {
      this.#nobodyLeft = new AbortController();
      void this.#recheck(this.#nobodyLeft.signal);
    }
    return { signal: controller.signal, end: () => this.#unwatch(pair) };
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
        for (const pair of pairs) if (!kept.has(keyOf(pair))) this.#watched.get(pair)?.abort();
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
