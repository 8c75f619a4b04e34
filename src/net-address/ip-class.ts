// Which special networks an address belongs to: the table behind net.is_ip and net.is_ip_reserved, after the IANA special-purpose
// address registries (RFC 6890). The first sixteen bits and the combinations are those of the original (doc/reference/net.md); newer networks have bits of
// their own above. IPv4-mapped and IPv4-compatible addresses are looked at as IPv4.
import { holdsIpv4, type IpAddress } from './ip-address.ts';
import { type Network, networkContains, parseNetwork } from './network.ts';

export interface IpClass {
  readonly name: string;
  readonly bit: number;
  /** Address/prefix; empty for the classes that `classifyIp` decides itself. */
  readonly networks: readonly string[];
  readonly text: string;
}

const ipClass = (name: string, bit: number, networks: readonly string[], text: string): IpClass => ({
  name,
  bit,
  networks,
  text,
});

export const ipClasses: readonly IpClass[] = [
  ipClass('BENCHMARK', 0x1, ['198.18.0.0/15', '2001:2::/48'], 'benchmarking, RFC 2544 and RFC 5180'),
  ipClass('LINK_LOCAL', 0x2, ['169.254.0.0/16', 'fe80::/10'], 'link-local, RFC 3927 and RFC 4291'),
  ipClass('LOCALHOST', 0x4, ['127.0.0.1/32', '::1/128'], 'the loopback addresses proper'),
  ipClass('LOOPBACK', 0x8, [], '127.0.0.0/8 without 127.0.0.1'),
  ipClass('MULTICAST', 0x10, ['224.0.0.0/4', 'ff00::/8'], 'multicast, RFC 5771 and RFC 4291'),
  ipClass('PRIVATE_A', 0x20, ['10.0.0.0/8'], 'private, RFC 1918'),
  ipClass('PRIVATE_B', 0x40, ['172.16.0.0/12'], 'private, RFC 1918'),
  ipClass('PRIVATE_C', 0x80, ['192.168.0.0/16'], 'private, RFC 1918'),
  ipClass('RESERVED', 0x100, [], 'IPv6 outside 2000::/3, the global unicast addresses; never IPv4'),
  ipClass('SITE_LOCAL', 0x200, ['fec0::/10'], 'site-local, RFC 3879 (deprecated)'),
  ipClass('TEST_NET', 0x400, ['192.0.2.0/24', '2001:db8::/32'], 'documentation, RFC 5737 and RFC 3849'),
  ipClass('THIS_HOST', 0x800, ['0.0.0.0/32'], 'the unspecified address, 0.0.0.0 and ::'),
  ipClass(
    'THIS_NET',
    0x1000,
    ['0.0.0.0/8'],
    'this network, RFC 1122: 0.0.0.0/8, and so all of ::/104 (:: and ::1 too)',
  ),
  ipClass(
    'V4_COMPATIBLE',
    0x2000,
    [],
    'holds an IPv4 address: `a.b.c.d`, `::a.b.c.d` (a not 0), `::ffff:a.b.c.d`',
  ),
  ipClass('V4_MAPPED', 0x4000, [], 'the same: all notations of an IPv4 address are one value'),
  ipClass('V6', 0x8000, [], 'any other address'),
  ipClass('BROADCAST', 0x2_0000, ['255.255.255.255/32'], 'limited broadcast, RFC 919'),
  ipClass('V6TO4_RELAY', 0x4_0000, ['192.88.99.0/24'], '6to4 relay anycast, RFC 7526 (deprecated)'),
  ipClass(
    'DOCUMENTATION',
    0x8_0000,
    ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20'],
    'all documentation networks, RFC 5737, RFC 3849, RFC 9637',
  ),
  ipClass('SHARED', 0x20_0000, ['100.64.0.0/10'], 'carrier-grade NAT, RFC 6598'),
  ipClass(
    'CLASS_E',
    0x40_0000,
    ['240.0.0.0/4'],
    'reserved for future use, RFC 1112; the broadcast address too',
  ),
  ipClass('PROTOCOL', 0x80_0000, ['192.0.0.0/24'], 'IETF protocol assignments, RFC 6890'),
  ipClass('ULA', 0x100_0000, ['fc00::/7'], 'unique local addresses, RFC 4193'),
  ipClass(
    'NAT64',
    0x200_0000,
    ['64:ff9b::/96', '64:ff9b:1::/48'],
    'IPv4/IPv6 translation, RFC 6052 and RFC 8215',
  ),
  ipClass('V6TO4', 0x400_0000, ['2002::/16'], '6to4, RFC 3056'),
  ipClass('TEREDO', 0x800_0000, ['2001::/32'], 'Teredo, RFC 4380'),
  ipClass(
    'DISCARD',
    0x1000_0000,
    ['100::/64', '100:0:0:1::/64'],
    'discard-only and dummy prefix, RFC 6666 and RFC 9780',
  ),
  ipClass(
    'ORCHID',
    0x2000_0000,
    ['2001:10::/28', '2001:20::/28'],
    'hash identifiers that look like addresses, RFC 4843 (deprecated) and RFC 7343',
  ),
];

function bitsOf(...names: readonly string[]): number {
  return ipClasses.reduce((bits, each) => (names.includes(each.name) ? bits | each.bit : bits), 0);
}

export interface IpClassSet {
  readonly name: string;
  readonly bits: number;
  readonly text: string;
}

const v4 = bitsOf('V4_COMPATIBLE', 'V4_MAPPED');
const test = bitsOf('BENCHMARK', 'TEST_NET');
const local = bitsOf('THIS_HOST', 'LOCALHOST', 'LOOPBACK');
const lan = bitsOf('PRIVATE_A', 'PRIVATE_B', 'PRIVATE_C', 'LINK_LOCAL', 'SITE_LOCAL');
const restricted = test | local | lan | bitsOf('MULTICAST', 'RESERVED');

/** The combinations, by the formulas of the original. */
export const ipClassSets: readonly IpClassSet[] = [
  { name: 'V4', bits: v4, text: 'V4_COMPATIBLE + V4_MAPPED: is it IPv4?' },
  {
    name: 'ANY',
    bits: 0xffff & ~(v4 | bitsOf('V6')),
    text: '0xffff - (V4 + V6): every class of the API text',
  },
  { name: 'TEST', bits: test, text: 'BENCHMARK + TEST_NET' },
  { name: 'LOCAL', bits: local, text: 'THIS_HOST + LOCALHOST + LOOPBACK' },
  { name: 'LAN', bits: lan, text: 'PRIVATE_A + PRIVATE_B + PRIVATE_C + LINK_LOCAL + SITE_LOCAL' },
  {
    name: 'RESTICTED',
    bits: restricted,
    text: 'TEST + LOCAL + LAN + MULTICAST + RESERVED (spelled so in the API text)',
  },
  { name: 'RESTRICTED', bits: restricted, text: 'the same as RESTICTED' },
  {
    name: 'NOT_GLOBAL',
    bits:
      restricted |
      bitsOf(
        'THIS_NET',
        'BROADCAST',
        'DOCUMENTATION',
        'SHARED',
        'CLASS_E',
        'PROTOCOL',
        'ULA',
        'DISCARD',
        'ORCHID',
      ) |
      bitsOf('V6TO4_RELAY', 'V6TO4', 'TEREDO', 'NAT64'),
    text:
      'every network of this table whose addresses no mail server on the Internet has: the private, reserved and documentation networks, ' +
      'and those of translators and tunnels (V6TO4_RELAY, V6TO4, TEREDO, NAT64)',
  },
];

const listed: readonly { readonly bit: number; readonly network: Network }[] = ipClasses.flatMap((each) =>
  each.networks.flatMap((text) => {
    const network = parseNetwork(text);
    return network === undefined ? [] : [{ bit: each.bit, network }];
  }),
);
const loopbackNetwork = parseNetwork('127.0.0.0/8');
const globalUnicast = parseNetwork('2000::/3');

const bitLocalhost = bitsOf('LOCALHOST');
const bitLoopback = bitsOf('LOOPBACK');
const bitV6 = bitsOf('V6');
const bitReserved = bitsOf('RESERVED');

/** All bits that apply to the address. A plain 0.b.c.d is the same value as ::b.c.d and so counts as V6, not V4. */
export function classifyIp(ip: IpAddress): number {
  let bits = 0;
  for (const { bit, network } of listed) if (networkContains(network, ip)) bits |= bit;
  if (holdsIpv4(ip.octets) && (ip.notation === 'ipv6' || ip.octets[12] !== 0)) {
    bits |= v4;
    const inLoopback = loopbackNetwork !== undefined && networkContains(loopbackNetwork, ip);
    if (inLoopback && (bits & bitLocalhost) === 0) bits |= bitLoopback;
  } else {
    bits |= bitV6;
    if (globalUnicast !== undefined && !networkContains(globalUnicast, ip)) bits |= bitReserved;
  }
  return bits;
}
