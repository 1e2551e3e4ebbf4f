/** The error body of SOVD: what went wrong, in a code for programs and a sentence for people. */
export interface GenericError {
  readonly error_code: string;
  readonly vendor_code?: string;
  readonly message: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/** An error that belongs to one place of a value; `path` is a JSON pointer, `/` means the whole. */
export interface DataError {
  readonly path: string;
  readonly error: GenericError;
}

/** A refusal that a handler throws: the router turns it into an answer with this status and body. */
export class SovdError extends Error {
  readonly #body: GenericError | DataError;

  constructor(
    readonly status: number,
    body: GenericError | DataError,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super('error' in body ? body.error.message : body.message);
    this.name = 'SovdError';
    this.#body = body;
  }

  /** What stands in the body of the answer. */
  get body(): GenericError | DataError {
    return this.#body;
  }
}

/** 404 for an area, component, app or function that the vehicle doesn't have. */
export function entityNotFound(path: string): SovdError {
  return new SovdError(404, vendorError('entity-not-found', `The vehicle has no entity ${path}.`));
}

/** 404 for anything below an entity, or beside the known paths. */
export function resourceNotFound(what: string): SovdError {
  return new SovdError(404, vendorError('resource-not-found', `There is no ${what}.`));
}

/** 405 with the methods that are allowed here. */
export function methodNotAllowed(allowed: readonly string[]): SovdError {
  const message = `Only ${allowed.join(', ')} can be used here.`;
  return new SovdError(405, vendorError('method-not-allowed', message), { Allow: allowed.join(', ') });
}

/** 501 for what SOVD knows and this vehicle doesn't do. */
export function notImplemented(what: string): SovdError {
  return new SovdError(501, vendorError('not-implemented', `This vehicle doesn't support ${what}.`));
}

/** 400 for a request in which something is missing or malformed. */
export function incompleteRequest(message: string, parameters?: Readonly<Record<string, unknown>>): SovdError {
  return new SovdError(400, { error_code: 'incomplete-request', message, ...(parameters && { parameters }) });
}

/** 400 in the form that data writes and operation parameters use: with the place of the mistake. */
export function dataError(path: string, error: GenericError): SovdError {
  return new SovdError(400, { path, error });
}

/** 409: the vehicle, its session or its security state doesn't allow this now. */
export function preconditionNotFulfilled(message: string, parameters?: Readonly<Record<string, unknown>>): SovdError {
  return new SovdError(409, { error_code: 'precondition-not-fulfilled', message, ...(parameters && { parameters }) });
}

/** The refusal of a control unit: its service id and negative response code (ISO 14229-1) as parameters. */
export function negativeResponse(serviceId: number, responseCode: number, message: string): GenericError {
  return { error_code: 'error-response', message, parameters: { SID: serviceId, NRC: responseCode } };
}

function vendorError(vendorCode: string, message: string): GenericError {
  return { error_code: 'vendor-specific', vendor_code: vendorCode, message };
}
