import type { VehicleScope, Visible } from '../domain/visibility-scope.js';
import type { ConnectionStatus, Contact, Vehicle } from '../domain/vehicle.js';
import type { SealedCredentials } from '../domain/vehicle-credentials.js';
import type { VehicleStatus } from '../domain/vehicle-status.js';
import type { Page, PageRequest } from './paging.js';

/** Which vehicles are wanted. */
export interface VehicleFilter {
  readonly scope: VehicleScope;
  readonly fleetId?: string;
  readonly status?: ConnectionStatus;
  readonly make?: string;
  readonly model?: string;
  /** Part of VIN, make or model, without regard to case; `%` and `_` are plain characters. */
  readonly text?: string;
  readonly includeRetired: boolean;
}

/** A vehicle, and what the service proves itself to it with. */
export interface VehicleWithCredentials {
  readonly vehicle: Vehicle;
  readonly credentials: SealedCredentials | undefined;
}

/** A vehicle that somebody has an order for. */
export interface OrderedVehicle extends VehicleWithCredentials {
  /** Whether none of its commands waits or is in progress. */
  readonly isIdle: boolean;
}

/** The registry of vehicles. */
export interface VehicleRepository {
  readonly load: (id: string) => Promise<Vehicle | undefined>;
  /** The vehicle, if the scope covers it. */
  readonly loadVisible: (id: string, scope: VehicleScope) => Promise<Visible<Vehicle> | undefined>;
  /** As `loadVisible`, with what has to be known to send a command to it at once. One statement. */
  readonly loadOrdered: (id: string, scope: VehicleScope) => Promise<Visible<OrderedVehicle> | undefined>;
  /** What is going on with the vehicle, if the scope covers it. One statement. */
  readonly loadStatus: (id: string, scope: VehicleScope) => Promise<VehicleStatus | undefined>;
  /** Newest first. */
  readonly list: (filter: VehicleFilter, page: PageRequest) => Promise<Page<Vehicle>>;
  /** Noted; at the commit a VIN that is registered already is `vin-taken`, an unknown fleet `fleet-not-found`. */
  readonly add: (vehicle: Vehicle) => void;
  /** As `add`, in as few statements as some hundred vehicles need. */
  readonly addAll: (vehicles: readonly Vehicle[]) => void;
  /** Those of the VINs that are registered, retired vehicles included. */
  readonly findRegistered: (vins: readonly string[]) => Promise<readonly string[]>;
  /**
   * Noted; throws `ConcurrentChange` at the commit when the stored version is not the one before this, `fleet-not-found`
   * when it went to an unknown fleet.
   */
  readonly save: (vehicle: Vehicle) => void;
  /** Noted: what an exchange showed about the connection. Doesn't count as a change of the vehicle. */
  readonly recordContact: (id: string, contact: Contact) => void;
}
