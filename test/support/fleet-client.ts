import { addUser, testPassword, vehicleBody } from './program.js';

/** An answer of the service, its body read. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any;
}

/** A user of a service that may be started again at another address. */
export class FleetClient {
  #token = '';

  constructor(public url: string) {}

  /** Logs in as a new admin of the service's database. */
  static async admin(url: string, databaseUrl: string): Promise<FleetClient> {
    const client = new FleetClient(url);
    const { username } = await addUser(databaseUrl, 'admin');
    const { body } = await client.call('POST', '/auth/login', { username, password: testPassword });
    client.#token = body.access_token;
    return client;
  }

  get token(): string {
    return this.#token;
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        ...(this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** Registers a vehicle and gives its id. */
  async register(baseUrl: string): Promise<string> {
    const { body } = await this.call('POST', '/vehicles', vehicleBody(baseUrl));
    return body.vehicle_id as string;
  }

  /** Orders a command; anything but a 202 is an error. */
  async order(vehicleId: string, name: string, parameters: unknown, more: object = {}): Promise<any> {
    const body = { vehicle_id: vehicleId, command_name: name, command_params: parameters, ...more };
    const reply = await this.call('POST', '/commands', body);
    if (reply.status !== 202) throw new Error(`${reply.status}: ${JSON.stringify(reply.body)}`);
    return reply.body;
  }

  async show(commandId: string): Promise<any> {
    return (await this.call('GET', `/commands/${commandId}`)).body;
  }

  /** Asks until the command is as wanted. The test's own limit ends it. */
  async until(commandId: string, isWanted: (command: any) => boolean): Promise<any> {
    for (;;) {
      const command = await this.show(commandId);
      if (isWanted(command)) return command;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The command when it has ended. */
  async ended(commandId: string): Promise<any> {
    return this.until(commandId, ({ status }) => status !== 'pending' && status !== 'in_progress');
  }

  async responses(commandId: string): Promise<any[]> {
    return (await this.call('GET', `/commands/${commandId}/responses?limit=200`)).body.items;
  }

  /** The reasons of all transitions, in order. */
  async reasons(commandId: string): Promise<string[]> {
    const { body } = await this.call('GET', `/commands/${commandId}/transitions?limit=200`);
    return body.items.map(({ reason }: { reason: string }) => reason);
  }
}
