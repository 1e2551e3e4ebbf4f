/** A request that is answered with an error status. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(code);
  }
}

/** Status and body of the answer to a request that failed. */
export function describeFailure(error: unknown): { readonly status: number; readonly body: object } {
  if (error instanceof Refusal) return { status: error.status, body: { status: error.status, code: error.code } };
  console.error(error);
  return { status: 500, body: { status: 500, code: 'internal-error' } };
}
