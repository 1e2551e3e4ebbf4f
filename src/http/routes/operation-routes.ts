import { Router, type RequestHandler } from 'express';
import swaggerUi from 'swagger-ui-express';

import type { Clock } from '#application/ports/clock.js';
import type { Log } from '#application/ports/log.js';

import { refuseMethod } from '../refuse-method.js';

/** One thing that must be there for the service to be ready. */
export interface ReadinessCheck {
  readonly name: string;
  /** Resolves when it is there. A plain Error says why it isn't in words for everybody; any other is for the log alone. */
  readonly run: () => Promise<void>;
}

/** What Prometheus reads. Reading it never takes long, whatever is away. */
export interface MetricsPage {
  readonly contentType: string;
  readonly text: () => Promise<string>;
}

interface Dependencies {
  readonly metrics: MetricsPage;
  readonly checks: readonly ReadinessCheck[];
  readonly clock: Pick<Clock, 'sleep'>;
  readonly document: () => object;
  readonly log: Log;
}

/** Readiness that takes longer to find out is no readiness. */
const maxCheckMillis = 1000;

/** Health, the OpenAPI document and its pages: for whoever runs the service, without authentication and without a unit. */
export function operationRoutes({ checks, clock, document, metrics, log }: Dependencies): Router {
  const router = Router({ caseSensitive: true });
  router.get('/health/live', (_request, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/health/ready', readiness(checks, clock, log));
  router.get('/metrics', async (_request, response) => {
    const text = await metrics.text();
    response.setHeader('Content-Type', metrics.contentType);
    response.end(text);
  });
  router.get('/openapi.json', (_request, response) => {
    response.json(document());
  });
  const options = {
    swaggerOptions: { url: '/openapi.json', persistAuthorization: true },
    customSiteTitle: 'sovd-fleet API',
  };
  router.use('/docs', swaggerUi.serveFiles(undefined, options));
  router.get('/docs/', swaggerUi.setup(undefined, options));
  router.get('/', (_request, response) => {
    response.json({ service: 'sovd-fleet', documentation: '/docs', openapi: '/openapi.json', api: '/api/v1' });
  });
  for (const path of ['/health/live', '/health/ready', '/metrics', '/openapi.json', '/docs/', '/']) {
    router.all(path, refuseMethod(['GET', 'HEAD']));
  }
  return router;
}

function readiness(checks: readonly ReadinessCheck[], clock: Pick<Clock, 'sleep'>, log: Log): RequestHandler {
  return async (_request, response) => {
    const results = await Promise.all(checks.map((check) => runCheck(check, clock, log)));
    const isReady = results.every(({ status }) => status === 'ok');
    if (!isReady) response.setHeader('Retry-After', '2');
    response.status(isReady ? 200 : 503).json({ status: isReady ? 'ok' : 'unavailable', checks: results });
  };
}

/** Runs a check, for a second at the most. */
export async function runCheck({ name, run }: ReadinessCheck, clock: Pick<Clock, 'sleep'>, log: Log) {
  const done = new AbortController();
  const tooLate = clock.sleep(maxCheckMillis, done.signal).then(() => {
    throw new Error(`no answer within ${maxCheckMillis} ms`);
  });
  try {
    await Promise.race([run(), tooLate]);
    return { name, status: 'ok' as const };
  } catch (error) {
    log.warn({ err: error, check: name }, 'a readiness check failed');
    return { name, status: 'failed' as const, detail: wordsOf(error) };
  } finally {
    done.abort();
    tooLate.catch(() => undefined);
  }
}

/** Drivers throw errors of their own classes or with a code, and their texts may name hosts and accounts. */
function wordsOf(error: unknown): string {
  const isOurs = error instanceof Error && error.constructor === Error && !('code' in error);
  return isOurs ? error.message : 'cannot be reached; the log says why';
}

const healthSchema = {
  type: 'object',
  required: ['status'],
  properties: {
    status: { type: 'string', enum: ['ok', 'unavailable'] },
    checks: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'status'],
        properties: {
          name: { type: 'string' },
          status: { type: 'string', enum: ['ok', 'failed'] },
          detail: { type: 'string' },
        },
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
};

const entranceSchema = {
  type: 'object',
  required: ['service', 'documentation', 'openapi', 'api'],
  properties: {
    service: { type: 'string', const: 'sovd-fleet' },
    documentation: { type: 'string' },
    openapi: { type: 'string' },
    api: { type: 'string' },
  },
  additionalProperties: false,
};

const requestIdHeader = {
  'X-Request-Id': {
    description: 'Id of the request: yours, or one that was made',
    schema: { type: 'string' },
    required: true,
  },
};

function answers(description: string, schema: object, example: object): object {
  return { description, headers: requestIdHeader, content: { 'application/json': { schema, example } } };
}

const unavailable = answers('It cannot; the checks say why', healthSchema, {
  status: 'unavailable',
  checks: [{ name: 'database', status: 'failed', detail: 'no answer within 1000 ms' }],
});

/** The paths of these routes, for the OpenAPI document. */
export const operationPaths = {
  '/': {
    get: {
      operationId: 'showEntrance',
      tags: ['Operation'],
      summary: 'What is here?',
      responses: {
        200: answers('Where to go on', entranceSchema, {
          service: 'sovd-fleet',
          documentation: '/docs',
          openapi: '/openapi.json',
          api: '/api/v1',
        }),
      },
    },
  },
  '/docs/': {
    get: {
      operationId: 'showDocumentation',
      tags: ['Operation'],
      summary: 'This document as pages, where each operation can be tried',
      responses: {
        200: {
          description: 'The page',
          headers: requestIdHeader,
          content: { 'text/html': { schema: { type: 'string' } } },
        },
      },
    },
  },
  '/openapi.json': {
    get: {
      operationId: 'showApiDocument',
      tags: ['Operation'],
      summary: 'This document',
      responses: {
        200: answers(
          'OpenAPI 3.1',
          { type: 'object', required: ['openapi', 'info', 'paths', 'components'] },
          {
            openapi: '3.1.0',
            info: { title: 'sovd-fleet', version: '0.1.0' },
            paths: {},
            components: {},
          },
        ),
      },
    },
  },
  '/metrics': {
    get: {
      operationId: 'showMetrics',
      tags: ['Operation'],
      summary: 'Figures of this instance for Prometheus',
      description: 'Needs no token; keep the path from the internet at the load balancer.',
      responses: {
        200: {
          description: 'The text format of Prometheus',
          headers: requestIdHeader,
          content: {
            'text/plain': {
              schema: { type: 'string' },
              example:
                '# HELP sovd_fleet_event_streams Event streams that are open\n# TYPE sovd_fleet_event_streams gauge\nsovd_fleet_event_streams 12\n',
            },
          },
        },
      },
    },
  },
  '/health/live': {
    get: {
      operationId: 'isAlive',
      tags: ['Operation'],
      summary: 'Is the process alive?',
      responses: { 200: answers('It is', healthSchema, { status: 'ok' }) },
    },
  },
  '/health/ready': {
    get: {
      operationId: 'isReady',
      tags: ['Operation'],
      summary: 'Can the service do its work?',
      responses: {
        200: answers('It can', healthSchema, { status: 'ok', checks: [{ name: 'database', status: 'ok' }] }),
        503: {
          ...unavailable,
          headers: {
            ...requestIdHeader,
            'Retry-After': { description: 'Seconds', schema: { type: 'string' }, required: true },
          },
        },
      },
    },
  },
};
