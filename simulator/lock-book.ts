import { randomUUID } from 'node:crypto';

import { SovdError } from './sovd-error.js';

/** The collections whose writes a lock can cover. */
export const lockableScopes = ['data', 'faults', 'operations', 'modes'] as const;
export type LockScope = (typeof lockableScopes)[number];

/** A claim of one client on some of an entity's collections, until it expires. */
export interface Lock {
  readonly id: string;
  readonly owner: string;
  readonly scopes: readonly LockScope[];
  expiresAt: number;
}

/** The locks of an entity. A lock ends by release, by expiry, or when another client breaks it. */
export class LockBook {
  readonly #locks = new Map<string, Lock>();
  /** Who lost a lock and hasn't been told yet: the next write of that client says so. */
  readonly #brokenFor = new Set<string>();

  list(): readonly Lock[] {
    const now = Date.now();
    for (const lock of this.#locks.values()) if (lock.expiresAt <= now) this.#locks.delete(lock.id);
    return [...this.#locks.values()];
  }

  find(id: string): Lock | undefined {
    return this.list().find((lock) => lock.id === id);
  }

  /** The lock of another client that covers one of these scopes. */
  obstacle(scopes: readonly LockScope[], client: string): Lock | undefined {
    return this.list().find((lock) => lock.owner !== client && lock.scopes.some((scope) => scopes.includes(scope)));
  }

  acquire(owner: string, scopes: readonly LockScope[], expiresInSeconds: number): Lock {
    const lock: Lock = { id: randomUUID(), owner, scopes, expiresAt: Date.now() + expiresInSeconds * 1000 };
    this.#locks.set(lock.id, lock);
    this.#brokenFor.delete(owner);
    return lock;
  }

  release(id: string): void {
    this.#locks.delete(id);
  }

  break(lock: Lock): void {
    this.#locks.delete(lock.id);
    this.#brokenFor.add(lock.owner);
  }

  /** Throws 409 `lock-broken` when another client's lock is in the way, or has taken over from this client. */
  demandWriteAccess(scope: LockScope, client: string): void {
    if (this.#locks.size === 0 && this.#brokenFor.size === 0) return;
    if (this.#brokenFor.delete(client)) throw lockBroken('Your lock was broken by another client.');
    if (this.obstacle([scope], client) !== undefined) throw lockBroken('Another client has locked this.');
  }
}

function lockBroken(message: string): SovdError {
  return new SovdError(409, { error_code: 'lock-broken', message });
}
