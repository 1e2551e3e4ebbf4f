import { busyVehicles, vehicleId } from './seed.js';

/** A request of the benchmark. */
export interface PathRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
}

/** One of the ways through a server that are measured. */
export interface MeasuredPath {
  readonly name: string;
  readonly isWrite: boolean;
  /** The ratio to the baseline that we promise. */
  readonly promisedRatio: number;
  readonly requests: readonly PathRequest[];
}

/** How many different vehicles are asked for. */
const variety = 500;

const vehicles = Array.from({ length: variety }, (_, index) => vehicleId(1 + ((index * 7) % busyVehicles)));

/** An order to read one data item of a vehicle. */
export function orderFor(vehicle: string): PathRequest {
  const order = {
    vehicle_id: vehicle,
    command_name: 'read-data',
    command_params: { entity: 'apps/diagnostic-recorder', data_ids: ['channel-001'] },
  };
  return { method: 'POST', path: '/api/v1/commands', body: JSON.stringify(order) };
}

/** The paths that the service and its peers all have. */
export const measuredPaths: readonly MeasuredPath[] = [
  {
    name: 'GET one vehicle',
    isWrite: false,
    promisedRatio: 0.75,
    requests: vehicles.map((id) => ({ method: 'GET', path: `/api/v1/vehicles/${id}` })),
  },
  {
    name: 'GET 50 vehicles',
    isWrite: false,
    promisedRatio: 0.9,
    requests: [{ method: 'GET', path: '/api/v1/vehicles?limit=50' }],
  },
  {
    name: 'GET 50 commands',
    isWrite: false,
    promisedRatio: 0.9,
    requests: vehicles.map((id) => ({ method: 'GET', path: `/api/v1/commands?vehicle_id=${id}&limit=50` })),
  },
  { name: 'POST command', isWrite: true, promisedRatio: 0.8, requests: vehicles.map(orderFor) },
];
