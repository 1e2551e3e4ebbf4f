import type { SovdRequest, VehicleAnswer } from '#application/domain/sovd/exchange.js';
import type { ExchangeOptions, VehicleLink, VehicleTarget } from '#application/ports/vehicle-link.js';

import { readEventStream } from './event-stream.js';
import { executionTarget } from './execution-document.js';
import { followExecution } from './execution-follower.js';
import { defaultVehicleLinkSettings, type HttpVehicleLinkOptions } from './link-settings.js';
import { VehicleCall, type LinkParts } from './vehicle-call.js';
import { VehicleConnections } from './vehicle-connections.js';

/**
 * SOVD over HTTP (ISO 17978-3): plain answers, polled executions, event streams.
 *
 * Requests that read go over a small pool per vehicle; everything else goes over a connection that is opened for it, so
 * that a dead one is noticed before anything was sent. Redirects are not followed, and no reference leaves the vehicle's
 * own base. After `close` every call fails, and no socket is left.
 */
export class HttpVehicleLink implements VehicleLink {
  constructor(private readonly parts: LinkParts) {}

  /** Connections that are open or being opened, and vehicles that have some in the pool. */
  get usage(): { readonly connections: number; readonly pooledVehicles: number } {
    const { connections } = this.parts;
    return { connections: connections.size, pooledVehicles: connections.pooledVehicles };
  }

  async *send(target: VehicleTarget, request: SovdRequest, options: ExchangeOptions): AsyncGenerator<VehicleAnswer> {
    options.signal.throwIfAborted();
    const call = new VehicleCall(this.parts, target, request, options);
    const answer = await call.start();
    if ('chunks' in answer) {
      yield* readEventStream(call, answer);
      return;
    }
    const { core, bytes } = await call.read(answer);
    call.budget.spend(bytes);
    const execution = executionTarget(call, answer, core);
    if (execution !== undefined) {
      yield* followExecution(call, execution, core);
      return;
    }
    yield { kind: 'plain', isLast: true, ...core };
  }

  close(): Promise<void> {
    return this.parts.connections.close();
  }
}

/** A vehicle link that speaks HTTP. Opens nothing until something is sent. */
export function createHttpVehicleLink(options: HttpVehicleLinkOptions): HttpVehicleLink {
  const { version, log, certificateAuthorities, credentialVault, addressPolicy, lookup, wrapConnector, ...chosen } =
    options;
  const settings = { ...defaultVehicleLinkSettings, ...chosen };
  const connections = new VehicleConnections(settings, {
    addressPolicy,
    ...(lookup === undefined ? {} : { lookup }),
    ...(certificateAuthorities === undefined ? {} : { certificateAuthorities }),
    ...(wrapConnector === undefined ? {} : { wrapConnector }),
  });
  return new HttpVehicleLink({
    connections,
    settings,
    log,
    vault: credentialVault,
    userAgent: `sovd-fleet/${version}`,
  });
}
