import { ApplicationError, type ErrorCode, type ErrorKind, errorDefinitions } from '#application/domain/errors.js';

/** What decides the status of a refusal, and nothing else does. */
const statusOfKind: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  conflict: 409,
  gone: 410,
  'too-large': 413,
  'unsupported-media-type': 415,
  unprocessable: 422,
  'too-many': 429,
  internal: 500,
  unavailable: 503,
};

/** All that a client hears of an error that nobody expected. */
const internalDetail = 'Something went wrong on our side. The request id helps us to find out what.';

/** When to come again, if whoever refused didn't say. */
const defaultRetryAfterSeconds = 2;

/** What body-parser and raw-body call their errors, in our words. */
const bodyErrors: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  'entity.parse.failed': ['malformed-json', 'The body must be JSON in UTF-8 (RFC 8259).'],
  'entity.too.large': ['body-too-large', 'The body is larger than this service takes.'],
  'encoding.unsupported': ['unsupported-media-type', 'Send the body without a Content-Encoding.'],
  'charset.unsupported': ['unsupported-media-type', 'Send the body in UTF-8.'],
};

/** A problem document (RFC 9457 section 3) with our own members. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The path that was asked for, without its query. */
  readonly instance: string;
  readonly code: ErrorCode;
  readonly request_id: string | undefined;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
  readonly [extension: string]: unknown;
}

/** What an error document says of the request. */
export interface ProblemContext {
  readonly instance: string;
  readonly requestId: string | undefined;
}

/** The status with which an error is answered. */
export function statusOf(code: ErrorCode): number {
  return statusOfKind[errorDefinitions[code].kind];
}

/** The URI of an error (RFC 9457 section 3.1.1). It names, and leads nowhere. */
export function typeOf(code: ErrorCode): string {
  return `urn:sovd-fleet:error:${code}`;
}

/**
 * What is to be answered for whatever was thrown. Errors of Express and of its parsers become ours by their type, never by
 * their words; their texts and causes may hold the rejected input, so neither is kept. The rest is `internal-error`.
 */
export function toApplicationError(error: unknown): ApplicationError {
  if (error instanceof ApplicationError) return error;
  const { type, status } = httpErrorFacts(error);
  const known = type === undefined ? undefined : bodyErrors[type];
  if (known !== undefined) return new ApplicationError(known[0], known[1]);
  if (status !== undefined && status >= 400 && status < 500) {
    return new ApplicationError('malformed-request', 'The request could not be read.');
  }
  return new ApplicationError('internal-error', internalDetail, { cause: error });
}

/** The document that is shown for an error. */
export function problemOf(error: ApplicationError, { instance, requestId }: ProblemContext): Problem {
  return {
    ...error.extensions,
    type: typeOf(error.code),
    title: errorDefinitions[error.code].title,
    status: statusOf(error.code),
    detail: error.kind === 'internal' ? internalDetail : error.message,
    instance,
    code: error.code,
    request_id: requestId,
    ...(error.complaints.length === 0 ? {} : { errors: error.complaints }),
  };
}

/** The header fields that belong to an error: when to come again, and how to prove who one is (RFC 6750 section 3). */
export function problemHeaders(error: ApplicationError): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { 'Content-Type': 'application/problem+json' };
  const retryAfterSeconds =
    error.retryAfterSeconds ?? (error.kind === 'unavailable' ? defaultRetryAfterSeconds : undefined);
  if (retryAfterSeconds !== undefined) headers['Retry-After'] = String(Math.ceil(retryAfterSeconds));
  const challenge = challengeFor(error);
  if (challenge !== undefined) headers['WWW-Authenticate'] = challenge;
  return headers;
}

function challengeFor({ code, kind }: ApplicationError): string | undefined {
  if (code === 'invalid-token' || code === 'token-expired' || code === 'session-ended') {
    return `Bearer realm="sovd-fleet", error="invalid_token", error_description="${errorDefinitions[code].title}"`;
  }
  if (code === 'role-insufficient') return 'Bearer realm="sovd-fleet", error="insufficient_scope"';
  return kind === 'unauthenticated' ? 'Bearer realm="sovd-fleet"' : undefined;
}

function httpErrorFacts(error: unknown): { readonly type: string | undefined; readonly status: number | undefined } {
  if (!(error instanceof Error)) return { type: undefined, status: undefined };
  const type = 'type' in error && typeof error.type === 'string' ? error.type : undefined;
  const status = 'status' in error && typeof error.status === 'number' ? error.status : undefined;
  return { type, status };
}
