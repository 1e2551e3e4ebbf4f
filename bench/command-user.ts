import { request } from 'undici';

import { KeptConnection } from './kept-connection.js';

const entity = 'apps/diagnostic-recorder';
const dataId = 'channel-001';

/** A user with a vehicle of its own, who orders one command after the other. */
export class CommandUser {
  readonly #connection: KeptConnection;
  readonly #authorization: string;
  readonly #vehicleId: string;
  readonly #vehicleUrl: string;

  private constructor(url: string, token: string, vehicleId: string, vehicleUrl: string) {
    this.#connection = new KeptConnection(url);
    this.#authorization = `authorization: Bearer ${token}\r\n`;
    this.#vehicleId = vehicleId;
    this.#vehicleUrl = vehicleUrl;
  }

  /** An access token. */
  static async logIn(url: string, username: string, password: string): Promise<string> {
    const { body } = await request(`${url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password }),
    });
    return ((await body.json()) as { readonly access_token: string }).access_token;
  }

  /** A user whose vehicle is registered for it. */
  static async withVehicle(url: string, token: string, vehicleUrl: string, index: number): Promise<CommandUser> {
    const { body } = await request(`${url}/api/v1/vehicles`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({
        // Not one of those that the database is seeded with.
        vin: `WVWZZZ1JZXW${String(900_000 + index)}`,
        make: 'Meridian',
        model: 'Tourer',
        model_year: 2024,
        sovd_base_url: vehicleUrl,
      }),
    });
    const { vehicle_id: vehicleId } = (await body.json()) as { readonly vehicle_id: string };
    return new CommandUser(url, token, vehicleId, vehicleUrl);
  }

  /** Orders a read and follows it to its last event. Gives the milliseconds in between; throws unless it completes. */
  async runCommand(): Promise<number> {
    const start = performance.now();
    const order = await this.#connection.ask(
      'POST',
      '/api/v1/commands',
      `${this.#authorization}content-type: application/json\r\n`,
      JSON.stringify({
        vehicle_id: this.#vehicleId,
        command_name: 'read-data',
        command_params: { entity, data_ids: [dataId] },
      }),
    );
    const { command_id: id } = JSON.parse(order.body) as { readonly command_id?: string };
    if (id === undefined) throw new Error(`the command was refused with ${order.status}`);
    const { body } = await this.#connection.ask('GET', `/api/v1/commands/${id}/events`, this.#authorization);
    if (!body.includes('"to_status":"completed"')) throw new Error(`the command did not complete: ${body}`);
    return performance.now() - start;
  }

  /** Asks the vehicle itself, without the service: what a command can't be faster than. */
  async askDirectly(count: number): Promise<number[]> {
    const durations: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const start = performance.now();
      const { body } = await request(`${this.#vehicleUrl}/${entity}/data/${dataId}`);
      await body.text();
      durations.push(performance.now() - start);
    }
    return durations;
  }
}
