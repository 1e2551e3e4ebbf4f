import cors from 'cors';
import express, { type Express, type RequestHandler } from 'express';

import { ApplicationError } from '#application/domain/errors.js';
import type { Clock } from '#application/ports/clock.js';
import type { Log } from '#application/ports/log.js';

import type { Endpoint } from './endpoint.js';
import { authenticate, type AccessTokenVerification } from './middleware/authenticate.js';
import { handleError } from './middleware/handle-error.js';
import { requestContext } from './middleware/request-context.js';
import { requestLog } from './middleware/request-log.js';
import { securityHeaders } from './middleware/security-headers.js';
import { routerOf, type MountDependencies } from './mount.js';
import { openApiDocument } from './openapi.js';
import { operationPaths, operationRoutes, type ReadinessCheck } from './routes/operation-routes.js';

/** What the HTTP side is made of. */
export interface AppDependencies extends Omit<MountDependencies, 'authenticate'> {
  readonly endpoints: readonly Endpoint[];
  readonly accessTokens: AccessTokenVerification;
  readonly checks: readonly ReadinessCheck[];
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly trustProxyHops: number;
  readonly corsOrigins: readonly string[];
}

const prefix = '/api/v1';

/** The Express application: the whole pipeline, in order. Everything that answers stands below the first three. */
export function createApp(dependencies: AppDependencies): Express {
  const { endpoints, log, checks, clock, version } = dependencies;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.set('trust proxy', dependencies.trustProxyHops);

  let document: object | undefined;
  const describe = (): object => (document ??= openApiDocument({ version, prefix, endpoints, operationPaths }));

  app.use(requestContext(log));
  app.use(requestLog(log));
  app.use(securityHeaders());
  app.use(
    cors({
      origin: [...dependencies.corsOrigins],
      // The routes know which methods they have, and which paths there are.
      preflightContinue: true,
      exposedHeaders: ['Location', 'X-Request-Id', 'Idempotent-Replayed', 'Retry-After'],
    }),
  );
  app.use(refuseMissingHost);
  app.use(prefix, apiRoutes(dependencies));
  app.use(operationRoutes({ checks, clock, document: describe, log }));
  app.use(noSuchRoute);
  app.use(handleError(log));
  return app;
}

function apiRoutes(dependencies: AppDependencies): RequestHandler {
  const routes = routerOf(dependencies.endpoints, {
    ...dependencies,
    authenticate: authenticate(dependencies.accessTokens),
  });
  return (request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    routes(request, response, next);
  };
}

/** RFC 9112 section 3.2. Node would answer it by itself, without a body. */
const refuseMissingHost: RequestHandler = (request, _response, next) => {
  if (request.httpVersion === '1.1' && request.headers.host === undefined) {
    throw new ApplicationError('malformed-request', 'An HTTP/1.1 request must have a Host header.');
  }
  next();
};

const noSuchRoute: RequestHandler = () => {
  throw new ApplicationError('no-such-route', 'There is nothing at this path. /docs shows what there is.');
};
