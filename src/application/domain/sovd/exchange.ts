import type { Json } from '../json.js';
import type { AnswerBody, CommandErrorCode } from '../response.js';
import type { SovdMethod } from './method.js';

/** Query parameters in order; a name may come several times (`tags=a&tags=b`, SOVD's array style). */
export type SovdQuery = readonly (readonly [name: string, value: string])[];

/** One request to a vehicle's SOVD server. */
export interface SovdRequest {
  readonly method: SovdMethod;
  /** Path below the vehicle's base, its segments percent-encoded, without a leading slash: `components/engine-control/faults`. */
  readonly path: string;
  readonly query?: SovdQuery;
  /** JSON body; absent for none. */
  readonly body?: Json;
}

/** One answer within an exchange. */
export interface VehicleAnswer {
  readonly status: number;
  readonly mediaType: string | undefined;
  readonly body: AnswerBody;
  /** What the answer is one of: a plain answer, a state of an execution, an event of a stream or the end of a stream. */
  readonly kind: 'plain' | 'execution' | 'event' | 'end-of-stream';
  /** Nothing comes after this one. */
  readonly isLast: boolean;
  /** For `execution`: its status word as the vehicle sent it, in lower case, for example `running`. */
  readonly executionStatus?: string;
  /**
   * For `execution`: it ended because we asked for it, and the vehicle confirmed that. For `end-of-stream`: we hung up
   * because we were asked to.
   */
  readonly isStopped?: boolean;
  /** For `execution`: we asked for its end, and the vehicle refused since the answer before; it goes on. */
  readonly isStopRefused?: boolean;
  /** How long the vehicle asked us to wait (RFC 9110 section 10.2.3). */
  readonly retryAfterSeconds?: number;
}

/**
 * A conversation with one vehicle on behalf of one command.
 * A plain answer is one item; a 202 with an execution is followed to its end, each change an item; an event stream gives
 * an item per event and one for its end. Errors of transport come as `VehicleLinkFailure`; an HTTP error status is an answer.
 */
export interface VehicleExchange {
  readonly send: (request: SovdRequest) => AsyncIterable<VehicleAnswer>;
}

const ourOwnFaults: ReadonlySet<CommandErrorCode> = new Set([
  'internal-error',
  'vehicle-address-not-allowed',
  'vehicle-credentials-unusable',
]);

/** The vehicle could not be spoken to, or said something that is no answer. */
export class VehicleLinkFailure extends Error {
  constructor(
    readonly code: CommandErrorCode,
    message: string,
    /** Whether it is certain that the vehicle never got the request (no connection, refused, name unknown). */
    readonly neverSent: boolean,
    /** Whether asking again may help: no connection, or 502, 503, 504. */
    readonly isTransient: boolean,
    /** How long the vehicle asked us to wait. */
    readonly retryAfterSeconds?: number,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'VehicleLinkFailure';
  }

  /** Whether it tells anything about the vehicle: nobody tried to reach it when the reason lies with us. */
  get concernsVehicle(): boolean {
    return !ourOwnFaults.has(this.code);
  }
}
