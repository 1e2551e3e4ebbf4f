import { randomUUID } from 'node:crypto';

import type { LastingOperation, Moment, OperationOutcome } from './car-model.js';

export type ExecutionStatus = 'running' | 'completed' | 'failed' | 'stopped';

/** What can be seen of an execution (SOVD: execution status). */
export interface ExecutionView {
  readonly status: ExecutionStatus;
  readonly capability: 'execute' | 'stop';
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly error?: readonly object[];
}

const keptPerOperation = 100;

/**
 * One run of a lasting routine. Where it stands follows from the clock, so a running one costs nothing.
 *
 * running → completed | failed (by time), running → stopped (by a client). An end never changes.
 */
export class Execution {
  readonly id = randomUUID();
  readonly #startedAt = Date.now();
  #end: ExecutionView | undefined;

  constructor(
    readonly operation: LastingOperation,
    readonly parameters: unknown,
    readonly durationMillis: number,
    /** The client's own limit; a longer routine fails when it is reached. */
    readonly timeoutMillis: number,
  ) {}

  view(moment: Moment): ExecutionView {
    if (this.#end !== undefined) return this.#end;
    const elapsedMillis = Date.now() - this.#startedAt;
    if (elapsedMillis < Math.min(this.durationMillis, this.timeoutMillis)) {
      return { status: 'running', capability: 'execute', parameters: this.#progress(elapsedMillis) };
    }
    this.#end = this.timeoutMillis < this.durationMillis ? this.#timedOut() : this.#finished(moment);
    return this.#end;
  }

  /** Ends it where it stands; false when it had ended before. */
  stop(moment: Moment): boolean {
    if (this.view(moment).status !== 'running') return false;
    const parameters = this.#progress(Date.now() - this.#startedAt);
    this.#end = { status: 'stopped', capability: 'stop', parameters };
    return true;
  }

  #progress(elapsedMillis: number): Record<string, unknown> {
    const percent = Math.min(100, Math.floor((elapsedMillis / this.durationMillis) * 100));
    return { progress: percent, ...this.operation.progress(this.parameters, elapsedMillis, this.durationMillis) };
  }

  #finished(moment: Moment): ExecutionView {
    const outcome: OperationOutcome = this.operation.finish(this.parameters, moment);
    const parameters = { progress: 100, ...outcome.parameters };
    if (!('error' in outcome)) return { status: 'completed', capability: 'execute', parameters };
    return { status: 'failed', capability: 'execute', parameters, error: [{ path: '/', error: outcome.error }] };
  }

  #timedOut(): ExecutionView {
    const error = {
      error_code: 'not-responding',
      message: 'The routine did not end within the timeout of the request.',
    };
    const parameters = this.#progress(this.timeoutMillis);
    return { status: 'failed', capability: 'execute', parameters, error: [{ path: '/', error }] };
  }
}

/** The executions of an entity, by operation. Keeps the newest 100 of each operation. */
export class ExecutionLog {
  readonly #byOperation = new Map<string, Map<string, Execution>>();

  list(operationId: string): readonly Execution[] {
    return [...(this.#byOperation.get(operationId)?.values() ?? [])];
  }

  find(operationId: string, executionId: string): Execution | undefined {
    return this.#byOperation.get(operationId)?.get(executionId);
  }

  add(execution: Execution): void {
    const executions = this.#byOperation.get(execution.operation.id) ?? new Map<string, Execution>();
    this.#byOperation.set(execution.operation.id, executions);
    executions.set(execution.id, execution);
    const [oldest] = executions.keys();
    if (executions.size > keptPerOperation && oldest !== undefined) executions.delete(oldest);
  }

  remove(execution: Execution): void {
    this.#byOperation.get(execution.operation.id)?.delete(execution.id);
  }
}
