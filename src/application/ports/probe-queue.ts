import type { VehicleWithCredentials } from './vehicle-repository.js';

/** A vehicle that somebody should ask whether it is there. */
export interface DueProbe extends VehicleWithCredentials {
  /** How many probes in a row have failed. */
  readonly failures: number;
}

/** Which vehicles are to be probed, and when. Any number of instances may work on it; times are the database's. */
export interface ProbeQueue {
  /**
   * Written at once: vehicles in service that are due, those that wait longest first, `limit` at most. Nobody else takes them
   * for `claimSeconds`. Vehicles heard of within the last `silentSeconds` are put off, and so are those on which a change
   * is under way.
   */
  readonly claim: (limit: number, silentSeconds: number, claimSeconds: number) => Promise<readonly DueProbe[]>;
  /** Noted: when a vehicle is due again, from now. */
  readonly putOff: (vehicleId: string, seconds: number, failures: number) => void;
}
