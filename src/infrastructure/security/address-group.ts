import ipaddr from 'ipaddr.js';

/** An IPv6 subscriber is given a network of this length at least (RFC 6177), and can take any address of it. */
const networkBits = 64;

/**
 * What counts as one address when limits are kept: an IPv4 address, or the /64 network of an IPv6 address, because whoever
 * has one of its addresses has them all. Without a known address it is one group for all of them.
 */
export function addressGroup(address: string | undefined): string {
  if (address === undefined || !ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${parsed
    .toByteArray()
    .slice(0, networkBits / 8)
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')}/64`;
}
