import type { CommandStatus } from './command-state.js';
import type { CommandErrorCode } from './response.js';
import type { Vehicle } from './vehicle.js';

/** The command of a vehicle that was accepted last, in short. */
export interface LastCommand {
  readonly id: string;
  readonly name: string;
  readonly status: CommandStatus;
  readonly submittedAt: Date;
  readonly completedAt: Date | undefined;
  readonly errorCode: CommandErrorCode | undefined;
}

/** A vehicle, and what is going on with it. */
export interface VehicleStatus {
  readonly vehicle: Vehicle;
  readonly pendingCommands: number;
  readonly runningCommands: number;
  readonly lastCommand: LastCommand | undefined;
}
