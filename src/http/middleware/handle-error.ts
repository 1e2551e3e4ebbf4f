import type { ErrorRequestHandler } from 'express';

import { problemHeaders, problemOf, toApplicationError } from '../problem.js';
import { contextOf } from './request-context.js';

/** Answers whatever was thrown as problem details (RFC 9457). The only error middleware. */
export function handleError(): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    const { requestId, log } = contextOf(request);
    if (response.destroyed || response.writableEnded) {
      log.debug({ err: thrown }, 'a request failed after its end: its client had hung up, or sent what cannot be read');
      return;
    }
    const error = toApplicationError(thrown);
    if (response.headersSent) {
      // Half an answer is out, and its reader must not take it for a whole one.
      log[error.kind === 'internal' ? 'error' : 'warn']({ err: error.cause ?? error }, 'an answer was broken off');
      response.destroy();
      return;
    }
    if (error.kind === 'internal') log.error({ err: error.cause ?? thrown }, 'a request failed');
    else if (error.kind === 'unavailable') log.warn({ err: error.cause ?? error }, 'a request could not be served');
    const problem = problemOf(error, { instance: request.originalUrl.split('?')[0] ?? '', requestId });
    response.status(problem.status).set(problemHeaders(error));
    response.end(JSON.stringify(problem));
  };
}
