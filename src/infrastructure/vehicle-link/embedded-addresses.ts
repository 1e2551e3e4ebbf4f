import ipaddr from 'ipaddr.js';

type Bytes = readonly number[];

/**
 * The addresses that an address comes to: itself, and the IPv4 addresses that an IPv6 one carries, which a translator or a
 * tunnel on the way would turn it into. A mapped one (`::ffff:127.0.0.1`) is nothing but IPv4 for the system. Undefined when it
 * isn't an address. A zone (`fe80::1%eth0`) chooses a link and changes nothing.
 */
export function addressesOf(text: string): readonly (ipaddr.IPv4 | ipaddr.IPv6)[] | undefined {
  if (!ipaddr.isValid(text)) return undefined;
  const address = ipaddr.parse(text);
  if (address instanceof ipaddr.IPv4) return [address];
  if (address.isIPv4MappedAddress()) return [address.toIPv4Address()];
  const bytes = address.toByteArray();
  return [
    new ipaddr.IPv6(bytes),
    ...embeddings.flatMap((read) => read(bytes)).map((embedded) => new ipaddr.IPv4([...embedded])),
  ];
}

const embeddings: readonly ((bytes: Bytes) => readonly Bytes[])[] = [
  // IPv4-compatible, ::a.b.c.d (RFC 4291 section 2.5.5.1); `::` and `::1` aren't.
  (bytes) => (beginsWith(bytes, zeros(12)) && valueOf(bytes.slice(12)) > 1 ? [bytes.slice(12)] : []),
  // IPv4-translated, ::ffff:0:a.b.c.d (RFC 2765).
  (bytes) => (beginsWith(bytes, [...zeros(8), 0xff, 0xff, 0, 0]) ? [bytes.slice(12)] : []),
  // NAT64, 64:ff9b::a.b.c.d and the networks' own 64:ff9b:1::/48 (RFC 6052, RFC 8215).
  (bytes) => (beginsWith(bytes, [0, 0x64, 0xff, 0x9b]) ? [bytes.slice(12)] : []),
  // 6to4, 2002:aabb:ccdd:: (RFC 3056).
  (bytes) => (beginsWith(bytes, [0x20, 0x02]) ? [bytes.slice(2, 6)] : []),
  // Teredo: its server, and the client with all bits turned (RFC 4380 section 4).
  (bytes) =>
    beginsWith(bytes, [0x20, 0x01, 0, 0]) ? [bytes.slice(4, 8), bytes.slice(12).map((byte) => byte ^ 0xff)] : [],
  // ISATAP, ::0:5efe:a.b.c.d and ::200:5efe:a.b.c.d behind any prefix (RFC 5214 section 6.1).
  (bytes) => (((bytes[8] ?? 0) & 0xfd) === 0 && beginsWith(bytes.slice(9), [0, 0x5e, 0xfe]) ? [bytes.slice(12)] : []),
];

function beginsWith(bytes: Bytes, start: Bytes): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}

function zeros(count: number): Bytes {
  return Array<number>(count).fill(0);
}

function valueOf(bytes: Bytes): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}
