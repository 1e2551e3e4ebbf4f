import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { controlPath, serveControl } from './control.js';
import { type FaultSetting, setFault } from './fault-setting.js';
import { makeFleet } from './fleet.js';
import { Ledger } from './ledger.js';
import { render, send } from './sending.js';
import { TroubleBook } from './trouble.js';
import type { Conditions, Vehicle } from './vehicle.js';
import { VehicleExchanges } from './vehicle-exchange.js';

export interface SimulatorOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** 127.0.0.1 unless told otherwise. */
  readonly host?: string;
  /** 1 to 1000; 2 unless told otherwise. */
  readonly vehicles?: number;
  /** Where clients reach the simulator, when that isn't `http://host:port`; no path. */
  readonly publicUrl?: string;
  /** When set, the control endpoint wants it as a bearer token. */
  readonly controlToken?: string;
  /** How long routines usually take: 1500 unless told otherwise. */
  readonly executionMillis?: number;
  /** How many requests the ledger keeps: 200,000 unless told otherwise. */
  readonly ledgerCapacity?: number;
}

/** A car as others need to know it. */
export interface SimulatedVehicle {
  readonly key: string;
  readonly vin: string;
  readonly make: string;
  readonly model: string;
  readonly modelYear: number;
  /** The versioned SOVD base: `http://127.0.0.1:9100/car-1/sovd/v1`. */
  readonly baseUrl: string;
}

/** A running simulator. */
export interface Simulator {
  readonly port: number;
  readonly url: string;
  readonly controlUrl: string;
  readonly vehicles: readonly SimulatedVehicle[];
  /** Every request to every vehicle. */
  readonly ledger: Pick<Ledger, 'entries' | 'clear' | 'dropped' | 'size' | 'capacity'>;
  /** What goes wrong on demand. */
  readonly trouble: Pick<TroubleBook, 'add' | 'list' | 'remove' | 'clear'>;
  /** Sets a fault. Throws for an unknown vehicle or entity. */
  setFault(vehicle: string, fault: FaultSetting): void;
  /** Lets a car drive, or switches its drive on or off. */
  setConditions(vehicle: string, conditions: Partial<Conditions>): void;
  /** One vehicle as it was at the start; without a key all of them, no trouble, an empty ledger. */
  reset(vehicle?: string): void;
  /** Stops listening and cuts all connections. May be called twice. */
  close(): Promise<void>;
}

/** Idle connections stay open for so long: longer than a client's pool keeps them, so that none is cut under its feet. */
const keepAliveMillis = 75_000;

/** Starts SOVD servers for some vehicles on one port. Rejects with the system's error when the port is taken. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const {
    host = '127.0.0.1',
    port = 0,
    vehicles: count = 2,
    executionMillis = 1500,
    ledgerCapacity = 200_000,
  } = options;
  const server = createServer({ keepAlive: true, keepAliveTimeout: keepAliveMillis });
  await listen(server, port, host);
  const address = server.address() as AddressInfo;
  const url =
    options.publicUrl?.replace(/\/$/u, '') ?? `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;

  const fleet = makeFleet(count, url, executionMillis);
  const ledger = new Ledger(ledgerCapacity);
  const troubles = new TroubleBook((vehicle) => exchanges.cut(vehicle));
  const exchanges = new VehicleExchanges(fleet, ledger, troubles);
  const reset = (key?: string): void => {
    if (key !== undefined) {
      known(fleet, key).reset();
      return;
    }
    for (const vehicle of fleet.values()) vehicle.reset();
    troubles.clear();
    ledger.clear();
  };
  const controlled = {
    ...{ vehicles: fleet, troubles, ledger, reset },
    ...(options.controlToken !== undefined && { controlToken: options.controlToken }),
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const serving = isForControl(request.url ?? '')
      ? serveControl(controlled, request, response)
      : exchanges.serve(request, response);
    serving.catch((error: unknown) => {
      answerFailure(response, error);
    });
  });

  return {
    port: address.port,
    url,
    controlUrl: `${url}${controlPath}`,
    vehicles: [...fleet.values()].map(describe),
    ledger,
    trouble: troubles,
    setFault: (key, fault) => setFault(known(fleet, key), fault),
    setConditions: (key, conditions) => {
      const vehicle = known(fleet, key);
      vehicle.conditions = { ...vehicle.conditions, ...conditions };
    },
    reset,
    close: () => close(server),
  };
}

/** For a client that went away in the middle of its body nobody is left to answer; anything else is a mistake of ours. */
function answerFailure(response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.headersSent) {
    response.destroy();
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  send(response, render({ status: 500, body: { error_code: 'sovd-server-failure', message }, changed: false }));
}

function isForControl(url: string): boolean {
  return url === controlPath || url.startsWith(`${controlPath}/`) || url.startsWith(`${controlPath}?`);
}

function describe(vehicle: Vehicle): SimulatedVehicle {
  const { make, model, modelYear } = vehicle.car;
  return { key: vehicle.key, vin: vehicle.vin, make, model, modelYear, baseUrl: vehicle.baseUrl };
}

function known(fleet: ReadonlyMap<string, Vehicle>, key: string): Vehicle {
  const vehicle = fleet.get(key);
  if (vehicle === undefined) throw new Error(`There is no vehicle ${key}; there are ${[...fleet.keys()].join(', ')}.`);
  return vehicle;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });
}
