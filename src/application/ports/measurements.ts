import type { CommandStatus } from '../domain/command-state.js';

/** A transition that really happened. */
export interface CommandMove {
  readonly name: string;
  readonly from: CommandStatus | undefined;
  readonly to: CommandStatus;
  readonly submittedAt: Date;
  readonly startedAt: Date | undefined;
  /** Undefined until the command has ended. */
  readonly completedAt: Date | undefined;
}

/** What is counted and timed. Nothing here throws, waits or costs more than adding to a number. */
export interface Measurements {
  /** Told once for each transition, after its commit. */
  readonly commandMoved: (move: CommandMove) => void;
  /** An HTTP request was answered; the route is a pattern, or `none` where no route is. */
  readonly requestAnswered: (method: string, route: string, status: number, seconds: number) => void;
  /** An exchange with a vehicle has ended; the outcome is one of a few. */
  readonly vehicleExchanged: (outcome: string, seconds: number) => void;
  readonly unitOpened: (access: 'read' | 'write') => void;
  /** A unit of work was not committed although it should have been. */
  readonly unitFailed: () => void;
  /** Somebody wasn't let in; the reason is one of a few. */
  readonly loginRefused: (reason: LoginRefusalReason) => void;
  /** A login was counted by this instance alone because the count of all instances couldn't be asked. */
  readonly throttleFellBack: () => void;
  /** Rows were deleted because of their age. */
  readonly rowsPurged: (name: PurgeName, count: number) => void;
  /** Everything of this sort that is due has been deleted, now; told at the start too. */
  readonly purgeUpToDate: (name: PurgeName) => void;
}

/** What is purged. */
export type PurgeName = 'sessions' | 'responses' | 'commands';

/** Why a login was refused. */
export type LoginRefusalReason = (typeof loginRefusalReasons)[number];

/** All reasons. */
export const loginRefusalReasons = ['unknown-user', 'inactive-user', 'wrong-password', 'too-many-logins'] as const;
