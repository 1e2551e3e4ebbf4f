import pg from 'pg';

import type { DispatchSignal, DispatchSignals } from '#application/ports/dispatch-signals.js';
import type { Log } from '#application/ports/log.js';

const channel = 'sovd_fleet_dispatch';
const reconnectMillis = 1000;

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
  #client: pg.Client | undefined;
  #listener: ((signal: DispatchSignal) => void) | undefined;
  #outgoing: DispatchSignal[] = [];
  #timer: NodeJS.Timeout | undefined;
  #reconnect: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(url: string, instance: string, log: Log) {
    this.#url = url;
    this.#instance = instance;
    this.#log = log;
  }

  /** Connects; while that fails it tries again in the background, since signals are only nudges. */
  async start(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'sovd-fleet signals',
      keepAlive: true,
    });
    client.on('error', (error) => this.#lost(client, error));
    client.on('end', () => this.#lost(client, undefined));
    client.on('notification', ({ payload }) => this.#hear(payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
    } catch (error) {
      client.end().catch(() => undefined);
      this.#lost(client, error);
      return;
    }
    // Whatever was sent while nobody listened is found by looking.
    this.#client = client;
    this.#listener?.({ kind: 'wake' });
  }

  send(signal: DispatchSignal): void {
    this.#listener?.(signal);
    const isKnown = signal.kind === 'wake' && this.#outgoing.some((other) => other.kind === 'wake');
    if (!isKnown) this.#outgoing.push(signal);
    this.#timer ??= setTimeout(() => void this.#flush(), gatherMillis);
  }

  listen(listener: (signal: DispatchSignal) => void): void {
    this.#listener = listener;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#reconnect);
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) await client.end().catch(() => undefined);
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    const signals = this.#outgoing;
    this.#outgoing = [];
    const client = this.#client;
    if (client === undefined) return;
    try {
      for (const signal of signals) {
        const text = signal.kind === 'cancel' ? `cancel ${signal.commandId}` : 'wake';
        await client.query('select pg_notify($1, $2)', [channel, `${this.#instance} ${text}`]);
      }
    } catch (error) {
      this.#log.debug({ err: error }, 'a dispatch signal could not be sent');
    }
  }

  #hear(payload: string): void {
    const [instance, kind, commandId] = payload.split(' ');
    if (instance === this.#instance) return;
    if (kind === 'cancel' && commandId !== undefined) this.#listener?.({ kind, commandId });
    if (kind === 'wake') this.#listener?.({ kind });
  }

  #lost(client: pg.Client, error: unknown): void {
    if (this.#isClosed || this.#reconnect !== undefined) return;
    if (this.#client !== undefined && this.#client !== client) return;
    this.#client = undefined;
    if (error !== undefined) this.#log.warn({ err: error }, 'the connection for dispatch signals is lost');
    this.#reconnect = setTimeout(() => {
      this.#reconnect = undefined;
      void this.start();
    }, reconnectMillis);
  }
}
