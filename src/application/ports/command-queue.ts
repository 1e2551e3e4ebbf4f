import type { Command, CommandStep, Transition } from '../domain/command.js';
import type { Role } from '../domain/user.js';
import type { CommandEvent } from './command-repository.js';
import type { VehicleWithCredentials } from './vehicle-repository.js';

/** A lease on commands: who holds it and for how long from now, by the database's clock. */
export interface Lease {
  /** The instance. */
  readonly owner: string;
  readonly seconds: number;
}

/** A command under a lease that was renewed. */
export interface RenewedLease {
  readonly commandId: string;
  readonly isCancelRequested: boolean;
}

/** A command that could be sent, with its vehicle. */
export interface DueCommand {
  readonly command: Command;
  readonly vehicle: VehicleWithCredentials;
  /** What its author may do with the vehicle now; undefined is nothing any more. */
  readonly authorRole: Role | undefined;
}

/** A command that is held under a lease, with its vehicle. */
export interface ClaimedCommand extends Pick<DueCommand, 'command' | 'vehicle'> {
  /** All events that are stored of it; left out where they would have to be looked up. */
  readonly events?: readonly CommandEvent[];
}

/** The commands table as a queue. Any number of instances may work on it; times are the database's. */
export interface CommandQueue {
  /**
   * Pending commands that may start now, oldest first, `limit` at most. Their vehicles' lanes stay locked for others until
   * the unit ends. In a lane what changes the vehicle runs alone and in the order of acceptance, and at most
   * `readsPerVehicle` reads run at once.
   */
  readonly lockReady: (limit: number, readsPerVehicle: number) => Promise<readonly DueCommand[]>;
  /** How many commands are pending, whether they may start or not; `limit` at most. */
  readonly countPending: (limit: number) => Promise<number>;
  /** Commands in progress whose lease has run out, locked until the unit ends; those in `except` are left alone. */
  readonly lockAbandoned: (limit: number, except: readonly string[]) => Promise<readonly DueCommand[]>;
  /** Pending commands whose time is over, locked until the unit ends. */
  readonly lockExpired: (limit: number) => Promise<readonly Command[]>;
  /**
   * Noted: a new command in progress, with its events so far and the lease that it is under. At the commit a
   * `ConcurrentChange` when its vehicle has another open command, when its lane is being looked at by somebody else just
   * then, or for what `CommandRepository.add` tells. Until the commit its lane is locked for others.
   */
  readonly addLeased: (command: Command, transitions: readonly Transition[], lease: Lease) => void;
  /** Noted: the step, and the lease with it. A `ConcurrentChange` at the commit when the command is not as it was before. */
  readonly lease: (step: CommandStep, lease: Lease) => void;
  /** Noted: what waits in the queue until its vehicle is worth another try may start now. */
  readonly hasten: (vehicleId: string) => void;
  /** Written at once: makes leases longer. A command that is missing from the answer is not ours any more. */
  readonly renew: (
    lease: Lease,
    held: readonly { readonly commandId: string; readonly leaseNumber: number }[],
  ) => Promise<readonly RenewedLease[]>;
  /** Written at once: gives leases back, so that others needn't wait for their end. */
  readonly release: (owner: string, commandIds: readonly string[]) => Promise<void>;
}
