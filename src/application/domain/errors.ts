/** What sort of refusal an error is. The HTTP layer decides the status from it; the application knows none. */
export type ErrorKind =
  | 'invalid'
  | 'unsupported-media-type'
  | 'not-acceptable'
  | 'too-large'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'gone'
  | 'method-not-allowed'
  | 'conflict'
  | 'unprocessable'
  | 'too-many'
  | 'internal'
  | 'unavailable';

interface ErrorDefinition {
  readonly kind: ErrorKind;
  readonly title: string;
}

/** Every error code that a client can see, with its kind and its title. Codes are stable: clients branch on them. */
export const errorDefinitions = {
  'invalid-request': { kind: 'invalid', title: 'The request is not valid' },
  'malformed-json': { kind: 'invalid', title: 'The body is not valid JSON' },
  'malformed-request': { kind: 'invalid', title: 'The request could not be read' },
  'invalid-cursor': { kind: 'invalid', title: 'The cursor is not valid' },
  'unsupported-media-type': { kind: 'unsupported-media-type', title: 'The content type is not supported' },
  'not-acceptable': { kind: 'not-acceptable', title: 'No representation is acceptable' },
  'body-too-large': { kind: 'too-large', title: 'The body is too large' },
  'not-authenticated': { kind: 'unauthenticated', title: 'Authentication is needed' },
  'invalid-token': { kind: 'unauthenticated', title: 'The access token is not valid' },
  'token-expired': { kind: 'unauthenticated', title: 'The access token has expired' },
  'session-ended': { kind: 'unauthenticated', title: 'The session has ended' },
  'invalid-credentials': { kind: 'unauthenticated', title: 'The credentials are not valid' },
  'invalid-refresh-token': { kind: 'unauthenticated', title: 'The refresh token is not valid' },
  'role-insufficient': { kind: 'forbidden', title: 'The role does not allow this' },
  'wrong-password': { kind: 'forbidden', title: 'The old password is wrong' },
  'no-such-route': { kind: 'not-found', title: 'There is nothing at this path' },
  'session-not-found': { kind: 'not-found', title: 'The session does not exist' },
  'user-not-found': { kind: 'not-found', title: 'The user does not exist' },
  'vehicle-not-found': { kind: 'not-found', title: 'The vehicle does not exist' },
  'fleet-not-found': { kind: 'not-found', title: 'The fleet does not exist' },
  'command-not-found': { kind: 'not-found', title: 'The command does not exist' },
  'command-type-not-found': { kind: 'not-found', title: 'The command type does not exist' },
  'responses-purged': { kind: 'gone', title: 'The responses are not kept any more' },
  'method-not-allowed': { kind: 'method-not-allowed', title: 'The method is not allowed here' },
  'vin-taken': { kind: 'conflict', title: 'A vehicle with this VIN exists' },
  'fleet-name-taken': { kind: 'conflict', title: 'A fleet with this name exists' },
  'username-taken': { kind: 'conflict', title: 'A user with this name exists' },
  'email-taken': { kind: 'conflict', title: 'A user with this e-mail address exists' },
  'last-admin': { kind: 'conflict', title: 'This is the last active administrator' },
  'vehicle-retired': { kind: 'conflict', title: 'The vehicle is retired' },
  'vehicle-offline': { kind: 'conflict', title: 'The vehicle is offline' },
  'idempotency-key-reused': { kind: 'conflict', title: 'The idempotency key was used for another request' },
  'command-already-final': { kind: 'conflict', title: 'The command has already ended' },
  'outcome-not-unknown': { kind: 'conflict', title: 'It is not unknown how the command ended' },
  'changed-meanwhile': { kind: 'conflict', title: 'The object was changed by somebody else' },
  'queueing-not-allowed': { kind: 'unprocessable', title: 'This command must not wait for the vehicle' },
  'too-many-logins': { kind: 'too-many', title: 'Too many failed logins' },
  'rate-limited': { kind: 'too-many', title: 'Too many requests' },
  'too-many-streams': { kind: 'too-many', title: 'Too many open event streams' },
  'internal-error': { kind: 'internal', title: 'Something went wrong on our side' },
  overloaded: { kind: 'unavailable', title: 'The service is busy' },
  'database-unavailable': { kind: 'unavailable', title: 'The database cannot be reached' },
  'shutting-down': { kind: 'unavailable', title: 'The service is shutting down' },
} as const satisfies Record<string, ErrorDefinition>;

/** A stable, kebab-case name of an error. */
export type ErrorCode = keyof typeof errorDefinitions;

/** One thing that is wrong in the input, and where: a JSON pointer (RFC 6901) into the body, or `#/query/limit` and the like. */
export interface InputComplaint {
  readonly pointer: string;
  readonly message: string;
}

interface ErrorOptions {
  readonly complaints?: readonly InputComplaint[];
  /** Members that are shown beside the standard ones of a problem document. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** The one error that use cases and adapters throw on purpose. Its message is a plain sentence that a client may see. */
export class ApplicationError extends Error {
  readonly kind: ErrorKind;
  readonly complaints: readonly InputComplaint[];
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: ErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ApplicationError';
    this.kind = errorDefinitions[code].kind;
    this.complaints = options.complaints ?? [];
    this.extensions = options.extensions ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/**
 * Somebody else was faster: what was read is no longer so, and nothing was written.
 * Whoever runs the unit of work may run the whole callback again, on a fresh unit; a statement alone never.
 */
export class ConcurrentChange extends ApplicationError {
  constructor(
    message = 'The object was changed at the same time. Read it again, then repeat the change.',
    cause?: unknown,
  ) {
    super('changed-meanwhile', message, { cause });
    this.name = 'ConcurrentChange';
  }
}
