import { isRefusal } from './database-errors.js';
import { compileGroup, groupWrites, type NotedWrite } from './noted-write.js';
import type { PooledConnections } from './pooled-connections.js';

/** How many units are committed by one statement, and how many writes they may have: responses may be large. */
const maxUnits = 16;
const maxWrites = 200;

/** The commit of a unit. */
interface Commit {
  readonly writes: readonly NotedWrite[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Whether a commit may be shared: each of its writes can be written together with others of its kind. */
export function canShareCommit(writes: readonly NotedWrite[]): boolean {
  return writes.every(({ together, expectedRows }) => together !== undefined && (expectedRows ?? 1) === 1);
}

/**
 * Commits the units of one turn of the event loop by one statement: each stands or falls by itself, and together they cost
 * the server one transaction and the disk one wait. When the statement is refused, because of any of them, none of it was
 * done, and each is committed alone.
 */
export class SharedCommits {
  readonly #connections: PooledConnections;
  /** Those that go out together; more may still join. */
  #gathered: Commit[] | undefined;

  constructor(connections: PooledConnections) {
    this.#connections = connections;
  }

  /** Resolves when the writes are durable. Rejects with the driver's error when they were not made, or nobody knows. */
  write(writes: readonly NotedWrite[]): Promise<void> {
    return new Promise((resolve, reject) => this.#gatheringFor(writes.length).push({ writes, resolve, reject }));
  }

  #gatheringFor(writeCount: number): Commit[] {
    const present = this.#gathered;
    if (present !== undefined && present.length < maxUnits) {
      const all = present.reduce((sum, { writes }) => sum + writes.length, writeCount);
      if (all <= maxWrites) return present;
    }
    const commits: Commit[] = [];
    this.#gathered = commits;
    // Once all that has arrived is looked at.
    setImmediate(() => {
      if (this.#gathered === commits) this.#gathered = undefined;
      void this.#commit(commits);
    });
    return commits;
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
    return this.#connections.share('write', (connection) => connection.send(compileGroup(writes)));
  }
}

/** Two units make the same row, or they are too many values for a statement. */
class CannotShare extends Error {}
