import { setTimeout as sleep } from 'node:timers/promises';

/** A connection pool as the leak check sees it. */
export interface WatchedPool {
  readonly using: number;
  readonly waiting: number;
}

const watched = new Map<string, () => WatchedPool>();
const settleMillis = 2_000;
const pollMillis = 5;

/** From now on this pool must be at rest after each test. Gives back what ends that. */
export function watchPool(name: string, pool: () => WatchedPool): () => void {
  watched.set(name, pool);
  return () => void watched.delete(name);
}

/**
 * Fails when a watched pool still has a connection in use or somebody waiting for one: a unit that was never closed. What
 * is just on its way back is waited for.
 */
export async function expectPoolsAtRest(): Promise<void> {
  for (const [name, pool] of watched) {
    const end = performance.now() + settleMillis;
    while (!isAtRest(pool()) && performance.now() < end) await sleep(pollMillis);
    const { using, waiting } = pool();
    if (using > 0 || waiting > 0) {
      throw new Error(`The pool ${name} is not at rest: ${using} connections in use, ${waiting} waiting.`);
    }
  }
}

/** Root hooks for mocha (`--require`): the check runs after each test of all files. */
export const mochaHooks = { afterEach: expectPoolsAtRest };

function isAtRest({ using, waiting }: WatchedPool): boolean {
  return using === 0 && waiting === 0;
}
