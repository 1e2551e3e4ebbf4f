import { performance } from 'node:perf_hooks';

import type { ApiClient, Command, CommandEvent, Vehicle } from './api-client.js';
import type { SimulatedVehicles } from './simulated-vehicles.js';
import { say, seconds } from './terminal.js';

const latencyMillis = 250;
/** Below the words of an event. */
const indent = ' '.repeat(25);

interface Fault {
  readonly code?: string;
  readonly fault_name?: string;
  readonly status?: { readonly aggregatedStatus?: string };
}

interface ResponseData {
  readonly response_payload: {
    readonly request: { readonly method: string; readonly path: string };
    readonly status: number;
    readonly body: unknown;
  };
}

interface FaultDetail {
  readonly item?: Fault;
  readonly environment_data?: {
    readonly snapshots?: readonly { readonly data?: Readonly<Record<string, unknown>> }[];
    readonly extended_data_records?: Readonly<Record<string, unknown>>;
  };
}

/** Orders "read the faults of the engine control unit" and prints everything that happens, as it happens. */
export async function readFaults(api: ApiClient, vehicle: Vehicle, simulator: SimulatedVehicles): Promise<void> {
  const order = {
    vehicle_id: vehicle.vehicle_id,
    command_name: 'read-faults',
    command_params: { entity: 'components/engine-control', details: true },
  };
  say(
    `An engineer asks for the faults of the ${vehicle.model}'s engine control unit. The car takes ${seconds(latencyMillis, 2)} for`,
  );
  say('each answer, as over a mobile network.');
  say();
  await simulator.slowDown(latencyMillis);
  const startedAt = performance.now();
  say('  POST /api/v1/commands');
  for (const line of asLines(order)) say(`  ${line}`);
  const command = await api.submitCommand(order);
  say(`  202 Accepted: the command is stored, and ${command.status}`);
  say();
  say(`  GET /api/v1/commands/${command.command_id}/events`);
  for await (const event of api.follow(command.command_id)) show(event, performance.now() - startedAt);
  const duration = performance.now() - startedAt;
  await simulator.speedUp();
  await showEnd(await api.showCommand(command.command_id), duration, simulator);
}

/** JSON with a line for each field of the object. */
function asLines(value: object): readonly string[] {
  const fields = Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}: ${JSON.stringify(field)}`);
  return fields.map((field, index) => {
    const start = index === 0 ? '{ ' : '  ';
    return start + field + (index === fields.length - 1 ? ' }' : ',');
  });
}

function show({ number, kind, data }: CommandEvent, elapsedMillis: number): void {
  const head = `  ${seconds(elapsedMillis, 2).padStart(7)}  ${number.padStart(2)}  ${kind.padEnd(8)}`;
  if (kind === 'status') {
    const { from_status: from, to_status: to } = data as { from_status: string | null; to_status: string };
    say(`${head}  ${from === null ? to : `${from} → ${to}`}`);
    return;
  }
  const { request, status, body } = (data as ResponseData).response_payload;
  say(`${head}  ${status} from ${request.method} ${request.path}`);
  for (const line of describe(body)) say(indent + line);
}

/** A vehicle's answer in a few lines: a list of faults, a fault with the circumstances in which it came up, or its size. */
function describe(body: unknown): readonly string[] {
  if (typeof body !== 'object' || body === null) return [];
  if ('items' in body && Array.isArray(body.items)) return (body.items as Fault[]).map(describeFault);
  const { item, environment_data: environment } = body as FaultDetail;
  if (item === undefined) return [];
  const { occurrence_counter: count } = environment?.extended_data_records ?? {};
  const { odometer, vehicle_speed: speed, engine_speed: revolutions } = environment?.snapshots?.[0]?.data ?? {};
  const facts = [
    ...factWith(count, (value) => (value === 1 ? 'seen once' : `seen ${value} times`)),
    ...factWith(odometer, (value) => `at ${value} km`),
    ...factWith(speed, (value) => `${value} km/h`),
    ...factWith(revolutions, (value) => `${value} rpm`),
  ];
  return [describeFault(item), ...(facts.length > 0 ? [`       ${facts.join(', ')}`] : [])];
}

function describeFault({ code = '?', fault_name: name = '', status }: Fault): string {
  return `${code.padEnd(6)} ${(status?.aggregatedStatus ?? '').padEnd(9)} ${name}`;
}

function factWith(value: unknown, describeValue: (value: number) => string): readonly string[] {
  return typeof value === 'number' ? [describeValue(value)] : [];
}

async function showEnd(command: Command, durationMillis: number, simulator: SimulatedVehicles): Promise<void> {
  const requests = await simulator.requestsFor(command.command_id);
  if (command.status !== 'completed' || requests.length === 0) {
    throw new Error(`The command ended as ${command.status}, with ${requests.length} requests to the vehicle.`);
  }
  say();
  say(
    `The command is ${command.status} after ${seconds(durationMillis, 2)}, and everything above is stored. The car itself`,
  );
  say(`has noted ${requests.length} requests with the id of this command.`);
}
