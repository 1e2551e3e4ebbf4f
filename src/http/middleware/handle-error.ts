import type { ErrorRequestHandler } from 'express';

import type { Log } from '#application/ports/log.js';

import { problemHeaders, problemOf, toApplicationError } from '../problem.js';
import { contextOf } from './request-context.js';

/** Answers whatever was thrown as problem details (RFC 9457). The only error middleware. */
export function handleError(log: Log): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    if (response.headersSent || response.destroyed) {
      // Nobody listens any more, or half an answer is out: the client must see that it was broken off.
      log.debug({ err: thrown }, 'a request ended without an answer');
      response.destroy();
      return;
    }
    const error = toApplicationError(thrown);
    if (error.kind === 'internal') log.error({ err: error.cause ?? thrown }, 'a request failed');
    else if (error.kind === 'unavailable') log.warn({ err: error.cause ?? error }, 'a request could not be served');
    const { requestId } = contextOf(request);
    const problem = problemOf(error, { instance: request.originalUrl.split('?')[0] ?? '', requestId });
    response.status(problem.status).set(problemHeaders(error));
    response.end(JSON.stringify(problem));
  };
}
