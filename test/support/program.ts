import { randomUUID } from 'node:crypto';

import { Client } from 'pg';

import { defaultFleetId } from '#application/domain/fleet.js';
import type { Role } from '#application/domain/user.js';
import { loadSettings } from '#config/settings.js';
import { createArgon2PasswordHasher } from '#infrastructure/security/argon2-password-hasher.js';
import { createBunyanLog } from '#infrastructure/observability/bunyan-log.js';
import { compose, type Overrides, type Program } from '#src/composition.js';

import { watchAnswers } from './contract/answer-tap.js';

/** What signs access tokens while tests run. */
export const jwtSecret = 'a secret that only the tests know, long enough';

/** The password of all users that tests make. */
export const testPassword = 'correct horse battery staple';
const hasher = createArgon2PasswordHasher({ concurrency: 2 });
let passwordHash: Promise<string> | undefined;

/** The service, composed as in production, on a free port, with the database of a test. */
export interface RunningProgram {
  readonly url: string;
  readonly program: Program;
  /** An access token of a new user with this role, got by a login. */
  readonly logInAs: (role: Role) => Promise<LoggedIn>;
  /** A request to the API below /api/v1; a body is sent as JSON. */
  readonly call: (
    token: string | undefined,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer>;
  readonly stop: () => Promise<void>;
}

/** A user that has logged in. */
export interface LoggedIn {
  readonly userId: string;
  readonly username: string;
  readonly password: string;
  readonly token: string;
  readonly refreshToken: string;
}

/** An answer of the service, its body read: JSON as what it says, another text as it is. */
export interface Answer<Body = any> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** Starts the service on a database. `variables` are environment variables, as an operator would set them. */
export async function startProgram(
  databaseUrl: string,
  variables: Readonly<Record<string, string>> = {},
  overrides: Overrides = {},
): Promise<RunningProgram> {
  const settings = loadSettings({
    NODE_ENV: 'test',
    PORT: '0',
    HOST: '127.0.0.1',
    DATABASE_URL: databaseUrl,
    JWT_SECRET: jwtSecret,
    PROBE_INTERVAL_SECONDS: '0',
    LOG_LEVEL: 'error',
    DISPATCH_DRAIN_SECONDS: '2',
    // All tests come from one address.
    LOGIN_FREE_TRIES: '1000000',
    LOGIN_FREE_TRIES_PER_ADDRESS: '1000000',
    LOGIN_FREE_TRIES_PER_ACCOUNT: '1000000',
    REQUESTS_PER_MINUTE_PER_USER: '1000000',
    REQUESTS_PER_MINUTE_PER_ADDRESS: '1000000',
    ...variables,
  });
  const program = await compose(settings, { log: createBunyanLog({ level: settings.log.level }), ...overrides });
  const { port } = await program.start();
  const url = `http://127.0.0.1:${port}`;
  const unwatch = await watchAnswers(url);
  const call: RunningProgram['call'] = async (token, method, path, body, headers = {}) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /^application\/(?:problem\+)?json/u.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? JSON.parse(text) : text || undefined,
    };
  };
  return {
    url,
    program,
    call,
    logInAs: async (role) => {
      const { userId, username } = await addUser(databaseUrl, role);
      const { body } = await call(undefined, 'POST', '/auth/login', { username, password: testPassword });
      return { userId, username, password: testPassword, token: body.access_token, refreshToken: body.refresh_token };
    },
    stop: async () => {
      await program.stop();
      unwatch();
    },
  };
}

/** Puts a user with a role into the database: a member, with the same role, of the default fleet or of those named. */
export async function addUser(
  databaseUrl: string,
  role: Role,
  { fleets = [defaultFleetId] }: { readonly fleets?: readonly string[] } = {},
): Promise<{ readonly userId: string; readonly username: string }> {
  passwordHash ??= hasher.hash(testPassword);
  const userId = randomUUID();
  const username = `${role}-${userId.slice(0, 8)}`;
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(
      `insert into users (user_id, username, email, password_hash, role, is_active, created_at, updated_at)
       values ($1, $2, $3, $4, $5, true, now(), now())`,
      [userId, username, `${username}@example.com`, await passwordHash, role],
    );
    if (role !== 'admin') {
      await client.query(
        `insert into fleet_members (fleet_id, user_id, role, created_at) select unnest($1::uuid[]), $2, $3, now()`,
        [fleets, userId, role],
      );
    }
  } finally {
    await client.end();
  }
  return { userId, username };
}

let vinCount = 0;

/** A registration of a vehicle that no other test has. */
export function vehicleBody(sovdBaseUrl: string, changes: Record<string, unknown> = {}) {
  vinCount += 1;
  const serial = String(vinCount).padStart(6, '0');
  return {
    vin: `WVWZZZ1JZXW${serial}`,
    make: 'Meridian',
    model: 'Tourer',
    model_year: 2024,
    sovd_base_url: sovdBaseUrl,
    ...changes,
  };
}
