import type { Request } from 'express';
import type { z } from 'zod';

import { ApplicationError, type InputComplaint } from '#application/domain/errors.js';
import { inputComplaints } from '#application/domain/input-complaints.js';

import type { Declaration, Input } from './endpoint.js';

/** Deeper bodies are refused: nobody means them, and each layer costs stack in whatever reads them. */
const maxDepth = 64;

/**
 * What a handler gets, checked by the route's schemas. Everything that is wrong is told at once. A pointer is a JSON
 * pointer into the body (RFC 6901), and begins with `#/path`, `#/query` or `#/header` for the rest.
 * Throws `invalid-request`.
 */
export function readInput(declaration: Declaration, request: Request): Input {
  const complaints: InputComplaint[] = [];
  const read = (schema: z.ZodType | undefined, value: unknown, base: string): unknown => {
    const unstorable = unstorableText(value, base, 0);
    if (unstorable !== undefined) {
      complaints.push(unstorable);
      return undefined;
    }
    if (schema === undefined) return {};
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    complaints.push(...inputComplaints(parsed.error, base));
    return undefined;
  };
  const { params, query, headers, body } = declaration;
  const input = {
    params: read(params, request.params, '#/path'),
    // Routes without query parameters refuse all of them.
    query: query === undefined ? refuseAll(request.query, complaints) : read(query, request.query, '#/query'),
    headers: headers === undefined ? {} : read(headers, request.headers, '#/header'),
    body: body === undefined ? undefined : read(body, request.body, ''),
  };
  if (complaints.length > 0) {
    throw new ApplicationError('invalid-request', 'Something in the request is not valid; see errors.', { complaints });
  }
  return input as Input;
}

function refuseAll(query: object, complaints: InputComplaint[]): object {
  for (const name of Object.keys(query)) {
    complaints.push({ pointer: `#/query/${name}`, message: 'is not known here; remove it' });
  }
  return {};
}

/** PostgreSQL holds neither NUL characters nor half surrogate pairs, so no input may. */
function unstorableText(value: unknown, pointer: string, depth: number): InputComplaint | undefined {
  if (typeof value === 'string') {
    if (value.includes('\0')) return { pointer, message: 'must not contain a NUL character' };
    return value.isWellFormed() ? undefined : { pointer, message: 'must be well-formed Unicode' };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === maxDepth) return { pointer, message: `must not be nested deeper than ${maxDepth} levels` };
  for (const [name, member] of Object.entries(value)) {
    const inner = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const found = unstorableText(name, pointer, depth + 1) ?? unstorableText(member, inner, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
