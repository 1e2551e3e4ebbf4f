import type { Command, Move } from '../domain/command.js';
import type { Refusal, VehicleResponse } from '../domain/response.js';
import { VehicleLinkFailure } from '../domain/sovd/exchange.js';
import { backoffMillis } from '../waiting/backoff.js';

/** Why an execution let go of the vehicle on its own account. */
export type LetGoReason = 'timeout' | 'cancelled' | 'lease-lost' | 'shutdown';

/** What an exchange throws that was told to let go. */
export class LetGo extends Error {
  constructor(readonly why: LetGoReason) {
    super(`let go of the vehicle: ${why}`);
    this.name = 'LetGo';
  }
}

/** What an attempt comes to. `abandon`: nothing is written; whoever takes the command over decides. */
export type Ending =
  | { readonly kind: 'settle'; readonly move: Pick<Move, 'to' | 'reason' | 'error'> }
  | { readonly kind: 'retry'; readonly afterMillis: number }
  | { readonly kind: 'requeue'; readonly afterMillis: number }
  | { readonly kind: 'abandon' };

const retryBaseMillis = 250;
const retryLimitMillis = 5000;
const requeueBaseMillis = 1000;
const requeueLimitMillis = 30_000;

/** What is known about an attempt when it ends. */
export interface Attempt {
  readonly command: Command;
  /** Whether the vehicle may have got a request that changes it. */
  readonly mayHaveBeenSent: boolean;
  readonly hasResponses: boolean;
  readonly retriesLeft: number;
  readonly millisLeft: number;
  readonly now: Date;
  readonly chance: number;
}

/** What came of an attempt, gathered from its responses. */
export class AnswerTally {
  readonly #refusals: Refusal[] = [];
  #count = 0;
  #isUnknown = false;
  #isStopped = false;
  #lastIsFinal = false;
  #isMisplaced = false;

  add(response: VehicleResponse): void {
    // Nothing may follow the final response.
    if (this.#lastIsFinal) this.#isMisplaced = true;
    this.#count += 1;
    this.#lastIsFinal = response.isFinal;
    if (response.refusal !== undefined) this.#refusals.push(response.refusal);
    if (response.isOutcomeUnknown === true) this.#isUnknown = true;
    if (response.isStopped === true) this.#isStopped = true;
  }

  /** What the answers come to, now that there are no more. */
  ending(command: Command): Ending {
    const [first] = this.#refusals;
    if (this.#isUnknown && first !== undefined) return settle('outcome_unknown', first);
    if (!this.#lastIsFinal || this.#isMisplaced) {
      return settle(command.changesVehicle ? 'outcome_unknown' : 'failed', {
        code: 'vehicle-invalid-response',
        message: 'The vehicle ended its answer without a final response.',
      });
    }
    if (this.#isStopped) return { kind: 'settle', move: { to: 'cancelled', reason: 'cancel-requested' } };
    if (first === undefined) return { kind: 'settle', move: { to: 'completed', reason: 'answered' } };
    const message =
      this.#count === 1
        ? first.message
        : `${this.#refusals.length} of ${this.#count} answers are refusals. The first: ${first.message}`;
    return settle('failed', { code: first.code, message });
  }
}

/** What an attempt comes to that ended with an error. */
export function endingOfFailure(error: unknown, attempt: Attempt): Ending {
  if (error instanceof LetGo) return endingOfLetGo(error.why, attempt);
  if (error instanceof VehicleLinkFailure) return endingOfLinkFailure(error, attempt);
  return lost(attempt, { code: 'internal-error', message: 'Something went wrong on our side.' });
}

function endingOfLetGo(why: LetGoReason, attempt: Attempt): Ending {
  switch (why) {
    case 'lease-lost':
      return { kind: 'abandon' };
    case 'cancelled':
      return { kind: 'settle', move: { to: 'cancelled', reason: 'cancel-requested' } };
    case 'timeout': {
      const { timeoutSeconds } = attempt.command.record;
      const message = attempt.mayHaveBeenSent
        ? `The vehicle did not answer within ${timeoutSeconds} s.`
        : `Nothing could be sent to the vehicle within ${timeoutSeconds} s.`;
      return lost(attempt, { code: 'vehicle-timeout', message });
    }
    case 'shutdown':
      // A read is left to whoever takes it over; a change that nobody can know the end of is told at once.
      if (!attempt.command.changesVehicle) return { kind: 'abandon' };
      return lost(attempt, {
        code: 'dispatch-interrupted',
        message: 'The service was stopped before the vehicle had answered.',
      });
  }
}

function endingOfLinkFailure(failure: VehicleLinkFailure, attempt: Attempt): Ending {
  const { command } = attempt;
  // A change is sent once at the most: none goes back when an earlier request of the attempt may have arrived.
  const isUnsent = failure.neverSent && !(command.changesVehicle && attempt.mayHaveBeenSent);
  const waitsInQueue = isUnsent && failure.isTransient && command.record.whenOffline === 'queue';
  if (waitsInQueue && !attempt.hasResponses) {
    const { attempts } = command.record;
    return {
      kind: 'requeue',
      afterMillis: backoffMillis(attempts, requeueBaseMillis, requeueLimitMillis, attempt.chance),
    };
  }
  if (!command.changesVehicle && failure.isTransient && !attempt.hasResponses && attempt.retriesLeft > 0) {
    const ownMillis = backoffMillis(command.record.attempts, retryBaseMillis, retryLimitMillis, attempt.chance);
    const afterMillis = Math.max(ownMillis, (failure.retryAfterSeconds ?? 0) * 1000);
    if (afterMillis < attempt.millisLeft) return { kind: 'retry', afterMillis };
  }
  return lost(attempt, { code: failure.code, message: failure.message });
}

function lost(attempt: Attempt, refusal: Refusal): Ending {
  return settle(attempt.command.changesVehicle && attempt.mayHaveBeenSent ? 'outcome_unknown' : 'failed', refusal);
}

function settle(to: 'failed' | 'outcome_unknown', refusal: Refusal): Ending {
  return { kind: 'settle', move: { to, reason: refusal.code, error: refusal } };
}
