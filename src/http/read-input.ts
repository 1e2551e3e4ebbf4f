import type { Request } from 'express';
import type { z } from 'zod';

import { ApplicationError, type InputComplaint } from '#application/domain/errors.js';
import { inputComplaints } from '#application/domain/input-complaints.js';

import type { Declaration, Input } from './endpoint.js';
import { inPlainWords } from './plain-messages.js';

/** Deeper bodies are refused: nobody means them, and each layer costs stack in whatever reads them. */
const maxDepth = 64;

/** More complaints help nobody, and an answer must not be larger than its request by much. */
const maxComplaints = 100;

/**
 * What a handler gets, checked by the route's schemas. Everything that is wrong is told at once. A pointer is a JSON
 * pointer into the body (RFC 6901), and begins with `#/path`, `#/query` or `#/header` for the rest.
 * Throws `invalid-request`.
 */
export function readInput(declaration: Declaration, request: Request): Input {
  const complaints: InputComplaint[] = [];
  const bottomless: unknown[] = [];
  const read = (schema: z.ZodType | undefined, value: unknown, base: string): unknown => {
    const unstorable: InputComplaint[] = [];
    const isShallow = collectUnstorable(value, base, 0, unstorable);
    for (const complaint of unstorable) complaints.push(complaint);
    if (!isShallow) bottomless.push(value);
    // What reads a value goes down into it, so a bottomless one is not read.
    if (schema === undefined || !isShallow) return {};
    const parsed = schema.safeParse(value, inPlainWords);
    if (parsed.success) return parsed.data;
    const told = new Set(unstorable.map(({ pointer }) => pointer));
    for (const complaint of inputComplaints(parsed.error, base)) {
      if (!told.has(complaint.pointer)) complaints.push(complaint);
    }
    return undefined;
  };
  const { params, query, headers, body, checkBody } = declaration;
  const input = {
    params: read(params, request.params, '#/path'),
    // Routes without query parameters refuse all of them.
    query: query === undefined ? refuseAll(request.query, complaints) : read(query, request.query, '#/query'),
    headers: headers === undefined ? {} : read(headers, request.headers, '#/header'),
    body: body === undefined ? undefined : read(body, request.body, ''),
  };
  if (checkBody !== undefined && !bottomless.includes(request.body)) {
    for (const complaint of checkBody(request.body)) complaints.push(complaint);
  }
  if (complaints.length > 0) {
    throw new ApplicationError('invalid-request', 'Something in the request is not valid; see errors.', {
      complaints: complaints.slice(0, maxComplaints),
    });
  }
  return input as Input;
}

function refuseAll(query: object, complaints: InputComplaint[]): object {
  for (const name of Object.keys(query)) {
    complaints.push({ pointer: `#/query/${name}`, message: 'is not known here; remove it' });
  }
  return {};
}

/** Complains of what no place of the service can hold, anywhere in a value that came out of a JSON text. */
export function complainOfUnstorable(value: unknown, pointer: string): readonly InputComplaint[] {
  const complaints: InputComplaint[] = [];
  collectUnstorable(value, pointer, 0, complaints);
  return complaints;
}

/**
 * Collects what no place of the service can hold. PostgreSQL takes neither NUL characters nor half surrogate pairs, a number
 * that overflowed is not the one that was sent, and a member called `__proto__` is lost by whatever copies its object.
 * False: the value is nested too deep, and nobody should go further down.
 */
function collectUnstorable(value: unknown, pointer: string, depth: number, complaints: InputComplaint[]): boolean {
  if (typeof value === 'string') {
    const message = unstorableText(value);
    if (message !== undefined) complaints.push({ pointer, message });
    return true;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    complaints.push({ pointer, message: 'must not be larger than a double-precision number can be' });
    return true;
  }
  if (typeof value !== 'object' || value === null) return true;
  if (depth === maxDepth) {
    complaints.push({ pointer, message: `must not be nested deeper than ${maxDepth} levels` });
    return false;
  }
  let isShallow = true;
  for (const [name, member] of Object.entries(value)) {
    const inner = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const message = name === '__proto__' ? 'is not known here; remove it' : unstorableText(name);
    if (message !== undefined) complaints.push({ pointer: name === '__proto__' ? inner : pointer, message });
    if (!collectUnstorable(member, inner, depth + 1, complaints)) isShallow = false;
  }
  return isShallow;
}

function unstorableText(text: string): string | undefined {
  if (text.includes('\0')) return 'must not contain a NUL character';
  return text.isWellFormed() ? undefined : 'must be well-formed Unicode';
}
