import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { createArgon2PasswordHasher } from '#infrastructure/security/argon2-password-hasher.js';
import type { TestDatabase } from '#support/database.js';
import { vehicleBody } from '#support/program.js';
import { readStream, type ReceivedStream } from '#support/sse-client.js';

const pollMs = 15;
const patienceMs = 25_000;
const password = 'correct horse battery staple';
const hasher = createArgon2PasswordHasher({ concurrency: 2 });

/** The states in which a command may still be on its way. */
const unfinished: readonly string[] = ['pending', 'in_progress'];

/** What may be said with an order beside its parameters. */
export interface OrderOptions {
  readonly timeout_seconds?: number;
  readonly expires_in_seconds?: number;
  readonly when_offline?: 'fail' | 'queue';
}

/** The least of a database that is needed to put a user there. */
export type Queryable = Pick<TestDatabase, 'query'>;

/** The API as somebody uses it who orders commands. One desk may turn to another instance at any time. */
export class CommandDesk {
  constructor(
    public url: string,
    private readonly token: string,
  ) {}

  /** The same user at another instance. */
  at(url: string): CommandDesk {
    return new CommandDesk(url, this.token);
  }

  /** A request to the API below /api/v1. */
  async call(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: any }> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** What a command's stream gives until it ends. */
  follow(commandId: string, options: { readonly stopAfter?: number } = {}): Promise<ReceivedStream> {
    return readStream(`${this.url}/api/v1/commands/${commandId}/events`, { token: this.token, ...options });
  }

  /** Registers a vehicle; gives its id. */
  async register(sovdBaseUrl: string): Promise<string> {
    return expectStatus(await this.call('POST', '/vehicles', vehicleBody(sovdBaseUrl)), 201).vehicle_id;
  }

  /** Orders a command, whatever the answer is. */
  submit(vehicleId: string, name: string, parameters: object, options: OrderOptions = {}) {
    const order = { vehicle_id: vehicleId, command_name: name, command_params: parameters, ...options };
    return this.call('POST', '/commands', order);
  }

  /** Orders a command that must be accepted; gives its id. */
  async order(vehicleId: string, name: string, parameters: object, options: OrderOptions = {}): Promise<string> {
    return expectStatus(await this.submit(vehicleId, name, parameters, options), 202).command_id;
  }

  /** Orders the reading of channels of the recorder; a response each. */
  read(vehicleId: string, channels = 1, options: OrderOptions = {}): Promise<string> {
    const ids = Array.from({ length: channels }, (_unused, index) => `channel-${String(index + 1).padStart(3, '0')}`);
    return this.order(vehicleId, 'read-data', { entity: 'apps/diagnostic-recorder', data_ids: ids }, options);
  }

  /** Orders the writing of a number from -100 to 100. */
  write(vehicleId: string, value: number, options: OrderOptions = {}): Promise<string> {
    const parameters = { entity: 'apps/diagnostic-recorder', data_id: 'trigger-level', value };
    return this.order(vehicleId, 'write-data', parameters, options);
  }

  /** Orders a recording: an asynchronous operation that lasts samples times interval. */
  record(vehicleId: string, samples: number, intervalMillis: number, options: OrderOptions = {}): Promise<string> {
    const parameters = {
      entity: 'apps/diagnostic-recorder',
      operation_id: 'record',
      parameters: { samples, interval_millis: intervalMillis },
    };
    return this.order(vehicleId, 'execute-operation', parameters, options);
  }

  cancel(id: string) {
    return this.call('POST', `/commands/${id}/cancel`);
  }

  async command(id: string): Promise<any> {
    return expectStatus(await this.call('GET', `/commands/${id}`), 200);
  }

  async vehicle(id: string): Promise<any> {
    return expectStatus(await this.call('GET', `/vehicles/${id}`), 200);
  }

  responses(id: string): Promise<readonly any[]> {
    return this.pages(`/commands/${id}/responses`);
  }

  transitions(id: string): Promise<readonly any[]> {
    return this.pages(`/commands/${id}/transitions`);
  }

  /** Why each step was made, in order. */
  async reasons(id: string): Promise<readonly string[]> {
    return (await this.transitions(id)).map((transition) => transition.reason);
  }

  /** The command once it is as wanted. */
  async until(id: string, isAsWanted: (command: any) => boolean): Promise<any> {
    let command: any;
    await eventually(
      async () => isAsWanted((command = await this.command(id))),
      () => `command ${JSON.stringify(command)}`,
    );
    return command;
  }

  /** The command at its end. */
  ended(id: string): Promise<any> {
    return this.until(id, ({ status }) => !unfinished.includes(status));
  }

  private async pages(path: string): Promise<readonly any[]> {
    const items: any[] = [];
    let cursor = '';
    for (;;) {
      const page = expectStatus(await this.call('GET', `${path}?limit=200${cursor}`), 200);
      items.push(...page.items);
      if (page.next_cursor === null) return items;
      cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
    }
  }
}

/** A desk of a new administrator, who may do everything. */
export async function openDesk(database: Queryable, url: string): Promise<CommandDesk> {
  const userId = randomUUID();
  const username = `desk-${userId.slice(0, 8)}`;
  await database.query(
    `insert into users (user_id, username, email, password_hash, role, is_active, created_at, updated_at)
     values ($1, $2, $3, $4, 'admin', true, now(), now())`,
    [userId, username, `${username}@example.com`, await hasher.hash(password)],
  );
  const anonymous = new CommandDesk(url, '');
  const { access_token: token } = expectStatus(
    await anonymous.call('POST', '/auth/login', { username, password }),
    200,
  );
  return new CommandDesk(url, token);
}

/** Waits until something is so; says what it was instead when it takes far too long. */
export async function eventually(
  isSo: () => boolean | Promise<boolean>,
  describe: () => string = () => '',
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`What was waited for did not come. ${describe()}`);
    await sleep(pollMs);
  }
}

function expectStatus({ status, body }: { readonly status: number; readonly body: any }, wanted: number): any {
  if (status !== wanted) throw new Error(`Expected ${wanted}, got ${status}: ${JSON.stringify(body)}`);
  return body;
}
