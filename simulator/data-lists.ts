import { randomUUID } from 'node:crypto';
import { z } from 'zod';

import { type Answer, created, noContent, ok } from './answer.js';
import type { DataModel } from './car-model.js';
import { presentMetadata, readValue, valueSchema } from './data.js';
import type { DataList } from './data-store.js';
import type { Entity } from './entity.js';
import { withSchema } from './json-schema.js';
import { type DataError, incompleteRequest, resourceNotFound, SovdError } from './sovd-error.js';
import { byMethod, type SovdRequest } from './sovd-request.js';

const listShape = z.object({ ids: z.array(z.string()).min(1).max(1000) });
const maxLists = 100;

/** `{entity}/data-lists`: several values with one read. */
export function answerDataLists(entity: Entity, request: SovdRequest, rest: readonly string[]): Answer {
  const [id, ...deeper] = rest;
  if (deeper.length > 0) throw resourceNotFound(`data-lists/${rest.join('/')}`);
  if (id === undefined) {
    return byMethod(request, {
      GET: () => ok({ items: [...entity.data.lists].map((list) => presentList(entity, list)) }),
      POST: () => createList(entity, request),
    });
  }
  const list = entity.data.findList(id);
  if (list === undefined) throw resourceNotFound(`data-lists/${id}`);
  return byMethod(request, {
    GET: () => readList(entity, request, list),
    DELETE: () => {
      entity.data.removeList(id);
      return noContent();
    },
  });
}

function createList(entity: Entity, request: SovdRequest): Answer {
  const { ids } = request.read(listShape);
  const unknown = ids.filter((dataId) => entity.data.find(dataId) === undefined);
  if (unknown.length > 0) throw incompleteRequest('Some of the data ids are unknown.', { unknown_ids: unknown });
  if (entity.data.listCount >= maxLists) {
    throw new SovdError(503, { error_code: 'sovd-server-failure', message: `No more than ${maxLists} lists.` });
  }
  const id = randomUUID();
  entity.data.addList({ id, dataIds: ids });
  return created(`${entity.href}/data-lists/${id}`, { id });
}

function readList(entity: Entity, request: SovdRequest, list: DataList): Answer {
  const models = modelsOf(entity, list);
  const items = models.map((model) => readOrError(entity, model));
  const schema = (): object => ({
    type: 'object',
    properties: { items: { type: 'array', items: { anyOf: models.map(valueSchema) } } },
    required: ['items'],
  });
  return ok(withSchema(request, { items }, schema));
}

/** One silent value must not spoil the others: its error stands in its place. */
function readOrError(entity: Entity, model: DataModel): object {
  if (model.refusal === undefined) return readValue(entity, model);
  const errors: readonly DataError[] = [{ path: '/', error: model.refusal.error }];
  return { id: model.id, data: null, errors };
}

function presentList(entity: Entity, list: DataList): object {
  return { id: list.id, items: modelsOf(entity, list).map(presentMetadata) };
}

function modelsOf(entity: Entity, list: DataList): readonly DataModel[] {
  return list.dataIds.flatMap((dataId) => entity.data.find(dataId) ?? []);
}
