// Is an address in a network given as address/prefix (RFC 4632, RFC 4291 section 2.3)? Behind net.contains_ip.
import { canonicalOctets, holdsIpv4, type IpAddress, isMapped, parseIpPrefix } from './ip-address.ts';

export interface Network {
  readonly octets: Uint8Array;
  /** 0 to 128, counted over 16 octets. */
  readonly prefix: number;
}

/** The network of `address/prefix`; undefined when there is no slash, no address before it, or no usable prefix behind it. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const ip = parseIpPrefix(text.slice(0, slash));
  if (ip === undefined) return undefined;
  const digits = /^\s*([-+]?)(\d*)/.exec(text.slice(slash + 1, slash + 64));
  let prefix = Number(digits?.[2] ?? '');
  if (prefix > 128 || (prefix > 0 && digits?.[1] === '-')) return undefined;
  if (ip.notation === 'ipv4' && prefix <= 32) prefix += 96;
  // From 96 bits on, all notations of an IPv4 network are one. A plain one with a prefix of 33 to 95 counts from the left of ::a.b.c.d.
  const octets = prefix >= 96 || ip.notation === 'ipv4' ? canonicalOctets(ip.octets) : ip.octets;
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
