import type { LookupFunction } from 'node:net';

import type { buildConnector } from 'undici';

import type { CredentialVault } from '#application/ports/credential-vault.js';
import type { Log } from '#application/ports/log.js';

import type { AddressPolicy } from './address-policy.js';

/** Limits and intervals of the vehicle link. */
export interface VehicleLinkSettings {
  /** To open a connection, TLS included. */
  readonly connectTimeoutSeconds: number;
  /** Silence: until the headers of an answer, and between two pieces of its body. The caller's signal may end it earlier. */
  readonly answerTimeoutSeconds: number;
  /** Pooled connections to one vehicle; who comes later waits. Requests that change the vehicle don't count. */
  readonly connectionsPerVehicle: number;
  /** How long an unused connection is kept, unless the vehicle's `Keep-Alive` says otherwise. */
  readonly idleConnectionSeconds: number;
  /** Vehicles whose connections are kept while nothing is asked of them; the one that rests longest goes first. */
  readonly maxPooledVehicles: number;
  /** Of all answers to one request that are handed on, after decompression. */
  readonly maxResponseBytes: number;
  /** Answers to one request that are handed on. */
  readonly maxResponses: number;
  /** Of one event of an event stream, in bytes. */
  readonly maxEventBytes: number;
  /** Between two looks at a running execution, at first. Grows by half each time. */
  readonly pollIntervalMs: number;
  /** Between two looks at a running execution, at most, unless the vehicle asks for more with `Retry-After`. */
  readonly maxPollIntervalMs: number;
  /**
   * How long a look at an execution may delay the wish to stop it. The look comes first, so that an execution that has
   * ended by itself meanwhile isn't reported as stopped.
   */
  readonly stopGraceMs: number;
}

/** The settings where nothing else is said. */
export const defaultVehicleLinkSettings: VehicleLinkSettings = Object.freeze({
  connectTimeoutSeconds: 5,
  answerTimeoutSeconds: 120,
  connectionsPerVehicle: 4,
  idleConnectionSeconds: 4,
  maxPooledVehicles: 1000,
  maxResponseBytes: 16 * 1024 * 1024,
  maxResponses: 10_000,
  maxEventBytes: 1024 * 1024,
  pollIntervalMs: 250,
  maxPollIntervalMs: 2000,
  stopGraceMs: 1000,
});

/** What a vehicle link is made of. Settings that are left out have their default. */
export interface HttpVehicleLinkOptions extends Partial<VehicleLinkSettings> {
  /** Of the product, for the `User-Agent`. */
  readonly version: string;
  readonly log: Log;
  /** PEM certificates that alone are trusted; the system's when absent. */
  readonly certificateAuthorities?: string | readonly string[];
  /** Opens the credentials of vehicles. */
  readonly credentialVault: CredentialVault;
  /** Which addresses may be reached; asked at each connection, about the address that it really goes to. */
  readonly addressPolicy: AddressPolicy;
  /** Resolves names; the system's resolver when absent. */
  readonly lookup?: LookupFunction;
  /** Stands around whatever opens connections, once the address was found to be allowed. */
  readonly wrapConnector?: (connect: buildConnector.connector) => buildConnector.connector;
}
