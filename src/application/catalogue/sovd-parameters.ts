import { z } from 'zod';

import { isDotSegment } from '../domain/sovd/entity.js';

/** Longer ids are not taken from a vehicle either: no server has them, and they would be too long as a subject. */
const maxIdLength = 256;

/** A single segment of a path, as plain text: encoding it is ours. */
function segment(maxLength: number): z.ZodString {
  return z
    .string()
    .min(1)
    .max(maxLength)
    .regex(/^(?!\.{1,2}(?![\s\S]))[^\p{Cc}\p{Cs}]+(?![\s\S])/u, 'must not be "." or ".." or hold control characters');
}

/** Whether an id or a code that a vehicle sent can be a segment of a path, and the subject of a response. */
export function isAddressable(id: string): boolean {
  return id !== '' && id.length <= maxIdLength && !isDotSegment(id);
}

/** An SOVD entity by its collection and id. */
export const entity = z
  .string()
  .max(maxIdLength)
  .regex(
    /^(?:areas|components|apps|functions)\/(?!\.{1,2}(?![\s\S]))[^\s/\p{Cc}\p{Cs}][^/\p{Cc}\p{Cs}]*(?![\s\S])/u,
    'must be such as components/engine-control',
  )
  .describe(
    'An SOVD entity by its collection (areas, components, apps, functions) and id: `components/engine-control`.',
  );

/** The id of a data item. */
export const dataId = segment(maxIdLength).describe('The id of a data item of the entity.');

/** The id of an operation. */
export const operationId = segment(maxIdLength).describe('The id of an operation of the entity.');

/** The code of a fault, as the vehicle writes it. */
export const faultCode = segment(64).describe(
  'The code of a fault, as the vehicle writes it: `P0301`, `C1A00`, `0x4711`.',
);

/** A fault memory of the entity. */
export const faultScope = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}\p{Cs}]+(?![\s\S])/u, 'must not hold control characters')
  .describe('A fault memory of the entity, where it has several.');
