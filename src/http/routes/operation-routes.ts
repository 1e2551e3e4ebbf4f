import { Router, type RequestHandler } from 'express';
import swaggerUi from 'swagger-ui-express';

import type { Clock } from '#application/ports/clock.js';

/** One thing that must be there for the service to be ready. */
export interface ReadinessCheck {
  readonly name: string;
  /** Resolves when it is there; what it throws says why it isn't. */
  readonly run: () => Promise<void>;
}

interface Dependencies {
  readonly checks: readonly ReadinessCheck[];
  readonly clock: Pick<Clock, 'sleep'>;
  readonly document: () => object;
}

/** Readiness that takes longer to find out is no readiness. */
const maxCheckMillis = 1000;

/** Health, the OpenAPI document and its pages: for whoever runs the service, without authentication and without a unit. */
export function operationRoutes({ checks, clock, document }: Dependencies): Router {
  const router = Router({ caseSensitive: true });
  router.get('/health/live', (_request, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/health/ready', readiness(checks, clock));
  router.get('/openapi.json', (_request, response) => {
    response.json(document());
  });
  const options = {
    swaggerOptions: { url: '/openapi.json', persistAuthorization: true },
    customSiteTitle: 'sovd-fleet API',
  };
  router.use('/docs', swaggerUi.serveFiles(undefined, options), swaggerUi.setup(undefined, options));
  router.get('/', (_request, response) => {
    response.json({ service: 'sovd-fleet', documentation: '/docs', openapi: '/openapi.json', api: '/api/v1' });
  });
  return router;
}

function readiness(checks: readonly ReadinessCheck[], clock: Pick<Clock, 'sleep'>): RequestHandler {
  return async (_request, response) => {
    const results = await Promise.all(checks.map((check) => runCheck(check, clock)));
    const isReady = results.every(({ status }) => status === 'ok');
    if (!isReady) response.setHeader('Retry-After', '2');
    response.status(isReady ? 200 : 503).json({ status: isReady ? 'ok' : 'unavailable', checks: results });
  };
}

async function runCheck({ name, run }: ReadinessCheck, clock: Pick<Clock, 'sleep'>) {
  const done = new AbortController();
  const tooLate = clock.sleep(maxCheckMillis, done.signal).then(() => {
    throw new Error(`no answer within ${maxCheckMillis} ms`);
  });
  try {
    await Promise.race([run(), tooLate]);
    return { name, status: 'ok' as const };
  } catch (error) {
    return { name, status: 'failed' as const, detail: error instanceof Error ? error.message : 'failed' };
  } finally {
    done.abort();
    tooLate.catch(() => undefined);
  }
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
      },
    },
  },
};

/** The paths of these routes, for the OpenAPI document. */
export const operationPaths = {
  '/health/live': {
    get: {
      operationId: 'isAlive',
      tags: ['Operation'],
      summary: 'Is the process alive?',
      responses: {
        200: { description: 'It is', content: { 'application/json': { schema: healthSchema } } },
      },
    },
  },
  '/health/ready': {
    get: {
      operationId: 'isReady',
      tags: ['Operation'],
      summary: 'Can the service do its work?',
      responses: {
        200: { description: 'It can', content: { 'application/json': { schema: healthSchema } } },
        503: {
          description: 'It cannot; the checks say why',
          content: { 'application/json': { schema: healthSchema } },
        },
      },
    },
  },
};
