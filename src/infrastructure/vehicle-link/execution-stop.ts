import type { LightAbortSignal } from '#application/ports/light-abort-signal.js';
import { VehicleLinkFailure } from '#application/domain/sovd/exchange.js';
import { judgeAnswer, outcomeOfExecution } from '#application/domain/sovd/judgement.js';
import type { AnswerBody } from '#application/domain/response.js';

import { offersStop, statusWordIn } from './execution-document.js';
import { invalidResponse } from './link-failures.js';
import type { AnswerCore, VehicleCall } from './vehicle-call.js';

type StopState = 'open' | 'accepted-removal' | 'accepted' | 'unconfirmed' | 'refused';

/**
 * The caller's wish to stop an execution, and what came of it.
 *
 * not wished → wished → accepted (the vehicle works on it) | unconfirmed (it was sent, and no answer came) | refused.
 * A confirmed stop ends the following at once. Each request is sent once; only one that certainly never went out is tried
 * again.
 */
export class ExecutionStop {
  private state: StopState = 'open';
  private hasTried = false;
  private isRefusalNews = false;
  private graceTimer: NodeJS.Timeout | undefined;
  private readonly hurry = new AbortController();
  private readonly startGrace = (): void => {
    this.graceTimer = setTimeout(() => this.hurry.abort(), this.call.settings.stopGraceMs);
  };
  private readonly passOn = (): void => this.hurry.abort(this.call.options.signal.reason);

  constructor(
    private readonly call: VehicleCall,
    private readonly target: string,
  ) {
    const { signal, stop } = call.options;
    signal.addEventListener('abort', this.passOn, { once: true });
    if (stop.aborted) this.startGrace();
    else stop.addEventListener('abort', this.startGrace, { once: true });
  }

  /** A wish would be news: it may cut a pause short. */
  get isNew(): boolean {
    return !this.hasTried;
  }

  /** The wish is there and still has to be told to the vehicle. */
  get isWanted(): boolean {
    return this.call.options.stop.aborted && this.state === 'open';
  }

  /** Ends a look at the execution: the caller's signal, and, while a stop is still to be told, the end of its grace. */
  get lookSignal(): LightAbortSignal {
    return this.hasTried ? this.call.options.signal : this.hurry.signal;
  }

  /** Whether an end of this kind is the one that we asked for. A removed execution is gone. */
  explains(word: string | undefined): boolean {
    if (this.state === 'open' || word === undefined) return false;
    const outcome = outcomeOfExecution(word);
    return outcome === 'stopped' || (outcome === 'gone' && this.state === 'accepted-removal');
  }

  /** Whether the vehicle has refused since this was asked last. */
  takeRefusal(): boolean {
    const isNews = this.isRefusalNews;
    this.isRefusalNews = false;
    return isNews;
  }

  /** Tells the vehicle. Gives its answer when that is the end of the execution. */
  async attempt(lastDocument: AnswerBody): Promise<AnswerCore | undefined> {
    this.hasTried = true;
    clearTimeout(this.graceTimer);
    const answer = await this.tell('DELETE');
    if (answer === undefined) return undefined;
    if (answer.status < 300) return this.acceptRemoval(answer);
    this.state = stateAfter(answer);
    if (this.state === 'refused' && offersStop(lastDocument)) {
      const put = await this.tell('PUT');
      if (put !== undefined) this.state = stateAfter(put);
    }
    this.isRefusalNews = this.state === 'refused';
    return undefined;
  }

  dispose(): void {
    clearTimeout(this.graceTimer);
    this.call.options.signal.removeEventListener('abort', this.passOn);
    this.call.options.stop.removeEventListener('abort', this.startGrace);
  }

  private acceptRemoval(answer: AnswerCore): AnswerCore | undefined {
    this.state = 'accepted-removal';
    const word = statusWordIn(answer.body);
    if (answer.status === 202 || (word !== undefined && outcomeOfExecution(word) === 'running')) return undefined;
    return answer;
  }

  /** One request of ours, or undefined when no answer to it came. */
  private async tell(method: 'DELETE' | 'PUT'): Promise<AnswerCore | undefined> {
    const { call } = this;
    try {
      const body = method === 'PUT' ? { capability: 'stop' } : undefined;
      const answer = await call.send(method, this.target, body, call.options.signal);
      if ('chunks' in answer) {
        answer.hangUp();
        throw invalidResponse('The vehicle answered with an event stream when it was asked to stop an execution.');
      }
      return (await call.read(answer)).core;
    } catch (error) {
      if (!(error instanceof VehicleLinkFailure)) throw error;
      if (!error.neverSent) this.state = 'unconfirmed';
      call.log.debug({ err: error }, 'the wish to stop an execution was not confirmed');
      return undefined;
    }
  }
}

/** What an answer to our wish says: a status that proves nothing leaves it unconfirmed. */
function stateAfter(answer: AnswerCore): StopState {
  if (answer.status < 300) return 'accepted';
  const { verdict } = judgeAnswer({ ...answer, kind: 'plain', isLast: true }, 'idempotent');
  return verdict === 'unknown' ? 'unconfirmed' : 'refused';
}
