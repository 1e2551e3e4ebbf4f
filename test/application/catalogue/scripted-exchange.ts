import type { Json } from '#application/domain/json.js';
import type { VehicleResponse } from '#application/domain/response.js';
import type { SovdRequest, VehicleAnswer, VehicleExchange } from '#application/domain/sovd/exchange.js';
import { createCatalogue } from '#application/catalogue/catalogue.js';

/** An exchange that answers from a table, by method and path, and remembers what it was asked. */
export interface ScriptedExchange extends VehicleExchange {
  readonly requests: SovdRequest[];
}

/** A JSON answer. */
export function jsonAnswer(value: Json, status = 200): VehicleAnswer {
  return { status, mediaType: 'application/json', body: { encoding: 'json', value }, kind: 'plain', isLast: true };
}

/** A text answer. */
export function textAnswer(value: string, status = 200): VehicleAnswer {
  return { status, mediaType: 'text/plain', body: { encoding: 'text', value }, kind: 'plain', isLast: true };
}

/** An answer without a body. */
export function emptyAnswer(status: number): VehicleAnswer {
  return { status, mediaType: undefined, body: { encoding: 'none' }, kind: 'plain', isLast: true };
}

/**
 * Answers as in the table, a list as a sequence; an error in it is thrown at its place. What is not in the table is answered
 * with 404, as a vehicle would.
 */
export function scriptedExchange(
  table: Readonly<Record<string, VehicleAnswer | readonly (VehicleAnswer | Error)[]>>,
): ScriptedExchange {
  const requests: SovdRequest[] = [];
  return {
    requests,
    send: async function* (request) {
      requests.push(request);
      await Promise.resolve();
      const answer = table[`${request.method} ${request.path}`];
      const missing = jsonAnswer(
        { error_code: 'vendor-specific', vendor_code: 'not-found', message: 'no such resource' },
        404,
      );
      for (const one of answer === undefined ? [missing] : [answer].flat()) {
        if (one instanceof Error) throw one;
        yield one;
      }
    },
  };
}

/** All responses of a command type to parameters, checked as the service checks them. */
export async function runCommand(
  name: string,
  parameters: Json,
  exchange: VehicleExchange,
): Promise<VehicleResponse[]> {
  const type = createCatalogue().find(name);
  if (type === undefined) throw new Error(`there is no ${name}`);
  const responses: VehicleResponse[] = [];
  for await (const response of type.run(type.parameters.parse(parameters), exchange)) responses.push(response);
  return responses;
}

/** What a promise is rejected with; undefined when it isn't. */
export async function rejection(run: Promise<unknown>): Promise<unknown> {
  return run.then(
    () => undefined,
    (error: unknown) => error,
  );
}
