import type { Safety } from '../safety.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import type { AnswerBody, CommandErrorCode, Refusal } from '../response.js';
import type { VehicleAnswer } from './exchange.js';

/**
 * What an answer means for the command. `refused`: the vehicle did not do what was asked for. `unknown`: it got the
 * request, and nobody can know whether it did it; only for what changes the vehicle.
 */
export type Judgement =
  | { readonly verdict: 'ok' }
  | {
      readonly verdict: 'refused';
      readonly refusal: Refusal;
      /** Whether asking again may help. */
      readonly isTransient: boolean;
      /** How long the vehicle asked us to wait. */
      readonly retryAfterSeconds?: number;
    }
  | { readonly verdict: 'unknown'; readonly refusal: Refusal };

/** What a status word of an execution stands for. A word that no server is known to use counts as `running`. */
export type ExecutionOutcome = 'running' | 'completed' | 'failed' | 'stopped' | 'gone';

/** The parts of an SOVD error that could be found in a body, whatever its envelope. */
export interface SovdError {
  readonly errorCode?: string;
  readonly vendorCode?: string;
  readonly message?: string;
}

const outcomeOfWord: ReadonlyMap<string, ExecutionOutcome> = new Map([
  ['completed', 'completed'],
  ['complete', 'completed'],
  ['finished', 'completed'],
  ['succeeded', 'completed'],
  ['success', 'completed'],
  ['done', 'completed'],
  // The status of an entity after a start or restart (SOVD 1.1, entity status).
  ['ready', 'completed'],
  ['failed', 'failed'],
  ['failure', 'failed'],
  ['error', 'failed'],
  ['stopped', 'stopped'],
  ['aborted', 'stopped'],
  ['terminated', 'stopped'],
  ['cancelled', 'stopped'],
  ['canceled', 'stopped'],
  ['gone', 'gone'],
]);

/** SOVD error codes that say that the vehicle refused before doing anything; the precondition is spelled both ways. */
const refusingErrorCodes: ReadonlySet<string> = new Set([
  'error-response',
  'precondition-not-fulfilled',
  'preconditions-not-fulfilled',
  'insufficient-access-rights',
  'lock-broken',
  'incomplete-request',
  'invalid-signature',
  'sovd-server-misconfigured',
  'update-automated-not-supported',
  'update-execution-in-progress',
  'update-preparation-in-progress',
  'update-process-in-progress',
]);

/** Statuses by which a server says that it did not even begin. */
const refusingServerStatuses: ReadonlySet<number> = new Set([501, 503, 505]);

/** Statuses after which the same request may succeed. */
const transientStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

const maxMessageLength = 300;

/** What a status word stands for, without regard to case. */
export function outcomeOfExecution(word: string): ExecutionOutcome {
  return outcomeOfWord.get(word.toLowerCase()) ?? 'running';
}

/** Whether a status tells of trouble that may be over in a moment: 429, 502, 503, 504. */
export function isTransientStatus(status: number): boolean {
  return transientStatuses.has(status);
}

/**
 * What an answer means, by its status first and by the SOVD error in its body second. A 5xx to a request that changes the
 * vehicle proves nothing by itself: a gateway says 502 or 504 also when the ECU did its work and the answer was lost.
 */
export function judgeAnswer(answer: VehicleAnswer, safety: Safety): Judgement {
  if (answer.kind === 'event' || answer.kind === 'end-of-stream') return { verdict: 'ok' };
  if (answer.kind === 'execution') return judgeExecution(answer, safety);
  return judgeStatus(answer, safety);
}

/** Reads an SOVD error out of the envelopes that servers use: GenericError, DataError, a nested or listed `error`, problem details. */
export function readSovdError(body: AnswerBody): SovdError {
  return body.encoding === 'json' ? findError(body.value, 0) : {};
}

function judgeStatus(answer: VehicleAnswer, safety: Safety): Judgement {
  const { status } = answer;
  if (status >= 200 && status < 300) return { verdict: 'ok' };
  const error = readSovdError(answer.body);
  const words = `The vehicle answered with status ${status}${inWords(error)}`;
  if (isEffectUnknown(status, error, safety)) {
    return { verdict: 'unknown', refusal: { code: codeOfStatus(status), message: words } };
  }
  return refused(codeOfStatus(status), words, isTransientStatus(status), answer.retryAfterSeconds);
}

function judgeExecution(answer: VehicleAnswer, safety: Safety): Judgement {
  if (answer.isStopped === true) return { verdict: 'ok' };
  const outcome = answer.executionStatus === undefined ? 'running' : outcomeOfExecution(answer.executionStatus);
  const error = readSovdError(answer.body);
  if (outcome === 'failed') return refused('vehicle-error', `The execution failed on the vehicle${inWords(error)}`);
  if (outcome === 'stopped') {
    return refused('vehicle-error', `The execution was stopped on the vehicle before its end${inWords(error)}`);
  }
  if (outcome !== 'gone' && answer.status < 300) return { verdict: 'ok' };
  const message =
    outcome === 'gone'
      ? 'The execution is gone from the vehicle, and its outcome cannot be read.'
      : `The vehicle answered with status ${answer.status} when it was asked for the execution${inWords(error)}`;
  if (safety === 'safe') return refused('vehicle-error', message);
  return { verdict: 'unknown', refusal: { code: 'vehicle-error', message } };
}

function isEffectUnknown(status: number, error: SovdError, safety: Safety): boolean {
  if (safety === 'safe') return false;
  if (error.errorCode !== undefined && refusingErrorCodes.has(error.errorCode.toLowerCase())) return false;
  // 408 comes from time limits around the handler of a request, which may have done its work.
  if (status >= 400 && status < 500) return status === 408;
  return !refusingServerStatuses.has(status);
}

function codeOfStatus(status: number): CommandErrorCode {
  if (status >= 400 && status < 500) return 'vehicle-rejected';
  return status >= 500 && status < 600 ? 'vehicle-error' : 'vehicle-invalid-response';
}

function refused(code: CommandErrorCode, message: string, isTransient = false, retryAfterSeconds?: number): Judgement {
  const refusal = { code, message };
  if (retryAfterSeconds === undefined) return { verdict: 'refused', refusal, isTransient };
  return { verdict: 'refused', refusal, isTransient, retryAfterSeconds };
}

function inWords({ errorCode, vendorCode, message }: SovdError): string {
  const codes = [errorCode, vendorCode].filter((code) => code !== undefined).map(oneLine);
  const start = codes.length === 0 ? '' : ` (${codes.join(', ')})`;
  const text = message === undefined ? '' : oneLine(message);
  if (text === '') return `${start}.`;
  return `${start}: ${text}${/[.!?…]$/u.test(text) ? '' : '.'}`;
}

/** Words of the vehicle as a part of one short line: no control characters, no half surrogate pairs, no end without end. */
function oneLine(text: string): string {
  const line = text
    .slice(0, 4 * maxMessageLength)
    .replaceAll(/[\s\p{Cc}\p{Cf}\p{Surrogate}\u2028\u2029]+/gu, ' ')
    .trim();
  if (line.length <= maxMessageLength) return line;
  return `${line.slice(0, maxMessageLength).replace(/[\uD800-\uDBFF]$/u, '')}…`;
}

function findError(value: Json | undefined, depth: number): SovdError {
  if (depth > 4) return {};
  if (Array.isArray(value)) return findError((value as readonly Json[])[0], depth + 1);
  if (!isJsonObject(value)) return {};
  const own = ownError(value);
  if (own.errorCode !== undefined || own.message !== undefined) return own;
  for (const name of ['error', 'errors']) {
    const inner = value[name];
    if (typeof inner === 'string') return { message: inner };
    const found = findError(inner, depth + 1);
    if (found.errorCode !== undefined || found.message !== undefined) return found;
  }
  return {};
}

function ownError(value: JsonObject): SovdError {
  const errorCode = firstText(value, ['error_code', 'code']);
  const vendorCode = firstText(value, ['vendor_code']);
  const message = firstText(value, ['message', 'detail', 'title']);
  return {
    ...(errorCode === undefined ? {} : { errorCode }),
    ...(vendorCode === undefined ? {} : { vendorCode }),
    ...(message === undefined ? {} : { message }),
  };
}

function firstText(value: JsonObject, names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = value[name];
    if (typeof text === 'string' && text.trim() !== '') return text;
  }
  return undefined;
}
