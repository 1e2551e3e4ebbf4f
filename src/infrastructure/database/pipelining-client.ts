import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import pg, { type ClientConfig } from 'pg';

import { leaveRowsUnread } from './row-query.js';
import { columnTypes } from './timestamp-text.js';

/** Idle connections show that they live after this long, so that a firewall on the way doesn't forget them. */
const keepAliveAfterMillis = 30_000;

/** For how many times as long as a statement may take an answer is waited for. COMMIT has no limit, and waits for the disk. */
const patience = 1.5;

/** The driver's client, with what its types keep to themselves. */
interface OpenClient {
  /** Nothing that was sent is without an answer. */
  readonly readyForQuery: boolean;
}

/** What the driver's stream has, plain or encrypted. */
type Watched = Pick<Socket, 'setTimeout' | 'bytesRead' | 'destroy'>;

/**
 * The driver's client, sending statements as they come instead of each after the answer to the one before: what begins a
 * transaction travels with its first statement. A connection on which an answer is due that doesn't come is given up.
 */
class PipeliningClient extends pg.Client {
  constructor(config: ClientConfig) {
    super({ ...config, pipeline: true, keepAliveInitialDelayMillis: keepAliveAfterMillis });
    // Sequelize listens only once the connection stands. A server that goes away in between would end the process.
    this.on('error', () => undefined);
    leaveRowsUnread(this);
    leaveAtOnce(this);
    const { statement_timeout: limit } = config;
    if (typeof limit === 'number') this.once('connect', () => this.#giveUpWhenSilent(limit * patience));
  }

  /**
   * The server ends each statement in time. When nothing comes all the same, a network between us has lost the connection
   * without a word, and the system would try for a quarter of an hour before it said so. Whoever waits is told that nobody
   * knows what was done, as with every connection that is lost.
   */
  #giveUpWhenSilent(afterMillis: number): void {
    const stream: Watched = this.connection.stream as Duplex & Watched;
    stream.setTimeout(afterMillis, () => {
      const { bytesRead } = stream;
      // After a pause of the whole process the answer may have been there for long.
      setImmediate(() => {
        const isDue = !(this as unknown as OpenClient).readyForQuery;
        if (isDue && stream.bytesRead === bytesRead) stream.destroy(new SilentServer());
      });
    });
  }
}

/**
 * Lets a client be gone as soon as it has taken its leave. The server doesn't answer to that (PostgreSQL manual, 55.2.9), and
 * the driver would wait for it to close the connection.
 */
export function leaveAtOnce(client: pg.Client): void {
  client.once('connect', () => {
    const { stream } = client.connection;
    stream.once('finish', () => stream.destroy());
  });
}

/** As if the system had said so. */
class SilentServer extends Error {
  readonly code = 'ETIMEDOUT';

  constructor() {
    super('the database did not answer, and the connection to it was given up');
  }
}

/** The driver as Sequelize is given it. */
export const driver: object = { ...pg, Client: PipeliningClient, types: columnTypes };
