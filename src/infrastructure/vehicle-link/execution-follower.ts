import { isDeepStrictEqual } from 'node:util';

import { VehicleLinkFailure, type VehicleAnswer } from '#application/domain/sovd/exchange.js';
import { isTransientStatus } from '#application/domain/sovd/judgement.js';
import type { AnswerBody } from '#application/domain/response.js';

import { retryAfterSecondsOf } from './answer-headers.js';
import { isEndStatus, statusWordIn } from './execution-document.js';
import { ExecutionStop } from './execution-stop.js';
import type { WholeAnswer } from './http-exchange.js';
import { afterEarlierRequest, invalidResponse } from './link-failures.js';
import { pause } from './pause.js';
import type { AnswerCore, VehicleCall } from './vehicle-call.js';

/** Failures of a look at an execution after which another look may succeed. */
const passingFailures: ReadonlySet<string> = new Set([
  'vehicle-unreachable',
  'vehicle-connection-lost',
  'vehicle-timeout',
]);
/** A server that fails on every look won't heal; one that failed once may. */
const maxServerErrors = 3;
/** A vehicle may slow us down, not send us away. */
const maxRetryAfterMs = 300_000;

/**
 * Follows what a 202 began to its end, by asking for it again and again: each change of the document is an answer, the
 * end is one in any case. Asking is safe, so trouble on the way is waited out until the caller's signal aborts. An answer
 * other than that ends the following: the execution then has no status word, and nobody knows how it went on.
 *
 * When the caller wishes a stop, the execution is asked to end (see `ExecutionStop`), and followed until it has.
 */
export function followExecution(
  call: VehicleCall,
  target: string,
  accepted: AnswerCore,
): AsyncGenerator<VehicleAnswer, void, undefined> {
  return new ExecutionFollower(call, target, accepted).run();
}

/** running → ended | lost from sight. */
class ExecutionFollower {
  private readonly stop: ExecutionStop;
  private last: AnswerBody;
  private intervalMs: number;
  private retryAfterMs: number;
  private serverErrors = 0;

  constructor(
    private readonly call: VehicleCall,
    private readonly target: string,
    private readonly accepted: AnswerCore,
  ) {
    this.stop = new ExecutionStop(call, target);
    this.last = accepted.body;
    this.intervalMs = call.settings.pollIntervalMs;
    this.retryAfterMs = toMilliseconds(accepted.retryAfterSeconds);
  }

  async *run(): AsyncGenerator<VehicleAnswer, void, undefined> {
    const { signal } = this.call.options;
    const word = statusWordIn(this.accepted.body);
    // Some servers have finished when they answer; what came out still stands in the execution only.
    if (word !== undefined && this.isEnd(word)) this.intervalMs = 0;
    try {
      yield this.answer(this.accepted, word, false);
      for (;;) {
        await pause(this.nextPauseMs(), this.stop.isNew ? [signal, this.call.options.stop] : [signal]);
        signal.throwIfAborted();
        const seen = await this.look();
        if (seen !== undefined) {
          yield seen;
          if (seen.isLast) return;
        }
        if (!this.stop.isWanted) continue;
        const stopped = await this.stop.attempt(this.last);
        if (stopped === undefined) continue;
        yield this.answer(stopped, statusWordIn(stopped.body) ?? 'stopped', true);
        return;
      }
    } finally {
      this.stop.dispose();
    }
  }

  /** One look: an answer when there is something new, undefined when not, or when the look failed and may be repeated. */
  private async look(): Promise<VehicleAnswer | undefined> {
    const { call } = this;
    try {
      const answer = await call.send('GET', this.target, undefined, this.stop.lookSignal);
      if ('chunks' in answer) {
        answer.hangUp();
        throw invalidResponse('The vehicle answered with an event stream when it was asked for an execution.');
      }
      return await this.consider(answer);
    } catch (error) {
      call.options.signal.throwIfAborted();
      if (this.stop.lookSignal.aborted) return undefined;
      if (!(error instanceof VehicleLinkFailure)) throw error;
      if (!error.neverSent && !passingFailures.has(error.code)) throw error;
      if (error.neverSent && !error.isTransient) throw afterEarlierRequest(error);
      call.log.debug({ err: error }, 'a look at a running execution failed, another one follows');
      return undefined;
    }
  }

  private async consider(answer: WholeAnswer): Promise<VehicleAnswer | undefined> {
    this.retryAfterMs = toMilliseconds(retryAfterSecondsOf(answer.headers, Date.now()));
    if (this.isPassing(answer.status)) return undefined;
    const { core, bytes } = await this.call.read(answer);
    const word = answer.status === 404 || answer.status === 410 ? 'gone' : this.wordOf(core);
    const isLast = answer.status >= 300 || (word === undefined ? answer.status !== 202 : this.isEnd(word));
    if (!isLast && isDeepStrictEqual(core.body, this.last)) return undefined;
    this.last = core.body;
    this.call.budget.spend(bytes);
    return this.answer(core, word, isLast);
  }

  private wordOf(core: AnswerCore): string | undefined {
    return core.status < 300 ? statusWordIn(core.body) : undefined;
  }

  private isEnd(word: string): boolean {
    return isEndStatus(word, this.call.request.path);
  }

  private isPassing(status: number): boolean {
    if (status === 408 || isTransientStatus(status)) return true;
    if (status !== 500) {
      this.serverErrors = 0;
      return false;
    }
    this.serverErrors += 1;
    return this.serverErrors < maxServerErrors;
  }

  private answer(core: AnswerCore, word: string | undefined, isLast: boolean): VehicleAnswer {
    const isStopped = isLast && this.stop.explains(word);
    const executionStatus = isStopped ? 'stopped' : word;
    return {
      ...core,
      // What stands at a Location and has no status is no execution but a result.
      kind: isLast && word === undefined && core.status < 300 && !isStopped ? 'plain' : 'execution',
      isLast,
      ...(executionStatus === undefined ? {} : { executionStatus }),
      ...(isStopped ? { isStopped } : {}),
      ...(this.stop.takeRefusal() ? { isStopRefused: true } : {}),
    };
  }

  private nextPauseMs(): number {
    const { pollIntervalMs, maxPollIntervalMs } = this.call.settings;
    const milliseconds = Math.max(this.intervalMs, this.retryAfterMs);
    this.intervalMs = Math.min(Math.max(this.intervalMs * 1.5, pollIntervalMs), maxPollIntervalMs);
    return milliseconds;
  }
}

function toMilliseconds(seconds: number | undefined): number {
  return Math.min((seconds ?? 0) * 1000, maxRetryAfterMs);
}
