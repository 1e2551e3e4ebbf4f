import { isIP } from 'node:net';

import ipaddr from 'ipaddr.js';

import type { VehicleAddresses } from '#application/ports/vehicle-addresses.js';

import { addressesOf } from './embedded-addresses.js';
import { refusedNetworks, specialNames } from './refused-networks.js';

/** Networks in CIDR notation, or single addresses. */
export interface NetworkSettings {
  readonly allowedNetworks: readonly string[];
  readonly blockedNetworks: readonly string[];
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** A network with what holds in it: why no vehicle is there, or undefined when one may be. */
interface Rule {
  readonly network: Address;
  readonly prefixLength: number;
  readonly objection: string | undefined;
}

/**
 * Decides which addresses vehicles may have. The narrowest network that holds an address decides; of two that are equal, one
 * that the operator blocks goes before one that the operator allows, and that before the networks where no vehicle is. What
 * no network holds is allowed, private networks included: vehicles usually sit behind a VPN.
 */
export class AddressPolicy implements VehicleAddresses {
  /** The narrowest first. */
  readonly #rules: readonly Rule[];

  /** Throws when a network isn't one. */
  constructor({ allowedNetworks, blockedNetworks }: NetworkSettings) {
    const rules = [
      ...blockedNetworks.map((text) => toRule(text, 'in VEHICLE_BLOCKED_NETWORKS')),
      ...allowedNetworks.map((text) => toRule(text, undefined)),
      ...Object.entries(refusedNetworks).map(([text, objection]) => toRule(text, objection)),
    ];
    this.#rules = rules.toSorted((one, other) => other.prefixLength - one.prefixLength);
  }

  /** Why no connection may be made to an IP address, in a word or two; undefined when one may. */
  refusalOf(address: string): string | undefined {
    const addresses = addressesOf(address);
    if (addresses === undefined) return 'not an address';
    for (const one of addresses) {
      const refusal = this.#rules.find((rule) => holds(rule, one))?.objection;
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  objectionTo(baseUrl: string): string | undefined {
    const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
    if (url === undefined || !/^https?:$/u.test(url.protocol)) return 'must be an http or https URL';
    if (url.username !== '' || url.password !== '') return 'must be a URL without credentials';
    // The parser has brought unusual forms of an IPv4 address (127.1, 0x7f000001) into the usual one.
    const host = url.hostname.replace(/^\[(.*)\]$/u, '$1').replace(/\.+$/u, '');
    if (host === '') return 'must name a host';
    const refusal = isIP(host) === 0 ? this.#refusalOfName(host) : this.refusalOf(host);
    if (refusal === undefined) return undefined;
    return `must not lead to ${host} (${refusal}) unless VEHICLE_ALLOWED_NETWORKS names that network`;
  }

  #refusalOfName(name: string): string | undefined {
    const special = Object.entries(specialNames).find(([known]) => name === known || name.endsWith(`.${known}`));
    const refusals = (special?.[1] ?? []).map((address) => this.refusalOf(address));
    // A name that may also mean an allowed address is judged when it is known which of them it means.
    return refusals.includes(undefined) ? undefined : refusals[0];
  }
}

function holds({ network, prefixLength }: Rule, address: Address): boolean {
  return address.kind() === network.kind() && address.match(network, prefixLength);
}

function toRule(text: string, objection: string | undefined): Rule {
  const [address = '', prefixLength] = text.split('/');
  const network = ipaddr.parse(address);
  const wholeLength = network.kind() === 'ipv4' ? 32 : 128;
  return { network, prefixLength: Number(prefixLength ?? wholeLength), objection };
}
