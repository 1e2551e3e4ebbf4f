import type { ClaimedCommand, Lease } from './command-queue.js';

/** A place among the running commands, kept for one that is being accepted. */
export interface StartingPlace {
  /** What the command is to be stored under. */
  readonly lease: Lease;
  /** It is durable under the lease, and begins. */
  readonly begin: (claimed: ClaimedCommand) => void;
  /** Nobody knows whether it is durable. If it is, it begins as soon as that is known. */
  readonly doubt: (claimed: ClaimedCommand) => void;
  /** To be called in the end, whatever came of it. */
  readonly giveBack: () => void;
}

/** Where commands may begin with their acceptance, without waiting to be claimed. */
export interface StartingPlaces {
  /**
   * A place for a command of this vehicle; undefined when it has to wait in the queue, because this instance has no place,
   * others may wait for one, or another command of the vehicle is just being accepted.
   */
  readonly take: (vehicleId: string) => StartingPlace | undefined;
}
