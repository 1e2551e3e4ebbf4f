import cors from 'cors';
import express, { type Express, type RequestHandler } from 'express';

import { ApplicationError } from '#application/domain/errors.js';
import type { AccessRevocations } from '#application/ports/access-revocations.js';
import type { Clock } from '#application/ports/clock.js';
import type { Log } from '#application/ports/log.js';
import type { Measurements } from '#application/ports/measurements.js';

import type { Endpoint } from './endpoint.js';
import { authenticate, authenticateLeaving, type AccessTokenVerification } from './middleware/authenticate.js';
import { handleError } from './middleware/handle-error.js';
import { requestContext } from './middleware/request-context.js';
import { noteBase, requestLog } from './middleware/request-log.js';
import { securityHeaders } from './middleware/security-headers.js';
import { routerOf, type MountDependencies } from './mount.js';
import { openApiDocument } from './openapi.js';
import { operationPaths, operationRoutes, type MetricsPage, type ReadinessCheck } from './routes/operation-routes.js';

/** What the HTTP side is made of. */
export interface AppDependencies extends Omit<MountDependencies, 'authenticate' | 'authenticateLeaving'> {
  readonly endpoints: readonly Endpoint[];
  readonly accessTokens: AccessTokenVerification;
  readonly accessRevocations: Pick<AccessRevocations, 'isRevoked'>;
  readonly checks: readonly ReadinessCheck[];
  readonly metrics: MetricsPage;
  readonly measurements: Pick<Measurements, 'requestAnswered'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly trustProxyHops: number;
  readonly corsOrigins: readonly string[];
}

const prefix = '/api/v1';

/** What pages of the allowed origins may send, beside what every page may. */
const allowedHeaders = ['Authorization', 'Content-Type', 'Idempotency-Key', 'Last-Event-ID', 'Prefer', 'X-Request-Id'];

/** What they may read, beside what every page may. */
const exposedHeaders = [
  ...['Allow', 'Content-Disposition', 'Idempotent-Replayed', 'Location', 'Preference-Applied', 'RateLimit'],
  ...['RateLimit-Policy', 'Retry-After', 'WWW-Authenticate', 'X-Request-Id'],
];

/** For how long a browser needn't ask again. */
const preflightSeconds = 600;

/** More header fields than that are no request of a client that means well. */
const maxHeaderFields = 100;

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
  app.use(requestLog(dependencies.measurements));
  app.use(securityHeaders());
  app.use(allowOrigins(dependencies.corsOrigins));
  app.use(refuseOddHeaders);
  app.use(prefix, apiRoutes(dependencies));
  app.use(operationRoutes({ checks, clock, document: describe, metrics: dependencies.metrics, log }));
  app.use(noSuchRoute);
  app.use(handleError());
  return app;
}

function apiRoutes(dependencies: AppDependencies): RequestHandler {
  const { endpoints, accessTokens, accessRevocations } = dependencies;
  const routes = routerOf(endpoints, {
    ...dependencies,
    authenticate: authenticate(accessTokens, accessRevocations),
    authenticateLeaving: authenticateLeaving(accessTokens),
  });
  return (request, response, next) => {
    noteBase(request, response);
    response.setHeader('Cache-Control', 'no-store');
    routes(request, response, next);
  };
}

function allowOrigins(origins: readonly string[]): RequestHandler {
  const answerPages = cors({
    origin: [...origins],
    // The routes know which methods they have, and which paths there are.
    preflightContinue: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders,
    exposedHeaders,
    maxAge: preflightSeconds,
  });
  return (request, response, next) => {
    if (request.headers.origin !== undefined) {
      answerPages(request, response, next);
      return;
    }
    // No page asks, and its headers are for pages; but an answer that a cache keeps is not for them either.
    response.vary('Origin');
    next();
  };
}

const refuseOddHeaders: RequestHandler = (request, _response, next) => {
  // RFC 9112 section 3.2. Node would answer it by itself, without a body.
  if (request.httpVersion === '1.1' && request.headers.host === undefined) {
    throw new ApplicationError('malformed-request', 'An HTTP/1.1 request must have a Host header.');
  }
  // Names and values take turns.
  if (request.rawHeaders.length > maxHeaderFields * 2) {
    throw new ApplicationError('malformed-request', `A request may have ${maxHeaderFields} header fields at the most.`);
  }
  next();
};

const noSuchRoute: RequestHandler = () => {
  throw new ApplicationError('no-such-route', 'There is nothing at this path. /docs shows what there is.');
};
