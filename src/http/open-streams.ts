import type { LightAbortSignal } from '#application/ports/light-abort-signal.js';
import { LightAbortController } from '#application/waiting/light-abort.js';
import type { Response } from 'express';

import type { UserActor } from '#application/domain/actor.js';
import { ApplicationError } from '#application/domain/errors.js';
import type { AccessRevocations } from '#application/ports/access-revocations.js';
import type { Log } from '#application/ports/log.js';

import { sessionEnded } from './middleware/authenticate.js';

interface Options {
  readonly heartbeatSeconds: number;
  readonly maxStreamsPerUser: number;
  /** Whether the session of a stream still stands; asked at each heartbeat, once for all streams of a session. */
  readonly isSessionAlive: (sessionId: string) => Promise<boolean>;
  readonly accessRevocations: Pick<AccessRevocations, 'isRevoked' | 'onNews'>;
  readonly now: () => Date;
  readonly log: Log;
}

/** A stream that is open: its signal aborts when it has to end. */
export interface OpenStream {
  readonly signal: LightAbortSignal;
  readonly end: () => void;
}

interface Entry {
  readonly actor: UserActor;
  readonly response: Response;
  readonly controller: LightAbortController;
}

/** All event streams of this process: one timer for their heartbeats, their limits and their end. */
export class OpenStreams {
  readonly #options: Options;
  readonly #entries = new Set<Entry>();
  readonly #perUser = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #isCheckingSessions = false;
  #isClosed = false;

  constructor(options: Options) {
    this.#options = options;
    this.#timer = setInterval(() => this.#beat(), options.heartbeatSeconds * 1000);
    this.#timer.unref();
    options.accessRevocations.onNews(() => this.#endRevoked());
  }

  /** How many streams are open. */
  get count(): number {
    return this.#entries.size;
  }

  /**
   * Takes a stream in. Throws `too-many-streams` when its user has as many as one may have, `shutting-down` after `close`,
   * and `session-ended` when that has happened since its caller was asked for a name.
   */
  open(actor: UserActor, response: Response): OpenStream {
    if (this.#isClosed)
      throw new ApplicationError('shutting-down', 'The service is shutting down. Come again in a moment.');
    if (this.#options.accessRevocations.isRevoked(actor)) throw sessionEnded();
    const count = this.#perUser.get(actor.userId) ?? 0;
    if (count >= this.#options.maxStreamsPerUser) {
      throw new ApplicationError(
        'too-many-streams',
        `A user may have ${this.#options.maxStreamsPerUser} open streams. Close one first.`,
        {
          retryAfterSeconds: this.#options.heartbeatSeconds,
        },
      );
    }
    const entry: Entry = { actor, response, controller: new LightAbortController() };
    this.#entries.add(entry);
    this.#perUser.set(actor.userId, count + 1);
    let isOpen = true;
    const end = (): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#entries.delete(entry);
      this.#leave(actor.userId);
      entry.controller.abort();
    };
    response.once('close', end);
    // Its client may have hung up before.
    if (response.closed) end();
    return { signal: entry.controller.signal, end };
  }

  /** Ends all streams, and tells their clients when to come again. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const { response, controller } of this.#entries) {
      if (response.headersSent && !response.writableEnded) response.write('retry: 1000\n\n');
      controller.abort();
    }
  }

  #leave(userId: string): void {
    const count = (this.#perUser.get(userId) ?? 1) - 1;
    if (count === 0) this.#perUser.delete(userId);
    else this.#perUser.set(userId, count);
  }

  #endRevoked(): void {
    for (const { actor, controller } of this.#entries) {
      if (this.#options.accessRevocations.isRevoked(actor)) controller.abort();
    }
  }

  #beat(): void {
    const at = this.#options.now();
    // Before the sessions are asked for: a database that is slow must not make streams look dead.
    for (const { actor, response, controller } of this.#entries) {
      if (actor.accessUntil <= at) controller.abort();
      else sendHeartbeat(response);
    }
    if (!this.#isCheckingSessions) void this.#endDeadSessions();
  }

  async #endDeadSessions(): Promise<void> {
    this.#isCheckingSessions = true;
    const { isSessionAlive, log } = this.#options;
    const sessions = new Map<string, Entry[]>();
    for (const entry of this.#entries) {
      const entries = sessions.get(entry.actor.sessionId);
      if (entries === undefined) sessions.set(entry.actor.sessionId, [entry]);
      else entries.push(entry);
    }
    try {
      // One after the other: streams take one connection at the most from those who ask for something.
      for (const [sessionId, entries] of sessions) {
        if (await isSessionAlive(sessionId)) continue;
        for (const { controller } of entries) controller.abort();
      }
    } catch (error) {
      // A database that is away says nothing about any session; all are asked for again at the next beat.
      log.warn({ err: error }, 'the sessions of the streams could not be checked');
    } finally {
      this.#isCheckingSessions = false;
    }
  }
}

function sendHeartbeat(response: Response): void {
  // What waits for a slow reader already keeps the connection alive.
  if (response.headersSent && !response.writableEnded && !response.writableNeedDrain)
    response.write(': still here\n\n');
}
