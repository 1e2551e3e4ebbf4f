import { documentedErrors, documentedSuccesses, operationsOf, type ApiDocument } from './api-document.js';

/** What one process has seen: how many answers, and which documented ones are among them (`listVehicles 503 overloaded`). */
export interface SeenAnswersFile {
  readonly answers: number;
  readonly seen: readonly string[];
}

/** Keeps which operation answered with which status and, for errors, which code. */
export class SeenAnswers {
  readonly #seen = new Set<string>();
  #answers = 0;

  add(operationId: string | undefined, status: number, code: string | undefined): void {
    this.#answers += 1;
    if (operationId !== undefined) this.#seen.add(keyOf(operationId, status, code));
  }

  toJSON(): SeenAnswersFile {
    return { answers: this.#answers, seen: [...this.#seen] };
  }
}

/** How much of what a document promises was seen, by any of the processes of a run. */
export interface ContractCount {
  readonly operations: number;
  /** Operations of which every documented success was seen. */
  readonly succeeded: number;
  readonly errors: number;
  readonly seenErrors: number;
  readonly answers: number;
  /** What was never seen, in words: `listVehicles 503 overloaded`. */
  readonly missing: readonly string[];
}

/** Compares what the processes of a run have seen with the document. */
export function countContract(document: ApiDocument, files: readonly SeenAnswersFile[]): ContractCount {
  const seen = new Set(files.flatMap((file) => file.seen));
  const operations = operationsOf(document);
  const isMissing = (key: string): boolean => !seen.has(key);
  const successes = operations.map((operation) =>
    documentedSuccesses(operation).map((status) => keyOf(operation.operationId, status, undefined)),
  );
  const errors = operations.flatMap((operation) =>
    documentedErrors(operation).map(([status, code]) => keyOf(operation.operationId, status, code)),
  );
  return {
    operations: operations.length,
    succeeded: successes.filter((keys) => !keys.some(isMissing)).length,
    errors: errors.length,
    seenErrors: errors.filter((key) => seen.has(key)).length,
    answers: files.reduce((sum, file) => sum + file.answers, 0),
    missing: [...successes.flat(), ...errors].filter(isMissing),
  };
}

function keyOf(operationId: string, status: number, code: string | undefined): string {
  return [operationId, status, ...(code === undefined ? [] : [code])].join(' ');
}
