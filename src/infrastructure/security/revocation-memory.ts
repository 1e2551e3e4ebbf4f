import type { Revocation } from '#application/domain/revocation.js';
import type { GivenAccess } from '#application/ports/access-revocations.js';

interface Options {
  /** How long an access token is good for. */
  readonly tokenMillis: number;
  /** How many sessions, and how many users, are remembered at the most. */
  readonly maxEntries: number;
  readonly nowMillis: () => number;
}

interface Entry {
  readonly learntAtMillis: number;
  /** Tokens with a lower version are dead. */
  readonly belowVersion: number;
}

/** How far the clocks of two instances may be apart. */
const skewMillis = 60_000;

/**
 * Revocations, for as long as a token may live that they end. Its size is bounded: when there are too many, the oldest is
 * forgotten, and with it all tokens are taken for dead that are as old as it. Their owners get new ones by a refresh.
 */
export class RevocationMemory {
  readonly #options: Options;
  /** Both in the order in which they were learnt. */
  readonly #sessions = new Map<string, Entry>();
  readonly #users = new Map<string, Entry>();
  #tokensAreDeadUntilMillis = 0;
  #droppedCount = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size + this.#users.size;
  }

  /** How many were forgotten before their time. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Gives whether it is news. */
  add(revocation: Revocation): boolean {
    return revocation.kind === 'session'
      ? this.#learn(this.#sessions, revocation.sessionId, Number.POSITIVE_INFINITY)
      : this.#learn(this.#users, revocation.userId, revocation.accessVersion);
  }

  /** Whether a token with these claims is dead. */
  covers({ userId, sessionId, accessVersion, accessUntil }: GivenAccess): boolean {
    if (this.#sessions.has(sessionId)) return true;
    if (accessVersion < (this.#users.get(userId)?.belowVersion ?? 0)) return true;
    return accessUntil.getTime() <= this.#tokensAreDeadUntilMillis;
  }

  /** Forgets what no living token can be about. */
  forgetOld(): void {
    const { tokenMillis, nowMillis } = this.#options;
    const oldestMillis = nowMillis() - tokenMillis - skewMillis;
    for (const entries of [this.#sessions, this.#users]) {
      for (const [id, { learntAtMillis }] of entries) {
        if (learntAtMillis >= oldestMillis) break;
        entries.delete(id);
      }
    }
  }

  #learn(entries: Map<string, Entry>, id: string, belowVersion: number): boolean {
    const known = entries.get(id);
    if (known !== undefined && known.belowVersion >= belowVersion) return false;
    entries.delete(id);
    entries.set(id, { learntAtMillis: this.#options.nowMillis(), belowVersion });
    if (entries.size > this.#options.maxEntries) this.#dropOldest(entries);
    return true;
  }

  #dropOldest(entries: Map<string, Entry>): void {
    const [oldest] = entries;
    if (oldest === undefined) return;
    const [id, { learntAtMillis }] = oldest;
    entries.delete(id);
    this.#droppedCount += 1;
    this.#tokensAreDeadUntilMillis = Math.max(
      this.#tokensAreDeadUntilMillis,
      learntAtMillis + this.#options.tokenMillis,
    );
  }
}
