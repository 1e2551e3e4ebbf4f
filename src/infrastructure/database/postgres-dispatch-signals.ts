import pg from 'pg';

import type { DispatchSignal, DispatchSignals } from '#application/ports/dispatch-signals.js';
import type { Log } from '#application/ports/log.js';

import { leaveAtOnce } from './pipelining-client.js';

const channel = 'sovd_fleet_dispatch';
const reconnectMillis = 1000;
const connectMillis = 5000;
const answerMillis = 5000;
const keepAliveAfterMillis = 10_000;

/** Wishes to wake others are gathered for this long: the one instance that accepts a command mostly runs it itself. */
const gatherMillis = 20;

/**
 * Dispatch signals over LISTEN and NOTIFY, on one connection of its own outside of the pool. This instance hears its own
 * signals directly. NOTIFY is not part of the commit that it follows: commits that notify wait for each other in PostgreSQL.
 */
export class PostgresDispatchSignals implements DispatchSignals {
  readonly #url: string;
  readonly #log: Log;
  readonly #instance: string;
  /** The newest connection: an attempt, or the one that listens. Whatever happens to an older one is of no interest. */
  #current: pg.Client | undefined;
  #isListening = false;
  #attempt: Promise<void> = Promise.resolve();
  #listener: ((signal: DispatchSignal) => void) | undefined;
  #outgoing: DispatchSignal[] = [];
  #sending: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #reconnect: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(url: string, instance: string, log: Log) {
    this.#url = url;
    this.#instance = instance;
    this.#log = log;
  }

  /** Connects; while that fails it tries again in the background, since signals are only nudges. */
  start(): Promise<void> {
    this.#attempt = this.#connect();
    return this.#attempt;
  }

  send(signal: DispatchSignal): void {
    if (this.#isClosed) return;
    this.#listener?.(signal);
    const isKnown = signal.kind === 'wake' && this.#outgoing.some((other) => other.kind === 'wake');
    if (!isKnown) this.#outgoing.push(signal);
    this.#timer ??= setTimeout(() => this.#flush(), gatherMillis);
  }

  listen(listener: (signal: DispatchSignal) => void): void {
    this.#listener = listener;
  }

  /** Sends what is still waiting, then lets the connection go. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#reconnect);
    await this.#attempt;
    this.#flush();
    await this.#sending;
    const client = this.#current;
    this.#current = undefined;
    if (client !== undefined) await client.end().catch(() => undefined);
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'sovd-fleet signals',
      connectionTimeoutMillis: connectMillis,
      query_timeout: answerMillis,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveAfterMillis,
    });
    this.#current = client;
    leaveAtOnce(client);
    client.on('error', (error) => this.#lost(client, error));
    client.on('end', () => this.#lost(client, undefined));
    client.on('notification', ({ payload }) => this.#hear(payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
    } catch (error) {
      this.#lost(client, error);
      return;
    }
    if (this.#current !== client) return;
    this.#isListening = true;
    // Whatever was sent while nobody listened is found by looking.
    if (!this.#isClosed) this.#listener?.({ kind: 'wake' });
  }

  /** A connection takes one statement after the other. */
  #flush(): void {
    this.#timer = undefined;
    this.#sending = this.#sending.then(() => this.#notify());
  }

  async #notify(): Promise<void> {
    const payloads = this.#outgoing.map((signal) => `${this.#instance} ${textOf(signal)}`);
    this.#outgoing = [];
    const client = this.#current;
    if (client === undefined || !this.#isListening || payloads.length === 0) return;
    try {
      await client.query('select pg_notify($1, p.payload) from unnest($2::text[]) as p (payload)', [channel, payloads]);
    } catch (error) {
      // A connection that says nothing hears nothing either.
      this.#lost(client, error);
    }
  }

  #hear(payload: string): void {
    const [instance, kind, commandId] = payload.split(' ');
    if (this.#isClosed || instance === this.#instance) return;
    if (kind === 'cancel' && commandId !== undefined) this.#listener?.({ kind, commandId });
    if (kind === 'wake') this.#listener?.({ kind });
  }

  #lost(client: pg.Client, error: unknown): void {
    if (this.#current !== client) return;
    this.#current = undefined;
    this.#isListening = false;
    client.end().catch(() => undefined);
    if (this.#isClosed) return;
    this.#log.warn({ err: error }, 'the connection for dispatch signals is lost');
    this.#reconnect = setTimeout(() => void this.start(), reconnectMillis);
  }
}

function textOf(signal: DispatchSignal): string {
  return signal.kind === 'cancel' ? `cancel ${signal.commandId}` : 'wake';
}
