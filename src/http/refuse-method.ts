import type { RequestHandler, Response } from 'express';

import { ApplicationError } from '#application/domain/errors.js';

/** The last handler of a path: refuses every method but those, and tells which there are (RFC 9110 section 15.5.6). */
export function refuseMethod(methods: readonly string[]): RequestHandler {
  return (request, response) => {
    if (request.method !== 'OPTIONS') throw methodNotAllowed(methods, response);
    response.status(204).set('Allow', methods.join(', ')).end();
  };
}

/** What to throw for a method that a path doesn't have; sets `Allow`. */
export function methodNotAllowed(methods: readonly string[], response: Response): ApplicationError {
  response.set('Allow', methods.join(', '));
  return new ApplicationError('method-not-allowed', `Use ${methods.join(' or ')} here.`);
}
