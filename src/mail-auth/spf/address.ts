// Addresses as SPF sees them (RFC 7208 5, 7.3): IPv4 in 4 octets, IPv6 in 16; an IPv4-mapped one is IPv4 (5, second paragraph). Pure.
import { formatIpv6 } from '../../net-address/format-ip.ts';
import { isIpv4Text, isMapped, parseIp } from '../../net-address/ip-address.ts';

export interface Address {
  readonly family: 4 | 6;
  readonly octets: Uint8Array;
}

/** The address of a client, mapped or not; undefined for anything else. */
export function readAddress(text: string): Address | undefined {
  const ip = parseIp(text);
  if (ip === undefined) return undefined;
  return ip.notation === 'ipv4' || isMapped(ip.octets)
    ? { family: 4, octets: ip.octets.subarray(12) }
    : { family: 6, octets: ip.octets };
}

export interface Network {
  readonly address: Address;
  /** Bits that have to agree. */
  readonly bits: number;
}

/** `a.b.c.d[/n]` of ip4: (RFC 7208 5.6). */
export function readNetwork4(text: string): Network | undefined {
  const { address, bits } = withoutBits(text, 32);
  if (bits === undefined || !isIpv4Text(address)) return undefined;
  return { address: { family: 4, octets: Uint8Array.from(address.split('.'), Number) }, bits };
}

/** Of ip6:. A mapped network is one of IPv6, which no client is in. */
export function readNetwork6(text: string): Network | undefined {
  const { address, bits } = withoutBits(text, 128);
  const ip = bits === undefined ? undefined : parseIp(address);
  if (bits === undefined || ip === undefined || ip.notation !== 'ipv6') return undefined;
  return { address: { family: 6, octets: ip.octets }, bits };
}

/** 0 to `most`, without leading zeros (RFC 7208 12: ip4-cidr-length, ip6-cidr-length). */
export function readBits(text: string, most: number): number | undefined {
  if (!/^(?:0|[1-9]\d{0,2})$/.test(text)) return undefined;
  const bits = Number(text);
  return bits <= most ? bits : undefined;
}

function withoutBits(text: string, most: number): { address: string; bits: number | undefined } {
  const slash = text.indexOf('/');
  if (slash < 0) return { address: text, bits: most };
  return { address: text.slice(0, slash), bits: readBits(text.slice(slash + 1), most) };
}

export function sameNetwork(a: Address, b: Address, bits: number): boolean {
  if (a.family !== b.family) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (a.octets[i] !== b.octets[i]) return false;
  const rest = bits & 7;
  return rest === 0 || (((a.octets[whole] ?? 0) ^ (b.octets[whole] ?? 0)) & (0xff00 >> rest) & 0xff) === 0;
}

/** As people write it (macro c). */
export function shownAddress({ family, octets }: Address): string {
  return family === 4 ? octets.join('.') : formatIpv6(octets);
}

/** With a dot between each two octets or nibbles (macro i). */
export function dottedAddress({ family, octets }: Address): string {
  if (family === 4) return octets.join('.');
  return Buffer.from(octets).toString('hex').toUpperCase().split('').join('.');
}

/** The name that is asked for the names of the address. */
export function reverseOf(address: Address): string {
  const labels = dottedAddress(address).toLowerCase().split('.').reverse().join('.');
  return `${labels}.${address.family === 4 ? 'in-addr' : 'ip6'}.arpa`;
}
