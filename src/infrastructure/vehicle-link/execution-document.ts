import { outcomeOfExecution } from '#application/domain/sovd/judgement.js';
import { isJsonObject, type JsonObject } from '#application/domain/json.js';
import type { AnswerBody } from '#application/domain/response.js';

import { locationOf } from './answer-headers.js';
import type { WholeAnswer } from './http-exchange.js';
import type { AnswerCore, VehicleCall } from './vehicle-call.js';
import { executionPath, resolveReference } from './wire-path.js';

/**
 * Where the execution stands that a 202 began, as a request target below our own base: by its `Location`, else by the id
 * in the answer to a POST on `executions`. Undefined when there is nothing to follow.
 */
export function executionTarget(call: VehicleCall, answer: WholeAnswer, core: AnswerCore): string | undefined {
  if (answer.status !== 202) return undefined;
  const { base, request } = call;
  const location = locationOf(answer.headers);
  if (location !== undefined) {
    const target = resolveReference(base, request.path, location);
    if (target !== undefined) return target;
    call.log.warn({ location: location.slice(0, 200) }, 'the Location of an execution leads nowhere on its vehicle');
  }
  if (request.method !== 'POST' || !/(?:^|\/)executions\/?$/u.test(request.path)) return undefined;
  const id = idIn(core.body);
  return id === undefined ? undefined : executionPath(base, request.path, id);
}

/** The status word of an execution, an update or an entity, in lower case; undefined when the document has none. */
export function statusWordIn(body: AnswerBody): string | undefined {
  const document = documentIn(body);
  const word = document?.['status'] ?? (isJsonObject(document?.['item']) ? document['item']['status'] : undefined);
  return typeof word === 'string' && word.trim() !== '' ? word.trim().toLowerCase() : undefined;
}

/** Whether an execution says that it can be stopped with PUT (SOVD 1.1, executions, `capability`). */
export function offersStop(body: AnswerBody): boolean {
  const document = documentIn(body);
  return [document?.['capability'], document?.['capabilities']]
    .flat()
    .some((capability) => typeof capability === 'string' && capability.toLowerCase() === 'stop');
}

/** Whether nothing more happens after a status. An entity that is shut down ends as `notReady`. */
export function isEndStatus(word: string, requestPath: string): boolean {
  if (word === 'notready' && /(?:^|[/-])shutdown$/u.test(requestPath)) return true;
  return outcomeOfExecution(word) !== 'running';
}

function idIn(body: AnswerBody): string | undefined {
  const document = documentIn(body);
  const id = document?.['id'] ?? document?.['execution_id'];
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}

function documentIn(body: AnswerBody): JsonObject | undefined {
  return body.encoding === 'json' && isJsonObject(body.value) ? body.value : undefined;
}
