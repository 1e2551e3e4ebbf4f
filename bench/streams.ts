import { Agent, get, type ClientRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client } from 'pg';

import { silentVehicle, startService } from './contenders.js';
import { Inspector } from './inspector.js';
import { percentile } from './percentile.js';
import type { Listening, Processes } from './processes.js';
import { vehicleId } from './seed.js';
import type { Stage } from './side-by-side.js';

/** What so many followers of one command have seen of it. Milliseconds from the vehicle's sending to the event at the client. */
export interface FanOut {
  readonly streams: number;
  readonly events: number;
  readonly p50Millis: number;
  readonly p95Millis: number;
  readonly p99Millis: number;
}

/** What open streams cost. */
export interface StreamFigures {
  readonly fanOut: readonly FanOut[];
  /** Memory of the service's JavaScript, after a collection, for each stream that is open and waits. */
  readonly heapKilobytesPerStream: number;
}

const pauseMillis = 200;
const slowVehicle = vehicleId(1002);
const waitingStreams = 1000;

/** Follows one command with ever more streams, and then one that nothing happens to. */
export async function measureStreams(
  processes: Processes,
  { databaseUrl, token }: Stage,
  variables: Readonly<Record<string, string>>,
  vehicles: Listening,
  { counts, responses }: { readonly counts: readonly number[]; readonly responses: number },
): Promise<StreamFigures> {
  await moveVehicle(databaseUrl, slowVehicle, `${vehicles.url}/slow/${pauseMillis}`);
  // The vehicle that never answers is not waited for at the end.
  const undrained = { ...variables, DISPATCH_DRAIN_SECONDS: '0' };
  const service = await startService(processes, undrained, { nodeFlags: ['--inspect=127.0.0.1:0'] });
  const inspector = await Inspector.of(service);
  try {
    const order = (vehicle: string, count: number): Promise<string> => submit(service.url, token, vehicle, count);
    const fanOut: FanOut[] = [];
    for (const count of counts) {
      const command = await order(slowVehicle, responses);
      fanOut.push(await follow(service.url, token, command, count));
    }
    const silent = await order(silentVehicle, 1);
    const before = await inspector.usedBytes();
    const streams = Array.from({ length: waitingStreams }, () => new Follower(service.url, token, silent));
    await Promise.all(streams.map(({ opened }) => opened));
    await sleep(1000);
    const after = await inspector.usedBytes();
    for (const stream of streams) stream.close();
    return { fanOut, heapKilobytesPerStream: (after - before) / 1024 / waitingStreams };
  } finally {
    inspector.close();
    await service.stop();
  }
}

/** The figures as a page for people. */
export function streamsMarkdown({ fanOut, heapKilobytesPerStream }: StreamFigures): string {
  return [
    '| streams of one command | events | p50 ms | p95 ms | p99 ms |',
    '| ---: | ---: | ---: | ---: | ---: |',
    ...fanOut.map(
      ({ streams, events, p50Millis, p95Millis, p99Millis }) =>
        `| ${streams} | ${events} | ${p50Millis.toFixed(1)} | ${p95Millis.toFixed(1)} | ${p99Millis.toFixed(1)} |`,
    ),
    '',
    `From the vehicle's sending of a response to its event at the client. A stream that waits takes ${heapKilobytesPerStream.toFixed(1)} KB of the heap.`,
  ].join('\n');
}

async function follow(url: string, token: string, command: string, count: number): Promise<FanOut> {
  const streams = Array.from({ length: count }, () => new Follower(url, token, command));
  await Promise.all(streams.map(({ ended }) => ended));
  // What came before a stream was open, or while others were being opened, says nothing about the way of an event.
  const allOpen = Math.max(...streams.map(({ openedAt }) => openedAt));
  const delays = streams.flatMap(({ arrivals }) =>
    arrivals.filter(({ sentAt }) => sentAt > allOpen).map(({ sentAt, arrivedAt }) => arrivedAt - sentAt),
  );
  return {
    streams: count,
    events: delays.length,
    p50Millis: percentile(delays, 0.5),
    p95Millis: percentile(delays, 0.95),
    p99Millis: percentile(delays, 0.99),
  };
}

interface Arrival {
  readonly sentAt: number;
  readonly arrivedAt: number;
}

const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
const now = (): number => performance.timeOrigin + performance.now();

/** A client of one stream, which only reads the time out of each response: parsing would take longer than the stream. */
class Follower {
  readonly arrivals: Arrival[] = [];
  readonly opened: Promise<void>;
  readonly ended: Promise<void>;
  openedAt = 0;
  readonly #request: ClientRequest;

  constructor(url: string, token: string, command: string) {
    this.#request = get(`${url}/api/v1/commands/${command}/events`, {
      agent,
      headers: { authorization: `Bearer ${token}` },
    });
    const request = this.#request;
    this.opened = new Promise((resolve, reject) => {
      request.once('error', reject);
      request.once('response', ({ statusCode }) => {
        this.openedAt = now();
        if (statusCode === 200) resolve();
        else reject(new Error(`a stream was refused with ${String(statusCode)}`));
      });
    });
    this.ended = new Promise((resolve, reject) => {
      request.once('error', reject);
      request.once('response', (response) => {
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          const arrivedAt = now();
          for (const [, sentAt] of text.matchAll(/"body":\{[^{]*\{"sent_at":([\d.]+)/gu)) {
            this.arrivals.push({ sentAt: Number(sentAt), arrivedAt });
          }
        });
        response.once('close', resolve);
      });
    });
    // Whoever closes it early doesn't wait for its end.
    this.ended.catch(() => undefined);
  }

  close(): void {
    this.#request.destroy();
  }
}

async function submit(url: string, token: string, vehicle: string, count: number): Promise<string> {
  const response = await fetch(`${url}/api/v1/commands`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      vehicle_id: vehicle,
      command_name: 'read-data',
      command_params: { entity: 'apps/recorder', data_ids: Array.from({ length: count }, (_, index) => `d${index}`) },
      timeout_seconds: 600,
    }),
  });
  const { command_id: id } = (await response.json()) as { readonly command_id?: string };
  if (id === undefined) throw new Error(`the command was refused with ${response.status}`);
  return id;
}

async function moveVehicle(databaseUrl: string, id: string, url: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('update vehicles set sovd_base_url = $2 where vehicle_id = $1', [id, url]);
  await client.end();
}
