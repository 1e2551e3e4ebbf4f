import { createSecretKey, randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';

import jsonwebtoken from 'jsonwebtoken';

import type { Role } from '#application/domain/user.js';
import type { AccessRevocations } from '#application/ports/access-revocations.js';
import { createApp, type AppDependencies } from '#http/app.js';
import type { Endpoint } from '#http/endpoint.js';
import { OpenStreams } from '#http/open-streams.js';
import { listen, type HttpServer } from '#http/server.js';
import { createBunyanLog } from '#infrastructure/observability/bunyan-log.js';
import { noMeasurements } from '#support/no-measurements.js';
import { createRequestCounts } from '#infrastructure/security/request-counts.js';
import { systemClock } from '#infrastructure/system.js';

import { FakeUnits } from './fake-units.js';

type Refusal = Parameters<AppDependencies['recordRefusal']>[1];

/** The HTTP side alone, with endpoints of a test behind it. */
export interface ServedEndpoints {
  readonly url: string;
  readonly server: HttpServer;
  readonly streams: OpenStreams;
  readonly units: FakeUnits;
  /** What was put into the audit log. */
  readonly refusals: Refusal[];
  /** The lines of the log. */
  readonly lines: () => readonly any[];
  /** A request to the API below /api/v1. */
  readonly fetch: (path: string, options?: RequestInit & { readonly role?: Role }) => Promise<Response>;
  readonly stop: () => Promise<void>;
}

/** What a test changes. */
export interface ServedOptions extends Partial<Omit<AppDependencies, 'accessRevocations'>> {
  readonly accessRevocations?: Pick<AccessRevocations, 'isRevoked' | 'onNews'>;
  readonly heartbeatSeconds?: number;
  readonly maxStreamsPerUser?: number;
  readonly isSessionAlive?: (sessionId: string) => Promise<boolean>;
}

const key = createSecretKey('a secret that only the tests know', 'utf8');
const accessTokens = { key, algorithm: 'HS256', issuer: 'tests', audience: 'tests' } as const;

const nothingRevoked = { isRevoked: () => false, onNews: () => undefined };

/** The user of all tokens. */
export const userId = randomUUID();

/** An access token. */
export function tokenOf(role: Role, expiresInSeconds = 600): string {
  const { algorithm, issuer, audience } = accessTokens;
  return jsonwebtoken.sign({ username: 'ada', role, sid: randomUUID() }, key, {
    algorithm,
    issuer,
    audience,
    subject: userId,
    expiresIn: expiresInSeconds,
  });
}

/** Serves endpoints on a free port. */
export async function serve(endpoints: readonly Endpoint[], options: ServedOptions = {}): Promise<ServedEndpoints> {
  const lines: string[] = [];
  const stream = new PassThrough();
  stream.on('data', (line) => lines.push(String(line)));
  const log = createBunyanLog({ level: 'debug', stream });
  const units = new FakeUnits();
  const refusals: Refusal[] = [];
  const streams = new OpenStreams({
    heartbeatSeconds: options.heartbeatSeconds ?? 600,
    maxStreamsPerUser: options.maxStreamsPerUser ?? 100,
    isSessionAlive: options.isSessionAlive ?? (() => Promise.resolve(true)),
    accessRevocations: options.accessRevocations ?? nothingRevoked,
    now: () => new Date(),
    log,
  });
  const app = createApp({
    endpoints,
    units,
    streams,
    log,
    accessTokens,
    collectYoungObjects: () => undefined,
    accessRevocations: nothingRevoked,
    clock: systemClock,
    checks: [],
    metrics: { contentType: 'text/plain', text: () => Promise.resolve('') },
    measurements: noMeasurements,
    version: '0.0.0',
    trustProxyHops: 0,
    corsOrigins: [],
    maxBodyBytes: 10_000,
    requestTimeoutSeconds: 30,
    requestLimits: createRequestCounts({ perUser: 1_000_000, perAddress: 1_000_000 }),
    recordRefusal: (_units, refused) => {
      refusals.push(refused);
      return Promise.resolve();
    },
    ...options,
  });
  const server = await listen(app, { host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    url,
    server,
    streams,
    units,
    refusals,
    lines: () => lines.map((line) => JSON.parse(line) as unknown),
    fetch: (path, { role, headers, ...rest } = {}) => {
      const all = new Headers(headers);
      if (role !== undefined) all.set('authorization', `Bearer ${tokenOf(role)}`);
      return fetch(`${url}/api/v1${path}`, { ...rest, headers: all });
    },
    stop: async () => {
      streams.close();
      await server.close(0);
    },
  };
}

/** Options of a request with a JSON body. */
export function json(body: unknown): { readonly body: string; readonly headers: Record<string, string> } {
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

/** Waits until something is so; the test's own time limit ends a wait in vain. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
}
