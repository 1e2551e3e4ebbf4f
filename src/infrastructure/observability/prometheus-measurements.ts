import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import { isFinal } from '#application/domain/command-state.js';
import { loginRefusalReasons, type Measurements } from '#application/ports/measurements.js';

import type { Observations } from './observations.js';

/** Measurements, and the page on which Prometheus reads them. */
export interface PrometheusMeasurements extends Measurements {
  /** The text of the page, with the gauges as they are now. Asked in vain, a gauge says NaN; nothing is waited for. */
  readonly expose: (observations: Observations) => Promise<string>;
  readonly contentType: string;
}

const requestBuckets = [0.005, 0.02, 0.1, 0.5, 2, 10, 60];
const vehicleBuckets = [0.02, 0.1, 0.5, 2, 10, 60, 600];
const commandBuckets = [0.1, 0.5, 2, 10, 60, 600, 3600];

const perInstance = 'Of this instance.';
const ofAll = 'Of all instances together, from the database: the same on each, so take the maximum and not the sum.';

/** The names and labels of every metric. No label takes a value that a client can choose. */
export function createPrometheusMeasurements(): PrometheusMeasurements {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  const requests = new Histogram({
    name: 'sovd_fleet_http_request_duration_seconds',
    help: `HTTP requests by method, route and status, from the first byte to the end of the answer. ${perInstance}`,
    labelNames: ['method', 'route', 'status'],
    buckets: requestBuckets,
    registers,
  });
  const transitions = new Counter({
    name: 'sovd_fleet_command_transitions_total',
    help: `Transitions of commands that happened, by type of command and new status. ${perInstance}`,
    labelNames: ['type', 'to'],
    registers,
  });
  const durations = (name: string, help: string) =>
    new Histogram({ name, help, labelNames: ['type', 'outcome'], buckets: commandBuckets, registers });
  const waiting = durations(
    'sovd_fleet_command_waiting_seconds',
    `From acceptance to the start, of commands that have ended, by type and outcome. ${perInstance}`,
  );
  const working = durations(
    'sovd_fleet_command_working_seconds',
    `From the start to the end, of commands that have ended, by type and outcome. ${perInstance}`,
  );
  const exchanges = new Histogram({
    name: 'sovd_fleet_vehicle_exchange_duration_seconds',
    help: `Exchanges with vehicles, by outcome: answered, abandoned, or the code of the failure. ${perInstance}`,
    labelNames: ['outcome'],
    buckets: vehicleBuckets,
    registers,
  });
  const units = new Counter({
    name: 'sovd_fleet_units_opened_total',
    help: `Units of work by what they may do. ${perInstance}`,
    labelNames: ['access'],
    registers,
  });
  const opened = { read: units.labels('read'), write: units.labels('write') };
  const unitFailures = new Counter({
    name: 'sovd_fleet_units_failed_total',
    help: `Units of work whose commit failed. ${perInstance}`,
    registers,
  });
  const logins = new Counter({
    name: 'sovd_fleet_logins_refused_total',
    help: `Logins that were refused, by reason. ${perInstance}`,
    labelNames: ['reason'],
    registers,
  });
  for (const reason of loginRefusalReasons) logins.labels(reason).inc(0);
  const fallbacks = new Counter({
    name: 'sovd_fleet_login_throttle_fallbacks_total',
    help: `Logins that were counted by this instance alone because Redis could not be asked. ${perInstance}`,
    registers,
  });
  const purgedRows = new Counter({
    name: 'sovd_fleet_purged_rows_total',
    help: `Rows that were deleted because of their age, by what they were. ${perInstance}`,
    labelNames: ['purge'],
    registers,
  });
  const lastPurge = new Gauge({
    name: 'sovd_fleet_last_purge_timestamp_seconds',
    help: `When a round of the purge last ended well, by what it deletes; before the first, the start. ${perInstance}`,
    labelNames: ['purge'],
    registers,
  });
  const observe = createGauges(registers);
  let hasDefaults = false;

  return {
    commandMoved: ({ name, from, to, submittedAt, startedAt, completedAt }) => {
      transitions.labels(name, to).inc();
      // What was settled later has ended before.
      if (completedAt === undefined || !isFinal(to) || (from !== undefined && isFinal(from))) return;
      waiting.labels(name, to).observe(secondsBetween(submittedAt, startedAt ?? completedAt));
      if (startedAt !== undefined) working.labels(name, to).observe(secondsBetween(startedAt, completedAt));
    },
    requestAnswered: (method, route, status, seconds) =>
      requests.labels(method, route, String(status)).observe(seconds),
    vehicleExchanged: (outcome, seconds) => exchanges.labels(outcome).observe(seconds),
    unitOpened: (access) => opened[access].inc(),
    unitFailed: () => unitFailures.inc(),
    loginRefused: (reason) => logins.labels(reason).inc(),
    throttleFellBack: () => fallbacks.inc(),
    rowsPurged: (name, count) => purgedRows.labels(name).inc(count),
    purgeUpToDate: (name) => lastPurge.labels(name).setToCurrentTime(),
    expose: (observations) => {
      // Whoever is never scraped needn't watch its event loop.
      if (!hasDefaults) collectDefaultMetrics({ register: registry });
      hasDefaults = true;
      observe(observations);
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

function createGauges(registers: Registry[]): (observations: Observations) => void {
  const gauge = (name: string, help: string) => new Gauge({ name: `sovd_fleet_${name}`, help, registers });
  const poolSize = gauge('db_pool_size', `Connections to the database that are open. ${perInstance}`);
  const poolUsing = gauge('db_pool_using', `Connections to the database that are in use. ${perInstance}`);
  const poolWaiting = gauge('db_pool_waiting', `Requests that wait for a connection. ${perInstance}`);
  const poolMax = gauge('db_pool_max', `The most connections that the pool opens (DB_POOL_MAX). ${perInstance}`);
  const streams = gauge('event_streams_open', `Event streams that are open. ${perInstance}`);
  const connections = gauge('http_connections', `Connections of clients. ${perInstance}`);
  const vehicles = gauge('vehicle_connections', `Connections to vehicles. ${perInstance}`);
  const ready = gauge('ready', `1 when all readiness checks succeed, else 0. ${perInstance}`);
  const redis = gauge('redis_connected', `1 when Redis answers or none is needed, else 0. ${perInstance}`);
  const pending = gauge('commands_pending', `Commands that wait, up to 10,000. ${ofAll}`);
  const inProgress = gauge('commands_in_progress', `Commands that run, up to 10,000. ${ofAll}`);
  const pendingAge = gauge('oldest_pending_command_age_seconds', `Age of the command that waits longest. ${ofAll}`);
  const runningAge = gauge('oldest_running_command_age_seconds', `For how long the oldest command runs. ${ofAll}`);
  return ({ pool, poolMaximum, health, queue, ...counts }) => {
    poolSize.set(pool.size);
    poolUsing.set(pool.using);
    poolWaiting.set(pool.waiting);
    poolMax.set(poolMaximum);
    streams.set(counts.openStreams);
    connections.set(counts.httpConnections);
    vehicles.set(counts.vehicleConnections);
    ready.set(Number(health.isReady));
    redis.set(Number(health.isRedisConnected));
    pending.set(queue?.pending ?? Number.NaN);
    inProgress.set(queue?.inProgress ?? Number.NaN);
    pendingAge.set(queue?.oldestPendingSeconds ?? Number.NaN);
    runningAge.set(queue?.oldestRunningSeconds ?? Number.NaN);
  };
}

function secondsBetween(start: Date, end: Date): number {
  return Math.max(0, (end.getTime() - start.getTime()) / 1000);
}
