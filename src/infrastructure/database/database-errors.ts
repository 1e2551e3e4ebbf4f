import pg from 'pg';
import { BaseError, ConnectionAcquireTimeoutError, ConnectionError } from 'sequelize';

import { ApplicationError, ConcurrentChange, type ErrorCode } from '#application/domain/errors.js';

/** The unique constraints whose violation is an answer. A test compares this list with the database's own. */
export const constraintErrors: Readonly<Record<string, { readonly code: ErrorCode; readonly message: string }>> = {
  users_username_key: {
    code: 'username-taken',
    message: 'There is a user with this name already. Choose another one.',
  },
  users_email_key: { code: 'email-taken', message: 'There is a user with this e-mail address already.' },
  fleets_name_key: {
    code: 'fleet-name-taken',
    message: 'There is a fleet with this name already. Choose another one.',
  },
  vehicles_vin_key: { code: 'vin-taken', message: 'A vehicle with this VIN is registered already.' },
};

/** The references whose violation is an answer: what was named does not exist. */
const referenceErrors: typeof constraintErrors = {
  vehicles_fleet_id_fkey: { code: 'fleet-not-found', message: 'There is no such fleet.' },
};

/** The reference of a command to its vehicle and that one's fleet: the vehicle has just moved to another fleet. */
const racedReference = 'commands_vehicle_id_fkey';

/** The unique constraints that are met only by a race: the unit runs again and finds the other one's row. */
export const racedConstraints: readonly string[] = ['commands_idempotency_key'];

/** SQLSTATEs (PostgreSQL manual, appendix A) after which the whole unit may run again. */
const raceStates = new Set(['40001', '40P01', 'SF001']);

/** Class 08, 57P and 25P03: the connection is going or gone, or the server is. 53300: it has no connection left. */
const unavailableStates = /^(?:08...|57P0[1-5]|25P03|53300)(?![\s\S])/u;

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
]);

/** What the driver says without a code when its connection went away under a statement. */
const lostConnection =
  /connection terminated|connection ended|client has encountered a connection error|not queryable|client was closed/iu;

/** The application's error for whatever Sequelize or the driver threw; what it can't tell apart comes back as it was. */
export function translateDatabaseError(error: unknown): unknown {
  if (error instanceof ApplicationError || !(error instanceof Error)) return error;
  if (error instanceof ConnectionAcquireTimeoutError) {
    return new ApplicationError('overloaded', 'All database connections are in use. Try again in a moment.', {
      retryAfterSeconds: 1,
      cause: error,
    });
  }
  const { state, constraint } = driverFacts(error);
  const known = constraint === undefined ? undefined : constraintErrors[constraint];
  if (state === '23505' && known !== undefined)
    return new ApplicationError(known.code, known.message, { cause: error });
  if (state === '23505' && constraint !== undefined && racedConstraints.includes(constraint)) {
    return new ConcurrentChange(undefined, error);
  }
  const reference = constraint === undefined ? undefined : referenceErrors[constraint];
  if (state === '23503' && reference !== undefined)
    return new ApplicationError(reference.code, reference.message, { cause: error });
  if (state === '23503' && constraint === racedReference) return new ConcurrentChange(undefined, error);
  if (state !== undefined && raceStates.has(state)) return new ConcurrentChange(undefined, error);
  if (state === '57014') {
    return new ApplicationError('overloaded', 'The database took too long. Try again in a moment.', {
      retryAfterSeconds: 2,
      cause: error,
    });
  }
  if (isUnavailable(error, state)) {
    return new ApplicationError('database-unavailable', 'The database cannot be reached. Try again in a moment.', {
      retryAfterSeconds: 2,
      cause: error,
    });
  }
  return error;
}

/** Whether the server refused a statement, and so has undone it. Of one whose connection goes nobody knows. */
export function isRefusal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && !unavailableStates.test(error.code);
}

function isUnavailable(error: Error, state: string | undefined): boolean {
  if (error instanceof ConnectionError) return true;
  if (state !== undefined && (unavailableStates.test(state) || networkCodes.has(state))) return true;
  return lostConnection.test(error.message);
}

function driverFacts(error: Error): { readonly state: string | undefined; readonly constraint: string | undefined } {
  const source: object =
    error instanceof BaseError && 'original' in error && error.original instanceof Error ? error.original : error;
  return { state: stringField(source, 'code'), constraint: stringField(source, 'constraint') };
}

function stringField(source: object, name: string): string | undefined {
  const value: unknown = Reflect.get(source, name);
  return typeof value === 'string' ? value : undefined;
}
