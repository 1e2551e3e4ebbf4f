import type { LightAbortSignal } from '#application/ports/light-abort-signal.js';
import { VehicleLinkFailure } from '#application/domain/sovd/exchange.js';

import { Connectors, type ConnectorOptions } from './connectors.js';
import type { VehicleLinkSettings } from './link-settings.js';
import { VehicleConnection } from './vehicle-connection.js';
import type { VehicleIdentity } from './vehicle-identity.js';

interface Waiter {
  readonly take: (connection: VehicleConnection) => void;
  readonly refuse: (error: Error) => void;
}

/** The connections to one vehicle. */
class VehiclePool {
  readonly idle: VehicleConnection[] = [];
  readonly waiting = new Set<Waiter>();
  lentCount = 0;

  constructor(
    readonly key: string,
    readonly origin: string,
    readonly identity: VehicleIdentity,
  ) {}
}

/**
 * All connections of the link. Each vehicle has a pool of its own, so that a slow one delays only itself; a pool without
 * connections is forgotten, and beyond a limit the pools that rest longest are closed.
 */
export class VehicleConnections {
  private readonly connectors: Connectors;
  private readonly all = new Set<VehicleConnection>();
  private readonly pools = new Map<string, VehiclePool>();
  /** Pools with idle connections and nothing else, the one that rests longest first. */
  private readonly restingPools = new Set<VehiclePool>();
  private isClosed = false;

  constructor(
    private readonly settings: VehicleLinkSettings,
    options: ConnectorOptions,
  ) {
    this.connectors = new Connectors(settings, options);
  }

  /** How many connections there are, in use and idle. */
  get size(): number {
    return this.all.size;
  }

  /** How many vehicles have a pool. */
  get pooledVehicles(): number {
    return this.pools.size;
  }

  /** A connection of its own, opened by its first request and closed when it is released. */
  open(origin: string, identity: VehicleIdentity): VehicleConnection {
    this.assertOpen();
    return this.create(origin, identity, (connection) => this.drop(connection));
  }

  /**
   * A pooled connection, for one request; never one that was opened as somebody else. Waits while all of the vehicle's are in
   * use; throws the signal's reason.
   */
  lend(
    vehicleId: string,
    origin: string,
    identity: VehicleIdentity,
    signal: LightAbortSignal,
  ): VehicleConnection | Promise<VehicleConnection> {
    this.assertOpen();
    const pool = this.poolOf(vehicleId, origin, identity);
    this.restingPools.delete(pool);
    if (pool.idle.length === 0 && pool.lentCount >= this.settings.connectionsPerVehicle) {
      return waitFor(pool, signal);
    }
    pool.lentCount += 1;
    return pool.idle.pop() ?? this.createPooled(pool);
  }

  /** Closes everything; resolves when no socket is left. Requests that wait or run fail. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const pool of this.pools.values()) {
      for (const waiter of pool.waiting) waiter.refuse(linkClosed());
      pool.waiting.clear();
    }
    this.pools.clear();
    this.restingPools.clear();
    await Promise.all(Array.from(this.all, (connection) => connection.destroy()));
    this.all.clear();
  }

  private poolOf(vehicleId: string, origin: string, identity: VehicleIdentity): VehiclePool {
    const key = `${vehicleId} ${origin} ${identity.revision}`;
    const known = this.pools.get(key);
    if (known !== undefined) return known;
    const pool = new VehiclePool(key, origin, identity);
    this.pools.set(key, pool);
    return pool;
  }

  private createPooled(pool: VehiclePool): VehicleConnection {
    const { origin, identity } = pool;
    const created = this.create(origin, identity, (connection, isReusable) =>
      this.takeBack(pool, connection, isReusable),
    );
    created.onDisconnect(() => {
      const place = pool.idle.indexOf(created);
      if (place < 0) return;
      pool.idle.splice(place, 1);
      this.drop(created);
      this.settle(pool);
    });
    return created;
  }

  private create(
    origin: string,
    identity: VehicleIdentity,
    returnTo: (connection: VehicleConnection, isReusable: boolean) => void,
  ): VehicleConnection {
    const connection = new VehicleConnection(origin, this.settings, this.connectors.as(identity), returnTo);
    this.all.add(connection);
    return connection;
  }

  private takeBack(pool: VehiclePool, connection: VehicleConnection, isReusable: boolean): void {
    if (!isReusable || this.isClosed) this.drop(connection);
    else pool.idle.push(connection);
    pool.lentCount -= 1;
    if (this.isClosed) return;
    const [next] = pool.waiting;
    if (next === undefined) {
      this.settle(pool);
      return;
    }
    pool.waiting.delete(next);
    pool.lentCount += 1;
    next.take(pool.idle.pop() ?? this.createPooled(pool));
  }

  /** Finds the place of a pool after a change: forgotten when it is empty, resting when nobody uses it. */
  private settle(pool: VehiclePool): void {
    if (pool.lentCount > 0 || pool.waiting.size > 0) return;
    if (pool.idle.length === 0) {
      this.forget(pool);
      return;
    }
    this.restingPools.add(pool);
    if (this.restingPools.size <= this.settings.maxPooledVehicles) return;
    const [oldest] = this.restingPools;
    if (oldest !== undefined) this.forget(oldest);
  }

  private forget(pool: VehiclePool): void {
    this.restingPools.delete(pool);
    if (this.pools.get(pool.key) === pool) this.pools.delete(pool.key);
    for (const connection of pool.idle.splice(0)) this.drop(connection);
  }

  private drop(connection: VehicleConnection): void {
    // Until its socket is closed the connection is still one of ours, so that `close` waits for it.
    void connection.destroy().then(() => this.all.delete(connection));
  }

  private assertOpen(): void {
    if (this.isClosed) throw linkClosed();
  }
}

function waitFor(pool: VehiclePool, signal: LightAbortSignal): Promise<VehicleConnection> {
  return new Promise((resolve, reject) => {
    const waiter: Waiter = {
      take: (connection) => {
        signal.removeEventListener('abort', giveUp);
        resolve(connection);
      },
      refuse: (error) => {
        signal.removeEventListener('abort', giveUp);
        reject(error);
      },
    };
    const giveUp = (): void => {
      pool.waiting.delete(waiter);
      reject(signal.reason);
    };
    pool.waiting.add(waiter);
    signal.addEventListener('abort', giveUp, { once: true });
  });
}

function linkClosed(): VehicleLinkFailure {
  return new VehicleLinkFailure('vehicle-unreachable', 'The vehicle link is closed.', true, true);
}
