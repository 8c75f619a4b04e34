// Is an address in a network given as address/prefix (RFC 4632, RFC 4291 section 2.3)? Behind net.contains_ip.
import { formatIpv6 } from './format-ip.ts';
import { canonicalOctets, holdsIpv4, type IpAddress, isMapped, parseIpPrefix } from './ip-address.ts';

export interface Network {
  readonly octets: Uint8Array;
  /** 0 to 128, counted over 16 octets. */
  readonly prefix: number;
}

/** The prefix of `address/prefix`; undefined when it is none, or longer than the address. */
function readPrefix(text: string, most: number): number | undefined {
  if (!/^\d{1,3}$/.test(text)) return undefined;
  const prefix = Number(text);
  return prefix <= most ? prefix : undefined;
}

/**
 * The network of `address/prefix`; an address alone is a network of that one address. Undefined for anything else: nothing before the
 * slash, nothing or no number behind it, a prefix longer than the address, zeros in front of an octet, text around it.
 */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const ip = parseIpPrefix(address);
  if (ip === undefined || ip.end !== address.length) return undefined;
  // Octal to some, decimal to others: nobody knows which network is meant.
  if (ip.notation === 'ipv4' && /(?:^|\.)0\d/.test(address)) return undefined;
  const written =
    slash < 0 ? undefined : readPrefix(text.slice(slash + 1), ip.notation === 'ipv4' ? 32 : 128);
  if (slash >= 0 && written === undefined) return undefined;
  const prefix = written === undefined ? 128 : ip.notation === 'ipv4' ? written + 96 : written;
  // From 96 bits on, all notations of an IPv4 network are one.
  const octets = prefix >= 96 ? canonicalOctets(ip.octets) : ip.octets;
  return { octets, prefix };
}

function samePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const rest = bits & 7;
  return rest === 0 || (((a[whole] ?? 0) ^ (b[whole] ?? 0)) & (0xff00 >> rest) & 0xff) === 0;
}

/** True when any notation of the address lies in the network. Host bits of the network do not matter. */
export function networkContains(network: Network, ip: IpAddress): boolean {
  if (samePrefix(network.octets, canonicalOctets(ip.octets), network.prefix)) return true;
  if (network.prefix >= 96 || !isMapped(network.octets) || !holdsIpv4(ip.octets)) return false;
  const mapped = new Uint8Array(16);
  mapped.fill(0xff, 10, 12);
  return samePrefix(network.octets, mapped, network.prefix);
}

/** The network of an address as text: its first `v4` bits, or `v6` when it is no IPv4 address, the others 0. */
export function networkText(ip: IpAddress, v4: number, v6: number): string {
  const isIpv4 = isMapped(ip.octets);
  const bits = isIpv4 ? v4 : v6;
  const octets = Uint8Array.from(isIpv4 ? ip.octets.subarray(12) : ip.octets, (octet, i) => {
    const kept = Math.min(8, Math.max(0, bits - i * 8));
    return octet & (0xff00 >> kept);
  });
  return `${isIpv4 ? octets.join('.') : formatIpv6(octets)}/${bits}`;
}
