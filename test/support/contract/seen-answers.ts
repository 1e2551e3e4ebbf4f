import { documentedErrors, documentedSuccesses, operationsOf, type ApiDocument } from './api-document.js';

/** Which documented answers a run has seen, of those that there are. */
export interface ContractCount {
  readonly operations: number;
  readonly answers: number;
  readonly documented: number;
  /** What was never seen, in words: `listVehicles 503 overloaded`. */
  readonly missing: readonly string[];
}

/** Counts answers by operation, and by status or, for errors, by code. */
export class SeenAnswers {
  readonly #counts = new Map<string, number>();
  #answers = 0;

  add(operationId: string | undefined, status: number, code: string | undefined): void {
    this.#answers += 1;
    if (operationId === undefined) return;
    const key = keyOf(operationId, status, code);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** What there is in a document, and what of it was never seen. */
  compareWith(document: ApiDocument): ContractCount {
    const operations = operationsOf(document);
    const documented = operations.flatMap((operation) => [
      ...documentedSuccesses(operation).map((status) => keyOf(operation.operationId, status, undefined)),
      ...documentedErrors(operation).map(([status, code]) => keyOf(operation.operationId, status, code)),
    ]);
    return {
      operations: operations.length,
      answers: this.#answers,
      documented: documented.length,
      missing: documented.filter((key) => !this.#counts.has(key)),
    };
  }
}

function keyOf(operationId: string, status: number, code: string | undefined): string {
  return [operationId, status, ...(code === undefined ? [] : [code])].join(' ');
}
