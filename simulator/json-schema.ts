import { z } from 'zod';

import type { SovdRequest } from './sovd-request.js';

const known = new WeakMap<z.ZodType, object>();

/** The JSON Schema (draft 2020-12) of a zod schema, made once. */
export function jsonSchema(shape: z.ZodType): object {
  const existing = known.get(shape);
  if (existing !== undefined) return existing;
  const { $schema: _dialect, ...schema } = z.toJSONSchema(shape, { io: 'input' });
  known.set(shape, schema);
  return schema;
}

/** Adds the JSON Schema of the body when the request asks for it with `include-schema=true`. */
export function withSchema(request: SovdRequest, body: object, shape: z.ZodType | (() => object)): object {
  if (!request.includeSchema) return body;
  return { ...body, schema: typeof shape === 'function' ? shape() : jsonSchema(shape) };
}
