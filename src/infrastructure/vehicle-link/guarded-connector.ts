import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';

import type { AddressPolicy } from './address-policy.js';
import type { Connector } from './vehicle-connection.js';

/** No connection was made, because the address is one that no vehicle may have. */
export class AddressRefused extends Error {
  readonly code = 'VEHICLE_ADDRESS_REFUSED';

  constructor(host: string, address: string, refusal: string) {
    super(`${host} leads to ${address}, which is ${refusal}`);
    this.name = 'AddressRefused';
  }
}

/**
 * Resolves names to the addresses that vehicles may have. It is what opens the socket that asks, so nothing can change between
 * the judgement and the connection. A name that leads to refused addresses alone is an `AddressRefused`.
 */
export function guardedLookup(policy: AddressPolicy, lookup: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found, family) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const all: readonly LookupAddress[] = Array.isArray(found)
        ? found
        : [{ address: found, family: family ?? isIP(found) }];
      const allowed = all.filter(({ address }) => policy.refusalOf(address) === undefined);
      const [first] = allowed;
      if (first === undefined) {
        callback(refused(policy, hostname, all[0]?.address ?? ''), []);
        return;
      }
      if (options.all === true) callback(null, [...allowed]);
      else callback(null, first.address, first.family);
    });
  };
}

/** Judges addresses that stand in the URL itself, which no lookup is asked for; names are left to `guardedLookup`. */
export function guardLiteralAddresses(policy: AddressPolicy, connect: Connector): Connector {
  return (options, callback) => {
    const { hostname } = options;
    if (isIP(hostname) === 0 || policy.refusalOf(hostname) === undefined) return connect(options, callback);
    callback(refused(policy, hostname, hostname), null);
    return undefined;
  };
}

function refused(policy: AddressPolicy, host: string, address: string): AddressRefused {
  return new AddressRefused(host, address, policy.refusalOf(address) ?? 'not an address');
}
