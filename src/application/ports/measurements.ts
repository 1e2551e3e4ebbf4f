import type { CommandStatus } from '../domain/command-state.js';

/** What is counted and timed. Nothing here throws, waits or costs more than adding to a number. */
export interface Measurements {
  /** A transition that really happened, once. */
  readonly commandMoved: (name: string, to: CommandStatus, secondsSinceStart: number | undefined) => void;
  /** Somebody wasn't let in; the reason is one of a few. */
  readonly loginRefused: (reason: LoginRefusalReason) => void;
  /** A login was counted by this instance alone because the count of all instances couldn't be asked. */
  readonly throttleFellBack: () => void;
}

/** Why a login was refused. */
export type LoginRefusalReason = 'unknown-user' | 'inactive-user' | 'wrong-password' | 'too-many-logins';
