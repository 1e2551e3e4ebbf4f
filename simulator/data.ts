import { z } from 'zod';

import { type Answer, noContent, ok } from './answer.js';
import type { DataModel } from './car-model.js';
import type { Entity } from './entity.js';
import { jsonSchema, withSchema } from './json-schema.js';
import { dataError, methodNotAllowed, negativeResponse, resourceNotFound, SovdError } from './sovd-error.js';
import { byMethod, complaints, type SovdRequest } from './sovd-request.js';
import { recorderStream } from './streams.js';

/** The description of a data item in lists (SOVD: ValueMetadata). */
export const metadataShape = z.object({
  id: z.string(),
  name: z.string(),
  translation_id: z.string(),
  category: z.string(),
  groups: z.array(z.string()).optional(),
  tags: z.array(z.string()).optional(),
});
const metadataListShape = z.object({ items: z.array(metadataShape) });
const writeShape = z.object({ data: z.unknown(), signature: z.string().optional() });

const requestOutOfRange = 0x31;
const writeDataByIdentifier = 0x2e;

/** `{entity}/data` and `{entity}/data/{id}`; also the recorder's own `data/stream/events`. */
export function answerData(entity: Entity, request: SovdRequest, rest: readonly string[]): Answer {
  const [id, ...deeper] = rest;
  if (id === undefined) return byMethod(request, { GET: () => listData(entity, request) });
  const model = entity.data.find(id);
  if (model === undefined) throw resourceNotFound(`data/${id}`);
  if (deeper.length === 1 && deeper[0] === 'events' && id === 'stream') {
    return byMethod(request, { GET: () => recorderStream(entity, model, request) });
  }
  if (deeper.length > 0) throw resourceNotFound(`data/${rest.join('/')}`);
  if (request.method === 'PUT') return writeData(entity, model, request);
  if (request.method !== 'GET') throw methodNotAllowed(model.write ? ['GET', 'PUT'] : ['GET']);
  const shape = (): object => valueSchema(model);
  return ok(withSchema(request, readValue(entity, model), shape));
}

/** `{entity}/data-categories`: each category that occurs, once. */
export function answerDataCategories(entity: Entity, request: SovdRequest, rest: readonly string[]): Answer {
  if (rest.length > 0) throw resourceNotFound(`data-categories/${rest.join('/')}`);
  const categories = new Set([...entity.data.models].map((model) => model.category));
  const items = [...categories].map((item) => ({ item, category_translation_id: `category.${item}` }));
  return byMethod(request, { GET: () => ok({ items }) });
}

/** `{entity}/data-groups`: each group that occurs, with its category. */
export function answerDataGroups(entity: Entity, request: SovdRequest, rest: readonly string[]): Answer {
  if (rest.length > 0) throw resourceNotFound(`data-groups/${rest.join('/')}`);
  const groups = new Map<string, object>();
  for (const model of entity.data.models) {
    for (const id of model.groups ?? []) {
      groups.set(id, { id, category: model.category, group: id, group_translation_id: `group.${id}` });
    }
  }
  return byMethod(request, { GET: () => ok({ items: [...groups.values()] }) });
}

/** What a read of one item gives (SOVD: ReadValue); throws what the control unit refuses with. */
export function readValue(entity: Entity, model: DataModel): { readonly id: string; readonly data: unknown } {
  if (model.refusal !== undefined) throw new SovdError(model.refusal.status, model.refusal.error);
  const data = entity.data.valueOf(model, entity.vehicle.moment());
  return { id: model.id, data, ...(model.errors && { errors: model.errors }) };
}

/** The JSON Schema of what a read of the item answers, with the unit of the value. */
export function valueSchema(model: DataModel): object {
  return {
    type: 'object',
    properties: {
      id: { type: 'string' },
      data: { ...jsonSchema(model.shape), ...(model.unit && { 'x-sovd-unit': model.unit }) },
      errors: { type: 'array', items: { type: 'object' } },
    },
    required: ['id', 'data'],
  };
}

/** The item as it stands in lists. */
export function presentMetadata(model: DataModel): z.infer<typeof metadataShape> {
  return {
    id: model.id,
    name: model.name,
    translation_id: `data.${model.id}`,
    category: model.category,
    ...(model.groups && { groups: [...model.groups] }),
    ...(model.tags && { tags: [...model.tags] }),
  };
}

function listData(entity: Entity, request: SovdRequest): Answer {
  const items = [...entity.data.models].filter(dataFilter(request.query)).map(presentMetadata);
  return ok(withSchema(request, { items }, metadataListShape));
}

/** Groups beat categories; tags come on top of either. */
function dataFilter(query: URLSearchParams): (model: DataModel) => boolean {
  const groups = query.getAll('groups');
  const categories = [...query.getAll('category'), ...query.getAll('categories')];
  const tags = query.getAll('tags');
  return (model) => {
    if (tags.length > 0 && !tags.some((tag) => model.tags?.includes(tag))) return false;
    if (groups.length > 0) return groups.some((group) => model.groups?.includes(group));
    return categories.length === 0 || categories.includes(model.category);
  };
}

function writeData(entity: Entity, model: DataModel, request: SovdRequest): Answer {
  if (model.write === undefined) throw methodNotAllowed(['GET']);
  const value = checkedValue(model, bodyOf(request));
  entity.locks.demandWriteAccess('data', request.client);
  entity.vehicle.demand(model.write, entity);
  entity.data.write(model.id, value);
  return noContent();
}

function bodyOf(request: SovdRequest): unknown {
  let body: unknown;
  try {
    body = request.json();
  } catch (error) {
    if (!(error instanceof SovdError) || error.status !== 400) throw error;
    throw dataError('/', { error_code: 'incomplete-request', message: error.message });
  }
  const parsed = writeShape.safeParse(body);
  if (parsed.success && parsed.data.data !== undefined) return parsed.data.data;
  throw dataError('/', { error_code: 'incomplete-request', message: 'The body must be an object with "data".' });
}

function checkedValue(model: DataModel, value: unknown): unknown {
  const parsed = model.shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first] = complaints(parsed.error);
  const path = first === undefined || first.path === '/' ? '/data' : `/data${first.path}`;
  const message = `The control unit refuses the value: ${first?.message ?? 'out of range'}.`;
  throw dataError(path, negativeResponse(writeDataByIdentifier, requestOutOfRange, message));
}
