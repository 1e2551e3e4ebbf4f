import type { LightAbortSignal } from './light-abort-signal.js';
import type { SovdRequest, VehicleAnswer } from '../domain/sovd/exchange.js';
import type { SealedCredentials } from '../domain/vehicle-credentials.js';
import type { VehicleWithCredentials } from './vehicle-repository.js';

/** Which vehicle to speak to. */
export interface VehicleTarget {
  readonly vehicleId: string;
  /** Base of its SOVD server, without a slash at its end. */
  readonly baseUrl: string;
  /** What the service proves itself with; opened only where it is sent. */
  readonly credentials?: SealedCredentials;
}

/** A vehicle as the link has to know it. */
export function vehicleTarget({ vehicle, credentials }: VehicleWithCredentials): VehicleTarget {
  const target = { vehicleId: vehicle.id, baseUrl: vehicle.sovdBaseUrl };
  return credentials === undefined ? target : { ...target, credentials };
}

/** How one request is to be made. */
export interface ExchangeOptions {
  /** Sent along as `X-Command-Id`, and stable over all requests of a command. */
  readonly commandId: string;
  /** Lets go of the vehicle at once: the caller isn't interested any more, or time is over. */
  readonly signal: LightAbortSignal;
  /** A wish to stop an asynchronous execution on the vehicle with its own DELETE, and to tell whether that worked. */
  readonly stop: LightAbortSignal;
  /** Time that the whole command may still take, in seconds: the vehicle is told of it where SOVD has a place for it. */
  readonly timeoutSeconds: number;
  /**
   * Called when there is a connection, right before the first byte of the request leaves. What it throws, a
   * `VehicleLinkFailure`, is thrown by `send`, and nothing was sent.
   */
  readonly beforeSending?: () => void;
  /** Response budget of the whole command in bytes; over it `response-too-large`. */
  readonly maxResponseBytes: number;
}

/**
 * The way to a vehicle. `send` makes one SOVD request and yields the answers as they arrive; see `VehicleExchange`.
 * It never sends a request twice. Throws `VehicleLinkFailure`; on an aborted signal it throws the signal's reason.
 */
export interface VehicleLink {
  readonly send: (
    target: VehicleTarget,
    request: SovdRequest,
    options: ExchangeOptions,
  ) => AsyncIterable<VehicleAnswer>;
  /** Lets go of all vehicles and their connections. */
  readonly close: () => Promise<void>;
}
