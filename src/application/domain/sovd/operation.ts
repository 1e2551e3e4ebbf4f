import { isJsonObject, type Json, type JsonObject } from '../json.js';
import type { VehicleAnswer } from './exchange.js';
import { definedOnly, textOf } from './list-document.js';

/**
 * A state of an execution in one form (SOVD, executions): what it has given so far or in the end stands in `parameters`,
 * or in `result`. The status word is the one that the link has read, else that of the document; an answer without any is
 * `running` when it only accepts (202), and `completed` otherwise, since operations that end at once tell no status.
 * Null members are left out, as absent ones are.
 */
export function readExecution(document: Json, answer: Pick<VehicleAnswer, 'status' | 'executionStatus'>): JsonObject {
  const withoutWord = answer.status === 202 ? 'running' : 'completed';
  if (!isJsonObject(document)) return { execution_status: answer.executionStatus ?? withoutWord };
  return definedOnly({
    execution_status: answer.executionStatus ?? textOf(document, 'status')?.toLowerCase() ?? withoutWord,
    execution_id: textOf(document, 'id', 'execution_id'),
    parameters: document['parameters'] ?? document['result'] ?? undefined,
    progress: document['progress'] ?? undefined,
    errors: document['error'] ?? document['errors'] ?? undefined,
  });
}
