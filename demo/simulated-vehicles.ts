import type { VehicleDescription } from './api-client.js';

/** A request as the simulator has noted it. */
export interface LedgerEntry {
  readonly method: string;
  readonly path: string;
  readonly status: number | null;
}

/** The control endpoint of the simulator, which belongs to none of its vehicles. */
export class SimulatedVehicles {
  constructor(readonly controlUrl: string) {}

  /** The vehicles that it plays. */
  async list(): Promise<readonly VehicleDescription[]> {
    const { items } = (await this.#ask('GET', '/vehicles')) as { items: readonly VehicleDescription[] };
    return items.map(({ vin, make, model, model_year, sovd_base_url }) => ({
      vin,
      make,
      model,
      model_year,
      sovd_base_url,
    }));
  }

  /** Lets every answer take so long, as over a mobile network. */
  async slowDown(latencyMillis: number): Promise<void> {
    await this.#ask('PUT', '/troubles', { items: [{ kind: 'latency', millis: latencyMillis }] });
  }

  /** Answers come at once again. */
  async speedUp(): Promise<void> {
    await this.#ask('DELETE', '/troubles');
  }

  /** The requests that came for a command, by the header X-Command-Id. */
  async requestsFor(commandId: string): Promise<readonly LedgerEntry[]> {
    const { items } = (await this.#ask('GET', `/ledger?command_id=${commandId}`)) as { items: readonly LedgerEntry[] };
    return items;
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(this.controlUrl + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    if (!answer.ok) throw new Error(`The simulator answered ${method} ${path} with ${answer.status}.`);
    return answer.status === 204 ? undefined : await answer.json();
  }
}
