import { isUtf8 } from 'node:buffer';

import express, { type Request, type RequestHandler, type Response } from 'express';

import { ApplicationError } from '#application/domain/errors.js';

import type { TextBody } from './endpoint.js';

/** Puts the body of a request where handlers find it: as what its JSON says or, where the route takes a text, as a string. */
export type BodyReader = (request: Request, response: Response, textBody: TextBody | undefined) => Promise<void>;

/** Reads bodies, JSON up to a limit. Throws `unsupported-media-type`, or what the parser throws. */
export function bodyReader(maxJsonBytes: number): BodyReader {
  const parseJson: RequestHandler = express.json({
    limit: maxJsonBytes,
    strict: false,
    inflate: false,
    type: () => true,
    verify: (_request, _response, body) => {
      // The parser would put replacement characters in the place of what it can't read.
      if (!isUtf8(body)) throw new ApplicationError('malformed-json', 'The body must be JSON in UTF-8 (RFC 8259).');
    },
  });
  return async (request, response, textBody) => {
    if (textBody !== undefined) {
      await readText(request, response, textBody);
      return;
    }
    if (hasBody(request) && request.is(['application/json', 'application/*+json']) === false) {
      throw new ApplicationError('unsupported-media-type', 'Send the body as application/json.');
    }
    refuseAnnounced(request, maxJsonBytes);
    await parse(parseJson, request, response);
  };
}

async function readText(request: Request, response: Response, { mediaType, maxBytes }: TextBody): Promise<void> {
  if (!hasBody(request)) return;
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/iu.exec(request.get('content-type') ?? '')?.[1] ?? 'utf-8';
  const isExpected = request.is(mediaType) !== false && charset.toLowerCase() === 'utf-8';
  if (!isExpected) {
    throw new ApplicationError('unsupported-media-type', `Send the body as ${mediaType} in UTF-8.`);
  }
  refuseAnnounced(request, maxBytes);
  await parse(express.raw({ limit: maxBytes, inflate: false, type: () => true }), request, response);
  const body = request.body as Buffer;
  if (!isUtf8(body)) throw new ApplicationError('malformed-request', 'The body must be in UTF-8.');
  request.body = body.toString('utf8');
}

/** The parser would read all of it before it refuses. */
function refuseAnnounced(request: Request, maxBytes: number): void {
  if (Number(request.get('content-length') ?? 0) <= maxBytes) return;
  throw new ApplicationError('body-too-large', 'The body is larger than this service takes.');
}

function hasBody(request: Request): boolean {
  return request.get('transfer-encoding') !== undefined || Number(request.get('content-length') ?? 0) > 0;
}

function parse(parser: RequestHandler, request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    parser(request, response, (error?: unknown) => {
      if (error === undefined) resolve();
      else reject(error instanceof Error ? error : new Error('the body could not be read'));
    });
  });
}
