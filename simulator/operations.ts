import { z } from 'zod';

import { accepted, type Answer, done, noContent, ok } from './answer.js';
import type { ImmediateOperation, LastingOperation, OperationModel } from './car-model.js';
import type { Entity } from './entity.js';
import { Execution } from './execution-log.js';
import { jsonSchema, withSchema } from './json-schema.js';
import { dataError, notImplemented, preconditionNotFulfilled, resourceNotFound } from './sovd-error.js';
import { byMethod, complaints, type SovdRequest } from './sovd-request.js';

const descriptionShape = z.object({
  id: z.string(),
  name: z.string(),
  translation_id: z.string(),
  proximity_proof_required: z.boolean(),
  asynchronous_execution: z.boolean(),
  tags: z.array(z.string()).optional(),
});
const startShape = z.object({
  timeout: z.int().min(1).max(86_400).optional(),
  parameters: z.unknown().optional(),
  proximity_response: z.string().optional(),
});
const controlShape = z.object({
  capability: z.enum(['execute', 'stop', 'freeze', 'reset', 'status']),
  timeout: z.int().min(1).optional(),
  parameters: z.unknown().optional(),
});
const executionShape = z.object({
  status: z.enum(['running', 'completed', 'failed', 'stopped']),
  capability: z.enum(['execute', 'stop']),
  parameters: z.object({ progress: z.int().min(0).max(100) }).loose(),
  error: z.array(z.object({}).loose()).optional(),
});

/** `{entity}/operations`, one of them, and its executions. */
export function answerOperations(entity: Entity, request: SovdRequest, rest: readonly string[]): Answer {
  const [id, section, executionId, ...deeper] = rest;
  const operations = entity.model.operations ?? [];
  if (id === undefined) {
    const shape = z.object({ items: z.array(descriptionShape) });
    return byMethod(request, { GET: () => ok(withSchema(request, { items: operations.map(describe) }, shape)) });
  }
  const operation = operations.find((candidate) => candidate.id === id);
  if (operation === undefined) throw resourceNotFound(`operation ${id}`);
  if (section === undefined) return byMethod(request, { GET: () => readOperation(request, operation) });
  if (section !== 'executions' || deeper.length > 0) throw resourceNotFound(`operations/${rest.join('/')}`);
  if (executionId === undefined) {
    return byMethod(request, {
      GET: () => ok({ items: entity.executions.list(id).map((execution) => execution.id) }),
      POST: () => start(entity, request, operation),
    });
  }
  const execution = entity.executions.find(id, executionId);
  if (execution === undefined) throw resourceNotFound(`execution ${executionId} of ${id}`);
  return byMethod(request, {
    GET: () => ok(withSchema(request, execution.view(entity.vehicle.moment()), executionShape)),
    PUT: () => control(entity, request, execution),
    DELETE: () => remove(entity, request, execution),
  });
}

function describe(operation: OperationModel): z.infer<typeof descriptionShape> {
  return {
    id: operation.id,
    name: operation.name,
    translation_id: `operation.${operation.id}`,
    proximity_proof_required: false,
    asynchronous_execution: operation.kind === 'lasting',
    ...(operation.tags && { tags: [...operation.tags] }),
  };
}

/** The schema of a single operation is that of the request that starts it: this is what a form needs. */
function readOperation(request: SovdRequest, operation: OperationModel): Answer {
  const body = {
    item: describe(operation),
    ...(operation.requires?.session && { modes: { session: operation.requires.session } }),
  };
  const schema = (): object => ({
    type: 'object',
    properties: {
      timeout: { type: 'integer', minimum: 1 },
      ...(operation.parameters && { parameters: jsonSchema(operation.parameters) }),
    },
    required: operation.parameters?.safeParse({}).success === false ? ['parameters'] : [],
  });
  return ok(withSchema(request, body, schema));
}

function start(entity: Entity, request: SovdRequest, operation: OperationModel): Answer {
  const { timeout, parameters } = request.read(startShape);
  const checked = checkedParameters(operation, parameters);
  entity.locks.demandWriteAccess('operations', request.client);
  if (operation.requires !== undefined) entity.vehicle.demand(operation.requires, entity);
  return operation.kind === 'immediate'
    ? runNow(entity, operation, checked)
    : begin(entity, operation, checked, timeout ?? Number.POSITIVE_INFINITY);
}

function checkedParameters(operation: OperationModel, parameters: unknown): unknown {
  if (operation.parameters === undefined) return parameters;
  const parsed = operation.parameters.safeParse(parameters ?? {});
  if (parsed.success) return parsed.data;
  const [first] = complaints(parsed.error);
  const path = first === undefined || first.path === '/' ? '/parameters' : `/parameters${first.path}`;
  throw dataError(path, {
    error_code: 'vendor-specific',
    vendor_code: 'invalid-parameter',
    message: first?.message ?? 'The parameters are not as expected.',
  });
}

function runNow(entity: Entity, operation: ImmediateOperation, parameters: unknown): Answer {
  const outcome = operation.run(parameters, entity.vehicle.moment());
  const error = 'error' in outcome ? { error: [{ path: '/', error: outcome.error }] } : {};
  return done({ parameters: outcome.parameters ?? {}, ...error });
}

function begin(entity: Entity, operation: LastingOperation, parameters: unknown, timeoutSeconds: number): Answer {
  const moment = entity.vehicle.moment();
  const running = entity.executions.list(operation.id).find((other) => other.view(moment).status === 'running');
  if (running !== undefined) {
    throw preconditionNotFulfilled(`${operation.id} is running already.`, { execution_id: running.id });
  }
  const durationMillis = operation.durationMillis(parameters, entity.vehicle.executionMillis);
  const execution = new Execution(operation, parameters, durationMillis, timeoutSeconds * 1000);
  entity.executions.add(execution);
  return accepted(locationOf(entity, execution), { id: execution.id, status: 'running' });
}

function control(entity: Entity, request: SovdRequest, execution: Execution): Answer {
  const { capability } = request.read(controlShape);
  entity.locks.demandWriteAccess('operations', request.client);
  if (capability !== 'stop') throw notImplemented(`the capability ${capability} for this operation`);
  if (!execution.stop(entity.vehicle.moment())) throw preconditionNotFulfilled('The execution has ended already.');
  return accepted(locationOf(entity, execution), { id: execution.id, status: 'stopped' });
}

function remove(entity: Entity, request: SovdRequest, execution: Execution): Answer {
  entity.locks.demandWriteAccess('operations', request.client);
  execution.stop(entity.vehicle.moment());
  entity.executions.remove(execution);
  return noContent();
}

function locationOf(entity: Entity, execution: Execution): string {
  const operationId = encodeURIComponent(execution.operation.id);
  return `${entity.href}/operations/${operationId}/executions/${execution.id}`;
}
