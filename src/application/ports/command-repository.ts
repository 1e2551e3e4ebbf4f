import type { CommandStatus } from '../domain/command-state.js';
import type { Command, CommandStep, Transition } from '../domain/command.js';
import type { Response } from '../domain/response.js';
import type { VehicleScope, Visible } from '../domain/visibility-scope.js';
import type { Page, PageRequest } from './paging.js';

/** Which commands are wanted. */
export interface CommandFilter {
  readonly scope: VehicleScope;
  readonly vehicleId?: string;
  readonly fleetId?: string;
  readonly userId?: string;
  readonly status?: CommandStatus;
  readonly name?: string;
  /** Half-open: from this time on. */
  readonly submittedAfter?: Date;
  /** Half-open: before this time. */
  readonly submittedBefore?: Date;
}

/** A change of a command as its followers see it, numbered. */
export type CommandEvent =
  | { readonly kind: 'status'; readonly eventNumber: number; readonly transition: Transition }
  | { readonly kind: 'response'; readonly eventNumber: number; readonly response: Response };

/** Somebody, and a command that they see. */
export interface UserAndCommand {
  readonly userId: string;
  readonly commandId: string;
}

/** Commands with what happened to them. */
export interface CommandRepository {
  readonly load: (id: string) => Promise<Command | undefined>;
  /** The command, if the scope covers its vehicle. */
  readonly loadVisible: (id: string, scope: VehicleScope) => Promise<Visible<Command> | undefined>;
  /** With the role that the user holds now as a member of the fleet of its vehicle, if there is one. */
  readonly findByIdempotencyKey: (userId: string, key: string) => Promise<Visible<Command> | undefined>;
  /** Those of the pairs whose user is a member now of the fleet of the command's vehicle. */
  readonly listVisibleTo: (pairs: readonly UserAndCommand[]) => Promise<readonly UserAndCommand[]>;
  /** Newest first. */
  readonly list: (filter: CommandFilter, page: PageRequest) => Promise<Page<Command>>;
  /** Responses with a sequence number of at least `from`, in order, `limit` at most. */
  readonly listResponses: (commandId: string, from: number, limit: number) => Promise<readonly Response[]>;
  /** Transitions after an event number, in order, `limit` at most. */
  readonly listTransitions: (commandId: string, afterEvent: number, limit: number) => Promise<readonly Transition[]>;
  /** Responses and transitions after an event number, in order, `limit` at most. */
  readonly listEvents: (commandId: string, afterEvent: number, limit: number) => Promise<readonly CommandEvent[]>;
  /** The subjects of all stored responses of a command. */
  readonly listSubjects: (commandId: string) => Promise<readonly string[]>;
  /**
   * Noted. At the commit a second command with the same key of the same user is a `ConcurrentChange`: run again, and
   * `findByIdempotencyKey` finds the first.
   */
  readonly add: (command: Command, transition: Transition) => void;
  /** Written at once, in the unit's transaction: the key is free for another command. */
  readonly releaseIdempotencyKey: (commandId: string) => Promise<void>;
  /** Noted; a `ConcurrentChange` at the commit unless the stored command is as it was before the step. */
  readonly advance: (step: CommandStep) => void;
  /** Noted: somebody wishes to cancel a command that is in progress; a `ConcurrentChange` when it isn't any more. */
  readonly requestCancel: (commandId: string, at: Date) => void;
}
