import { EventSourceParserStream } from 'eventsource-parser/stream';

/** A vehicle, as far as the demo needs it. */
export interface Vehicle {
  readonly vehicle_id: string;
  readonly fleet_id: string;
  readonly vin: string;
  readonly make: string;
  readonly model: string;
  readonly model_year: number;
  readonly sovd_base_url: string;
}

/** Body of a registration. */
export type VehicleDescription = Omit<Vehicle, 'vehicle_id' | 'fleet_id'>;

/** Body of an order. */
export interface Order {
  readonly vehicle_id: string;
  readonly command_name: string;
  readonly command_params: Readonly<Record<string, unknown>>;
}

/** A command, as far as the demo needs it. */
export interface Command {
  readonly command_id: string;
  readonly status: string;
}

/** An event of a command: `response` or `status`, with its number and what it says. */
export interface CommandEvent {
  readonly number: string;
  readonly kind: string;
  readonly data: unknown;
}

const requestTimeoutMs = 20_000;

/** The service, seen from outside: everything goes over HTTP. */
export class ApiClient {
  #accessToken = '';

  constructor(readonly url: string) {}

  /** Everything after this is asked for by this account. */
  async logIn(username: string, password: string): Promise<void> {
    const grant = await this.#ask<{ access_token: string }>('POST', '/api/v1/auth/login', { username, password });
    this.#accessToken = grant.access_token;
  }

  /** Adds a vehicle to the registry. */
  registerVehicle(description: VehicleDescription): Promise<Vehicle> {
    return this.#ask('POST', '/api/v1/vehicles', description);
  }

  /** Makes an account for an engineer, who may work with the vehicles of a fleet. */
  async addEngineer(username: string, password: string, fleetId: string): Promise<void> {
    const { user_id: id } = await this.#ask<{ user_id: string }>('POST', '/api/v1/users', {
      username,
      password,
      email: `${username}@demo.example`,
      role: 'engineer',
    });
    await this.#ask('PUT', `/api/v1/fleets/${fleetId}/members/${id}`, { role: 'engineer' });
  }

  /** Orders a command; it is stored when this resolves. */
  submitCommand(order: Order): Promise<Command> {
    return this.#ask('POST', '/api/v1/commands', order);
  }

  /** A command as it is now. */
  showCommand(commandId: string): Promise<Command> {
    return this.#ask('GET', `/api/v1/commands/${commandId}`);
  }

  /** Everything that happens to a command, as it arrives, until its end. */
  async *follow(commandId: string): AsyncGenerator<CommandEvent, void, undefined> {
    const answer = await fetch(`${this.url}/api/v1/commands/${commandId}/events`, {
      headers: { ...this.#headers(), accept: 'text/event-stream' },
      signal: AbortSignal.timeout(requestTimeoutMs * 3),
    });
    if (!answer.ok || answer.body === null) throw await refusal('GET', answer);
    const events = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { id, event, data } of events) {
      yield { number: id ?? '', kind: event ?? '', data: JSON.parse(data) as unknown };
    }
  }

  async #ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await fetch(this.url + path, {
      method,
      headers: { ...this.#headers(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(requestTimeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw await refusal(method, answer);
    return (await answer.json()) as Answer;
  }

  #headers(): Record<string, string> {
    return this.#accessToken === '' ? {} : { authorization: `Bearer ${this.#accessToken}` };
  }
}

async function refusal(method: string, answer: Response): Promise<Error> {
  return new Error(`${method} ${answer.url} was answered with ${answer.status}:\n  ${await answer.text()}`);
}
