import type { z } from 'zod';

import type { JsonObject } from './json.js';
import type { VehicleExchange } from './sovd/exchange.js';
import type { VehicleResponse } from './response.js';
import type { Safety } from './safety.js';
import type { Role } from './user.js';

/**
 * A kind of order that a vehicle can be given: one declaration in the catalogue.
 * `run` makes the SOVD requests and yields what comes back, each response as soon as it is there, the last one marked as
 * final. It throws what `exchange` throws; it never retries, that is the dispatcher's.
 */
export interface CommandType<Parameters = unknown> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly parameters: z.ZodType<Parameters>;
  /** Parameters that work on the simulated vehicles, shown in the documentation and tried by the tests. */
  readonly example: JsonObject;
  /** The class, or a function where it depends on the parameters. */
  readonly safety: Safety | ((parameters: Parameters) => Safety);
  readonly role: Role;
  /** The SOVD requests that it makes, for people: `GET {entity}/faults`. */
  readonly requests: readonly string[];
  readonly run: (parameters: Parameters, exchange: VehicleExchange) => AsyncIterable<VehicleResponse>;
}

/** A declaration whose parameters nobody outside of it knows. Whoever runs it parses them with its own schema first. */
export function asCommandType<Parameters>(type: CommandType<Parameters>): CommandType {
  return type as unknown as CommandType;
}
