import { isRefusal } from './database-errors.js';
import { Gathering } from './gathering.js';
import { compileGroup, groupWrites, isRowWrite, type NotedWrite } from './noted-write.js';
import type { PooledConnections } from './pooled-connections.js';

/** How many units are committed by one statement, and how many writes they may have: responses may be large. */
const maxUnits = 64;
const maxWrites = 200;

/** For how long units go on gathering while others are being committed: some of what a disk takes. */
const maxWaitMillis = 4;

/** The commit of a unit. */
interface Commit {
  readonly writes: readonly NotedWrite[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Whether a commit may be shared: each of its writes can be written together with others of its kind. */
export function canShareCommit(writes: readonly NotedWrite[]): boolean {
  return writes.every(isRowWrite);
}

/**
 * Commits the units of one turn of the event loop, and those that come while others are being committed, by one statement:
 * each stands or falls by itself, and together they cost the server one transaction and the disk one wait. When the statement
 * is refused, because of any of them, none of it was done, and each is committed alone.
 */
export class SharedCommits {
  readonly #connections: PooledConnections;
  readonly #gathering: Gathering<Commit>;

  constructor(connections: PooledConnections) {
    this.#connections = connections;
    this.#gathering = new Gathering({
      fits: (commits, { writes }) =>
        commits.length < maxUnits &&
        commits.reduce((sum, each) => sum + each.writes.length, writes.length) <= maxWrites,
      maxUnderWay: 1,
      maxWaitMillis,
      run: (commits) => this.#commit(commits),
    });
  }

  /** Resolves when the writes are durable. Rejects with the driver's error when they were not made, or nobody knows. */
  write(writes: readonly NotedWrite[]): Promise<void> {
    return new Promise((resolve, reject) => this.#gathering.add({ writes, resolve, reject }));
  }

  async #commit(commits: readonly Commit[]): Promise<void> {
    try {
      const groups = groupWrites(commits.flatMap(({ writes }) => writes));
      if (groups.length > 1) throw new CannotShare();
      for (const group of groups) await this.#send(group);
      for (const { resolve } of commits) resolve();
    } catch (error) {
      const isUndone = error instanceof CannotShare || isRefusal(error);
      if (commits.length > 1 && isUndone) await Promise.all(commits.map((commit) => this.#commitAlone(commit)));
      else for (const { reject } of commits) reject(error);
    }
  }

  async #commitAlone({ writes, resolve, reject }: Commit): Promise<void> {
    try {
      await this.#send(writes);
      resolve();
    } catch (error) {
      reject(error);
    }
  }

  #send(writes: readonly NotedWrite[]): Promise<unknown> {
    return this.#connections.use((connection) => connection.send(compileGroup(writes)));
  }
}

/** Two units make the same row, or they are too many values for a statement. */
class CannotShare extends Error {}
