import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';

import type { Answer } from './answer.js';
import { incompleteRequest, methodNotAllowed, SovdError } from './sovd-error.js';

const noQuery = new URLSearchParams();

/** One request as the handlers see it: decoded, its body not yet looked at. */
export class SovdRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly #headers: IncomingHttpHeaders;
  readonly #bodyText: string;

  constructor(
    method: string,
    /** Decoded path segments below the versioned base. */
    readonly segments: readonly string[],
    queryText: string,
    headers: IncomingHttpHeaders,
    bodyText: string,
  ) {
    this.method = method === 'HEAD' ? 'GET' : method;
    this.query = queryText === '' ? noQuery : new URLSearchParams(queryText);
    this.#headers = headers;
    this.#bodyText = bodyText;
  }

  /** Who asks: the subject of the bearer token, else the X-Client-Id header, else `anonymous`. Tokens aren't verified. */
  get client(): string {
    const bearer = /^Bearer\s+(\S+)$/iu.exec(this.#headers.authorization ?? '')?.[1];
    if (bearer !== undefined) return subjectOf(bearer) ?? bearer;
    const clientId = this.#headers['x-client-id'];
    return typeof clientId === 'string' && clientId !== '' ? clientId : 'anonymous';
  }

  /** Whether the client asked for server-sent events. */
  get wantsEvents(): boolean {
    return (this.#headers.accept ?? '').includes('text/event-stream');
  }

  /** Whether `include-schema` is on; throws 400 for anything but true and false. */
  get includeSchema(): boolean {
    const value = this.query.get('include-schema');
    if (value === null || value === 'false') return false;
    if (value === 'true') return true;
    throw incompleteRequest('include-schema must be true or false.');
  }

  /** The body as JSON, `undefined` when there is none; throws 400 or 415 when it is something else. */
  json(): unknown {
    if (this.#bodyText === '') return undefined;
    const contentType = this.#headers['content-type'];
    if (contentType !== undefined && !/^application\/(?:[\w.-]+\+)?json\b/iu.test(contentType)) {
      throw new SovdError(415, { error_code: 'incomplete-request', message: 'The body must be application/json.' });
    }
    try {
      return JSON.parse(this.#bodyText) as unknown;
    } catch {
      throw incompleteRequest('The body is not valid JSON.');
    }
  }

  /** The body in the given shape; throws 400 that names every place that is wrong. */
  read<Shape extends z.ZodType>(shape: Shape): z.infer<Shape> {
    const result = shape.safeParse(this.json() ?? {});
    if (result.success) return result.data;
    throw incompleteRequest('The body is not as expected.', { errors: complaints(result.error) });
  }
}

/** Runs the handler of the request's method, or throws 405 that names the others. */
export function byMethod(request: SovdRequest, handlers: Readonly<Record<string, () => Answer>>): Answer {
  const handler = Object.hasOwn(handlers, request.method) ? handlers[request.method] : undefined;
  if (handler === undefined) throw methodNotAllowed(Object.keys(handlers));
  return handler();
}

/** What zod complains of, as JSON pointers and sentences. */
export function complaints(error: z.ZodError): readonly { readonly path: string; readonly message: string }[] {
  return error.issues.map((issue) => ({ path: pointer(issue.path), message: issue.message }));
}

/** A JSON pointer (RFC 6901); the whole document is `/` in SOVD. */
export function pointer(path: readonly PropertyKey[]): string {
  if (path.length === 0) return '/';
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function subjectOf(token: string): string | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims = z.object({ sub: z.string() }).safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
    return claims.success ? claims.data.sub : undefined;
  } catch {
    return undefined;
  }
}
