import type { Safety } from './safety.js';
import { isFinal, isLegalMove, type CommandStatus } from './command-state.js';
import { ApplicationError } from './errors.js';
import type { JsonObject } from './json.js';
import type { CommandErrorCode, Response } from './response.js';

/** What to do with a command whose vehicle is away: refuse it, or keep it until it expires. */
export const offlinePolicies = ['fail', 'queue'] as const;

/** One of the policies. */
export type OfflinePolicy = (typeof offlinePolicies)[number];

/** How long an idempotency key is kept. */
export const idempotencyKeyHours = 24;

/** What a command of unknown outcome can turn out to be. */
export type KnownOutcome = 'completed' | 'failed';

/** How it became known how a command ended: by a late answer, or by somebody who found out. */
export interface Settlement {
  readonly at: Date;
  /** A username, or the part of the service that received the late answer. */
  readonly by: string;
  /** In the words of whoever found out; undefined for a late answer. */
  readonly reason: string | undefined;
}

/** The fields of a command, as they are kept. */
export interface CommandRecord {
  readonly id: string;
  readonly userId: string;
  readonly vehicleId: string;
  readonly name: string;
  readonly parameters: JsonObject;
  readonly safety: Safety;
  readonly status: CommandStatus;
  readonly errorCode: CommandErrorCode | undefined;
  readonly errorMessage: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** Fingerprint of the request that came with the key. */
  readonly requestHash: string | undefined;
  readonly whenOffline: OfflinePolicy;
  readonly timeoutSeconds: number;
  readonly expiresAt: Date;
  readonly submittedAt: Date;
  readonly startedAt: Date | undefined;
  readonly completedAt: Date | undefined;
  readonly cancelRequestedAt: Date | undefined;
  /** How often an execution was begun. */
  readonly attempts: number;
  /** Not before this time is it tried again. */
  readonly notBefore: Date | undefined;
  /** The number of its last event (response or transition); they count from 1. */
  readonly lastEventNumber: number;
  readonly responseCount: number;
  /** How it became known how it ended, if that was unknown before. */
  readonly settlement: Settlement | undefined;
  /** When its responses, if there were any, were deleted because of their age. */
  readonly responsesPurgedAt: Date | undefined;
  /** Fencing: grows with each claim, and only the holder of the current number may write. */
  readonly leaseNumber: number;
}

/** Why a transition happened, in one stable word. */
export type TransitionReason =
  | 'submitted'
  | 'claimed'
  | 'answered'
  | 'retry'
  | 'taken-over'
  | 'vehicle-offline'
  | 'cancel-requested'
  | 'cancel-refused'
  | 'access-revoked'
  | 'expired'
  | 'instance-lost'
  | 'late-answer'
  | 'settled'
  | CommandErrorCode;

/** A step of a command's state, kept as long as the command. `from` is undefined for the first. */
export interface Transition {
  readonly commandId: string;
  readonly eventNumber: number;
  readonly from: CommandStatus | undefined;
  readonly to: CommandStatus;
  readonly occurredAt: Date;
  readonly actor: string;
  readonly reason: TransitionReason;
}

/** A change of a command that waits to be stored: what it was, what it is now, and the events that tell of it. */
export interface CommandStep {
  readonly before: Command;
  readonly after: Command;
  readonly transitions: readonly Transition[];
  readonly responses: readonly Response[];
}

/** What a move says beside the new state. */
export interface Move {
  readonly to: CommandStatus;
  readonly at: Date;
  readonly actor: string;
  readonly reason: TransitionReason;
  readonly error?: { readonly code: CommandErrorCode; readonly message: string };
  readonly notBefore?: Date;
}

/** One order to one vehicle, durable, with a life. Its methods give what it becomes; storing that is the repository's. */
export class Command {
  declare protected readonly nominal: 'Command';

  private constructor(readonly record: CommandRecord) {}

  /** A command as it was stored; nothing is checked again. */
  static fromRecord(record: CommandRecord): Command {
    return new Command(record);
  }

  /** A new command, accepted and waiting, with its first transition. */
  static submit(
    fields: Omit<
      CommandRecord,
      | 'status'
      | 'errorCode'
      | 'errorMessage'
      | 'startedAt'
      | 'completedAt'
      | 'cancelRequestedAt'
      | 'attempts'
      | 'notBefore'
      | 'lastEventNumber'
      | 'responseCount'
      | 'settlement'
      | 'responsesPurgedAt'
      | 'leaseNumber'
    >,
    actor: string,
  ): { readonly command: Command; readonly transition: Transition } {
    const command = new Command({
      status: 'pending',
      errorCode: undefined,
      errorMessage: undefined,
      startedAt: undefined,
      completedAt: undefined,
      cancelRequestedAt: undefined,
      attempts: 0,
      notBefore: undefined,
      lastEventNumber: 1,
      responseCount: 0,
      settlement: undefined,
      responsesPurgedAt: undefined,
      leaseNumber: 0,
      ...fields,
    });
    const transition: Transition = {
      commandId: fields.id,
      eventNumber: 1,
      from: undefined,
      to: 'pending',
      occurredAt: fields.submittedAt,
      actor,
      reason: 'submitted',
    };
    return { command, transition };
  }

  get id(): string {
    return this.record.id;
  }

  get status(): CommandStatus {
    return this.record.status;
  }

  get isFinal(): boolean {
    return isFinal(this.record.status);
  }

  /** When the responses that it had were purged; undefined for one that never had any. */
  get responsesPurgedAt(): Date | undefined {
    return this.record.responseCount === 0 ? undefined : this.record.responsesPurgedAt;
  }

  /** Whether it changes something on the vehicle, so that it must never be sent twice. */
  get changesVehicle(): boolean {
    return this.record.safety !== 'safe';
  }

  /** The command as it was when it was accepted: the first answer, to be given again for the same idempotency key. */
  asAccepted(): Command {
    return new Command({
      ...this.record,
      status: 'pending',
      errorCode: undefined,
      errorMessage: undefined,
      startedAt: undefined,
      completedAt: undefined,
      cancelRequestedAt: undefined,
      attempts: 0,
      notBefore: undefined,
      lastEventNumber: 1,
      responseCount: 0,
      settlement: undefined,
      responsesPurgedAt: undefined,
    });
  }

  /** Whether the idempotency key still stands for this command. */
  holdsKey(now: Date): boolean {
    return now.getTime() - this.record.submittedAt.getTime() < idempotencyKeyHours * 3_600_000;
  }

  /**
   * The step to another state, after the responses that came with it.
   * Throws `command-already-final` when the command has ended, and a plain Error for a move that no rule knows.
   */
  move(move: Move, responses: readonly Response[] = []): CommandStep {
    const { record } = this;
    if (!isLegalMove(record.status, move.to)) {
      if (this.isFinal) {
        throw new ApplicationError('command-already-final', `The command has ended as ${record.status}.`, {
          extensions: { command_status: record.status },
        });
      }
      throw new Error(`a command cannot go from ${record.status} to ${move.to}`);
    }
    const eventNumber = record.lastEventNumber + responses.length + 1;
    const starts = move.to === 'in_progress';
    const after = new Command({
      ...record,
      status: move.to,
      errorCode: move.error?.code,
      errorMessage: move.error?.message,
      startedAt: move.to === 'pending' ? undefined : (record.startedAt ?? (starts ? move.at : undefined)),
      completedAt: isFinal(move.to) ? move.at : undefined,
      attempts: record.attempts + (starts ? 1 : 0),
      notBefore: move.notBefore,
      lastEventNumber: eventNumber,
      responseCount: record.responseCount + responses.length,
      settlement:
        record.status === 'outcome_unknown' ? { at: move.at, by: move.actor, reason: undefined } : record.settlement,
    });
    const transition: Transition = {
      commandId: record.id,
      eventNumber,
      from: record.status,
      to: move.to,
      occurredAt: move.at,
      actor: move.actor,
      reason: move.reason,
    };
    return { before: this, after, transitions: [transition], responses };
  }

  /**
   * The step by which somebody says how it ended. It keeps the time at which it ended, and why nobody knew unless it is
   * completed. Throws like `move`.
   */
  settle(outcome: KnownOutcome, settlement: Settlement): CommandStep {
    const { errorCode, errorMessage, completedAt } = this.record;
    const { at, by } = settlement;
    const step = this.move({ to: outcome, at, actor: by, reason: 'settled' });
    const error = outcome === 'failed' ? { errorCode, errorMessage } : {};
    return { ...step, after: new Command({ ...step.after.record, ...error, completedAt, settlement }) };
  }

  /** The step that says something about a command and leaves its state as it is. */
  remark(reason: TransitionReason, at: Date, actor: string): CommandStep {
    const { record } = this;
    const eventNumber = record.lastEventNumber + 1;
    const after = new Command({ ...record, lastEventNumber: eventNumber });
    const transition: Transition = {
      commandId: record.id,
      eventNumber,
      from: record.status,
      to: record.status,
      occurredAt: at,
      actor,
      reason,
    };
    return { before: this, after, transitions: [transition], responses: [] };
  }

  /** The step that stores responses and leaves the state as it is. */
  receive(responses: readonly Response[]): CommandStep {
    const after = new Command({
      ...this.record,
      lastEventNumber: this.record.lastEventNumber + responses.length,
      responseCount: this.record.responseCount + responses.length,
    });
    return { before: this, after, transitions: [], responses };
  }

  /** The step by which an instance takes the command for itself: the next lease number, in progress. */
  claim(move: Omit<Move, 'to'>): CommandStep {
    const step = this.move({ to: 'in_progress', ...move });
    const after = new Command({ ...step.after.record, leaseNumber: this.record.leaseNumber + 1 });
    return { ...step, after };
  }
}
