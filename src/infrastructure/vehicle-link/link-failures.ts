import { errors } from 'undici';

import { VehicleLinkFailure } from '#application/domain/sovd/exchange.js';

import { AddressRefused } from './guarded-connector.js';

const certificateProblem = /CERT|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH/u;

/** The request is such that no vehicle may get it: a bug of ours or of whoever built it. Nothing was sent. */
export function unsendable(reason: string, cause?: unknown): VehicleLinkFailure {
  return new VehicleLinkFailure(
    'internal-error',
    `The request cannot be sent: ${reason}.`,
    true,
    false,
    undefined,
    cause,
  );
}

/** What an error means that came before the first byte of the request was written. */
export function failureBeforeSending(cause: Error): VehicleLinkFailure {
  if (cause instanceof VehicleLinkFailure) return cause;
  if (cause instanceof AddressRefused) {
    const message = 'The address of the vehicle is one that no vehicle may have. Nothing was sent.';
    return new VehicleLinkFailure('vehicle-address-not-allowed', message, true, false, undefined, cause);
  }
  const code = codeOf(cause);
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') return unsendable('it is malformed', cause);
  if (certificateProblem.test(code)) {
    const message = 'The certificate of the vehicle is not trusted.';
    return new VehicleLinkFailure('vehicle-unreachable', message, true, false, undefined, cause);
  }
  const message =
    code === 'UND_ERR_CONNECT_TIMEOUT'
      ? 'The vehicle did not accept a connection in time.'
      : 'No connection to the vehicle could be made.';
  return new VehicleLinkFailure('vehicle-unreachable', message, true, true, undefined, cause);
}

/** What an error means that came when the request was written, or may have been. */
export function failureAfterSending(cause: Error): VehicleLinkFailure {
  const code = codeOf(cause);
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    const message = 'The vehicle took the request and then was silent for too long.';
    return new VehicleLinkFailure('vehicle-timeout', message, false, false, undefined, cause);
  }
  if (isMalformedAnswer(cause, code)) return invalidResponse('The answer of the vehicle is not proper HTTP.', cause);
  return connectionLost(cause);
}

/** The connection broke after the request was sent and before its answer was complete. */
export function connectionLost(cause?: unknown): VehicleLinkFailure {
  const message = 'The connection to the vehicle was lost before the answer was complete.';
  return new VehicleLinkFailure('vehicle-connection-lost', message, false, true, undefined, cause);
}

/** The vehicle sent something that is no answer. */
export function invalidResponse(message: string, cause?: unknown): VehicleLinkFailure {
  return new VehicleLinkFailure('vehicle-invalid-response', message, false, false, undefined, cause);
}

/** More bytes than the command may receive. */
export function responseTooLarge(): VehicleLinkFailure {
  const message = 'The answer of the vehicle is larger than the command may receive.';
  return new VehicleLinkFailure('response-too-large', message, false, false);
}

/** The same failure, told of a request that is only a part of an exchange whose first request did reach the vehicle. */
export function afterEarlierRequest(failure: VehicleLinkFailure): VehicleLinkFailure {
  if (!failure.neverSent) return failure;
  return new VehicleLinkFailure(
    failure.code,
    failure.message,
    false,
    failure.isTransient,
    failure.retryAfterSeconds,
    failure.cause,
  );
}

function isMalformedAnswer(cause: Error, code: string): boolean {
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return true;
  // The parser gives its errors no code, and says only in words that the answer was broken off.
  if (cause instanceof errors.HTTPParserError) return !cause.message.includes('Invalid EOF state');
  // undici names these two by their message alone: an answer that nobody asked for, a protocol that nobody asked for.
  return code === 'UND_ERR_SOCKET' && (cause.message === 'bad response' || cause.message === 'bad upgrade');
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
