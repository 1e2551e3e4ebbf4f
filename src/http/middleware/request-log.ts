import type { Request, RequestHandler, Response } from 'express';

import type { Measurements } from '#application/ports/measurements.js';

import { contextOf } from './request-context.js';

/** One line and one count per request, at its end: what was asked for, by pattern and never by value, and how it went. */
export function requestLog(measurements: Pick<Measurements, 'requestAnswered'>): RequestHandler {
  return (request, response, next) => {
    const start = performance.now();
    const tell = (): void => {
      const millis = performance.now() - start;
      const route = routeOf(request, response);
      measurements.requestAnswered(request.method, route, response.statusCode, millis / 1000);
      contextOf(request).log.info(
        {
          method: request.method,
          route,
          status: response.statusCode,
          duration_ms: Math.round(millis * 10) / 10,
          ...(response.writableFinished ? {} : { aborted: true }),
        },
        'request',
      );
    };
    response.once('close', () => tell());
    next();
  };
}

/** Remembers under which path the routes of a router stand: Express has forgotten it when an error is answered. */
export function noteBase(request: Request, response: Response): void {
  response.locals[baseKey] = request.baseUrl;
}

const baseKey = 'baseOfRoute';

function routeOf({ route, baseUrl }: Request, { locals }: Response): string {
  const path: unknown = typeof route === 'object' && route !== null ? Reflect.get(route, 'path') : undefined;
  const base: unknown = locals[baseKey] ?? baseUrl;
  return typeof path === 'string' && typeof base === 'string' ? base + path : 'none';
}
