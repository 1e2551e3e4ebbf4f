import { Redis, type RedisOptions } from 'ioredis';

import type { Log } from '#application/ports/log.js';
import type { Secret } from '#config/secret.js';

interface Options {
  readonly url: Secret;
  readonly purpose: 'publish' | 'subscribe' | 'logins';
  readonly log: Log;
  /** Called each time the connection can be used (again). */
  readonly onReady: () => void;
}

const late = 'Redis cannot be reached. Events of other instances come late until it is back.';
const lossMessages = {
  publish: late,
  subscribe: late,
  logins: 'Redis cannot be reached. Each instance counts logins for itself until it is back.',
} as const;

const maxReconnectMillis = 1000;
const connectTimeoutMillis = 3000;
/** A server that answers nothing for so long although it was asked is taken for dead. */
const silenceMillis = 3000;
/** How often a connection on which nothing is said is tried; a dead one is noticed after this and the silence. */
const heartbeatMillis = 5000;
const closeMillis = 500;

/**
 * One connection to Redis that comes back by itself and queues nothing: what can't be sent now fails now.
 * Says in the log when it is lost and when it is back, once each, not at every attempt.
 */
export class RedisLink {
  readonly client: Redis;
  readonly #options: Options;
  readonly #heartbeat: NodeJS.Timeout;
  #isReported = false;

  constructor(options: Options) {
    this.#options = options;
    this.client = new Redis(options.url.reveal(), connectionOptions(options.purpose));
    this.client.on('error', (error: Error) => this.#reportLoss(error));
    this.client.on('close', () => this.#reportLoss(undefined));
    this.client.on('ready', () => {
      this.#reportReady();
      options.onReady();
    });
    this.#heartbeat = setInterval(() => void this.isAlive(silenceMillis), heartbeatMillis);
    this.#heartbeat.unref();
  }

  get isReady(): boolean {
    return this.client.status === 'ready';
  }

  /** Whether the server answers within a while. Never rejects. */
  async isAlive(withinMillis: number): Promise<boolean> {
    if (!this.isReady) return false;
    const answer = this.client.ping().then(
      () => true,
      () => false,
    );
    return (await settledWithin(answer, withinMillis)) ?? false;
  }

  /** Says good-bye if the server listens, and is gone in any case after a moment. */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#isReported = true;
    if (this.isReady)
      await settledWithin(
        this.client.quit().catch(() => undefined),
        closeMillis,
      );
    this.client.disconnect();
  }

  #reportLoss(error: Error | undefined): void {
    if (this.#isReported) return;
    this.#isReported = true;
    this.#options.log.warn({ err: error, purpose: this.#options.purpose }, lossMessages[this.#options.purpose]);
  }

  #reportReady(): void {
    this.#isReported = false;
    this.#options.log.info({ purpose: this.#options.purpose }, 'Redis is connected.');
  }
}

/** What the promise gives, or undefined when that takes too long. */
export async function settledWithin<Value>(promise: Promise<Value>, millis: number): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), millis);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

function connectionOptions(purpose: Options['purpose']) {
  return {
    connectionName: `sovd-fleet-${purpose}`,
    connectTimeout: connectTimeoutMillis,
    disconnectTimeout: closeMillis,
    socketTimeout: silenceMillis,
    retryStrategy: (attempts: number) => Math.min(50 * 2 ** Math.min(attempts, 10), maxReconnectMillis),
    // What was under way when the connection broke fails with it, and nothing waits for the next one.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // The adapter knows its channels and subscribes them itself.
    autoResubscribe: false,
  } satisfies RedisOptions;
}
