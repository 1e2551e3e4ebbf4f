import { isDeepStrictEqual } from 'node:util';

import autocannon from 'autocannon';

import type { Arena } from './arena.js';
import type { RunningContestant } from './contestants.js';

/** One request that all contestants are given. */
export interface BenchRequest {
  readonly title: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Sent in turn. */
  readonly bodies?: readonly string[];
  /** Ratios to express-pg: what is promised. */
  readonly atLeast: number;
}

/** What one round of one contestant gave. */
export interface Round {
  readonly perSecond: number;
  readonly processorMicros: number;
  readonly p50: number;
  readonly p99: number;
}

/** How many requests are under way at once. */
export const connections = 32;

/** The requests. */
export function benchRequests({ vehicleIds }: Pick<Arena, 'vehicleIds'>): readonly BenchRequest[] {
  const vehicleId = vehicleIds[0] ?? '';
  const bodies = vehicleIds.map((id) =>
    JSON.stringify({
      vehicle_id: id,
      command_name: 'read-data',
      command_params: { entity: 'apps/diagnostic-recorder', data_ids: ['channel-001'] },
    }),
  );
  return [
    { title: 'GET one vehicle', method: 'GET', path: `/api/v1/vehicles/${vehicleId}`, atLeast: 0.75 },
    { title: 'GET 50 vehicles', method: 'GET', path: '/api/v1/vehicles?limit=50', atLeast: 0.9 },
    {
      title: 'GET 50 commands, filtered',
      method: 'GET',
      path: `/api/v1/commands?vehicle_id=${vehicleId}&limit=50`,
      atLeast: 0.9,
    },
    { title: 'POST command', method: 'POST', path: '/api/v1/commands', bodies, atLeast: 0.8 },
  ];
}

/** Loads a contestant with one request over and over. Throws when an answer isn't a success. */
export async function load(
  contestant: RunningContestant,
  { method, path, bodies }: BenchRequest,
  token: string,
  seconds: number,
): Promise<Round> {
  const before = await contestant.processorMicros();
  const result = await autocannon({
    url: contestant.url + path,
    method,
    connections,
    duration: seconds,
    headers: {
      authorization: `Bearer ${token}`,
      ...(bodies === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(bodies === undefined ? {} : { requests: bodies.map((body) => ({ method, path, body })) }),
  });
  const processorMicros = (await contestant.processorMicros()) - before;
  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0) throw new Error(`${contestant.name}: ${failed} requests of ${path} failed`);
  const { total } = result.requests;
  return {
    perSecond: total / result.duration,
    processorMicros: processorMicros / total,
    p50: result.latency.p50,
    p99: result.latency.p99,
  };
}

/** Asks once, and gives what came, without what differs from one answer to the next. */
export async function answerOf(contestant: RunningContestant, request: BenchRequest, token: string): Promise<unknown> {
  const response = await fetch(contestant.url + request.path, {
    method: request.method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(request.bodies?.[0] === undefined ? {} : { body: request.bodies[0] }),
  });
  const content = (await response.json()) as Record<string, unknown>;
  if (request.method === 'GET') return { status: response.status, content };
  const { command_id: _id, expires_at: _expires, submitted_at: _submitted, ...rest } = content;
  return { status: response.status, content: rest };
}

/** Throws unless all contestants answer the same. */
export async function compareAnswers(
  running: readonly RunningContestant[],
  requests: readonly BenchRequest[],
  token: string,
): Promise<void> {
  for (const request of requests) {
    const [first, ...others] = await Promise.all(
      running.map(async (contestant) => ({ contestant, answer: await answerOf(contestant, request, token) })),
    );
    for (const other of others) {
      if (isDeepStrictEqual(first?.answer, other.answer)) continue;
      const [expected, actual] = [first?.answer, other.answer].map((answer) => JSON.stringify(answer).slice(0, 2000));
      throw new Error(`${other.contestant.name} answers ${request.title} differently:\n${actual}\nnot\n${expected}`);
    }
  }
}
