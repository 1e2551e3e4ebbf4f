import { setTimeout as sleep } from 'node:timers/promises';

import type { Listening, Processes } from './processes.js';
import { vehicleId } from './seed.js';

/** What is measured side by side: the service and its peers, some of them also with what the service does too. */
export const contenderNames = [
  'bare',
  'fastify-pg',
  'express-pg',
  'express-pg, one shape',
  'sovd-fleet',
  'express-sequelize',
  'express-sequelize, KeyObject',
] as const;

/** One of them. */
export type ContenderName = (typeof contenderNames)[number];

/** Those that are left out when there is little time. */
export function isVariant(name: ContenderName): boolean {
  return name.includes(', ');
}

/** To which all others are compared. */
export const baseline: ContenderName = 'express-pg';

/** What every contender is started with. */
export function contenderVariables(databaseUrl: string, logLevel: string): Readonly<Record<string, string>> {
  return {
    DATABASE_URL: databaseUrl,
    JWT_SECRET: 'a secret of the benchmark, long enough for it',
    JWT_EXPIRATION_MINUTES: '600',
    DB_POOL_MAX: '30',
    LOG_LEVEL: logLevel,
    HOST: '127.0.0.1',
  };
}

/** No limit that a load of one user would reach; they are still counted. */
const wideLimits = {
  REQUESTS_PER_MINUTE_PER_USER: '1000000',
  REQUESTS_PER_MINUTE_PER_ADDRESS: '1000000',
  EVENTS_MAX_STREAMS_PER_USER: '5000',
};

const idleDispatcher = {
  DISPATCH_CONCURRENCY: '1',
  DISPATCH_POLL_MS: '60000',
  DISPATCH_LEASE_SECONDS: '300',
  DISPATCH_DRAIN_SECONDS: '0',
};

/** The vehicle that keeps an idle dispatcher busy. */
export const silentVehicle = vehicleId(1001);

/** Starts the service as its operator does. */
export function startService(
  processes: Processes,
  variables: Readonly<Record<string, string>>,
  options: { readonly nodeFlags?: readonly string[] } = {},
): Promise<Listening> {
  return processes.listen('sovd-fleet', 'src/main.js', { ...variables, ...wideLimits }, options);
}

/** Starts a contender. The peers have no dispatcher, so the service gets one that takes nothing: see `occupyDispatcher`. */
export function startContender(
  processes: Processes,
  name: ContenderName,
  variables: Readonly<Record<string, string>>,
): Promise<Listening> {
  if (name === 'sovd-fleet') return startService(processes, { ...variables, ...idleDispatcher });
  const [peer = name, variant] = name.split(', ');
  const args = variant === undefined ? [] : [`--${variant.toLowerCase().replace(' ', '-')}`];
  return processes.listen(name, `bench/peers/${peer}.js`, variables, { args });
}

/** An access token of the benchmark's admin. */
export async function logIn(url: string, username: string, password: string): Promise<string> {
  const response = await fetch(`${url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
  const body = (await response.json()) as { readonly access_token?: string };
  if (body.access_token === undefined) throw new Error(`the login was refused with ${response.status}`);
  return body.access_token;
}

/** Gives the one place of an idle dispatcher to a command whose vehicle never answers, so that it claims nothing more. */
export async function occupyDispatcher(url: string, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const order = {
    vehicle_id: silentVehicle,
    command_name: 'read-data',
    command_params: { entity: 'apps/silent', data_ids: ['nothing'] },
    timeout_seconds: 3600,
  };
  const response = await fetch(`${url}/api/v1/commands`, { method: 'POST', headers, body: JSON.stringify(order) });
  const { command_id: id } = (await response.json()) as { readonly command_id?: string };
  for (let tries = 0; tries < 200; tries += 1) {
    const shown = await fetch(`${url}/api/v1/commands/${String(id)}`, { headers });
    const { status } = (await shown.json()) as { readonly status?: string };
    if (status === 'in_progress') return;
    await sleep(25);
  }
  throw new Error('the dispatcher did not take the command that is to occupy it');
}
