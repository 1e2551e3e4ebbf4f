import { ServerResponse, IncomingMessage } from 'node:http';
import { Socket } from 'node:net';

import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** Security headers for every answer. The policy lets `/docs` work with what this service serves itself, and no more. */
export function securityHeaders(): RequestHandler {
  // They are the same for every answer, so helmet is asked once.
  const fields = Object.entries(headersOfHelmet());
  return (_request, response, next) => {
    for (const [name, value] of fields) response.setHeader(name, value);
    next();
  };
}

function headersOfHelmet(): Readonly<Record<string, string>> {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  const setHeaders = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        // Swagger UI sets styles on its elements.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    crossOriginEmbedderPolicy: false,
  });
  setHeaders(request, response, (error) => {
    if (error !== undefined) throw error instanceof Error ? error : new Error('the security headers are not valid');
  });
  return response.getHeaders() as Readonly<Record<string, string>>;
}
