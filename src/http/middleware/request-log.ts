import { AsyncResource } from 'node:async_hooks';

import type { RequestHandler } from 'express';

import type { Log } from '#application/ports/log.js';

/** One line per request, at its end: what was asked for, by pattern and never by value, and how it went. */
export function requestLog(log: Log): RequestHandler {
  return (request, response, next) => {
    const start = performance.now();
    // A connection that is cut closes outside of the request, and the line belongs inside, where its fields are.
    const inside = new AsyncResource('REQUEST');
    const tell = (): void => {
      log.info(
        {
          method: request.method,
          route: routeOf(request.route, request.baseUrl),
          status: response.statusCode,
          duration_ms: Math.round((performance.now() - start) * 10) / 10,
          ...(response.writableFinished ? {} : { aborted: true }),
        },
        'request',
      );
    };
    response.once('close', () => inside.runInAsyncScope(tell));
    next();
  };
}

function routeOf(route: unknown, baseUrl: string): string {
  const path: unknown = typeof route === 'object' && route !== null ? Reflect.get(route, 'path') : undefined;
  return typeof path === 'string' ? baseUrl + path : 'none';
}
