import autocannon from 'autocannon';

import { readCpuMillis } from './cpu-time.js';
import { percentile } from './percentile.js';
import type { PathRequest } from './paths.js';
import type { Listening } from './processes.js';

/** Fixed for all loads. */
export const concurrency = 32;

/** A load ends at a tick. */
const tickMillis = 100;

/** What one load has shown. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p50Millis: number;
  readonly p99Millis: number;
  /** Of the server's process; undefined where the system doesn't tell. */
  readonly cpuMicrosPerRequest: number | undefined;
}

/** Loads a server for some seconds over 32 connections that take the requests in turn. Throws when one fails. */
export async function load(
  target: Listening,
  requests: readonly PathRequest[],
  token: string,
  seconds: number,
): Promise<LoadResult> {
  const latencies: number[] = [];
  const headers = { authorization: `Bearer ${token}` };
  const prepared = requests.map(({ body, ...request }) => ({
    ...request,
    headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    ...(body !== undefined && { body }),
  }));
  let connections = 0;
  // Each connection begins elsewhere in the list.
  const setupClient = (client: autocannon.Client): void => {
    const first = Math.floor((connections * prepared.length) / concurrency);
    connections += 1;
    client.setRequests([...prepared.slice(first), ...prepared.slice(0, first)]);
  };
  const cpuBefore = await readCpuMillis(target.pid);
  const start = performance.now();
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const options = {
      url: target.url,
      connections: concurrency,
      duration: seconds,
      sampleInt: tickMillis,
      setupClient,
    };
    const running = autocannon(options, (error: unknown, outcome) => {
      if (error instanceof Error) reject(error);
      else resolve(outcome);
    });
    running.on('response', (_client, _status, _bytes, millis) => latencies.push(millis));
  });
  const elapsedSeconds = (performance.now() - start) / 1000;
  const cpuAfter = await readCpuMillis(target.pid);
  if (result.non2xx > 0 || result.errors > 0 || latencies.length === 0) {
    const failures = `${result.non2xx} answers other than 2xx, ${result.errors} errors, ${latencies.length} answers in all`;
    throw new Error(`${target.name} failed under load: ${failures}\n${await target.errors()}`);
  }
  return {
    requestsPerSecond: latencies.length / elapsedSeconds,
    p50Millis: percentile(latencies, 0.5),
    p99Millis: percentile(latencies, 0.99),
    cpuMicrosPerRequest:
      cpuBefore === undefined || cpuAfter === undefined
        ? undefined
        : ((cpuAfter - cpuBefore) * 1000) / latencies.length,
  };
}
