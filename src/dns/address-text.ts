// Addresses as DNS has them: 4 or 16 octets in a record, text for the policy, names of the reverse trees (RFC 1035 section 3.5,
// RFC 3596 section 2.5). Reading and formatting are those of net-address/.
import { isIP } from 'node:net';
import { formatIp } from '../net-address/format-ip.ts';
import { holdsIpv4, isMapped, parseIp } from '../net-address/ip-address.ts';

/** `192.0.2.1` from 4 octets. */
export function formatIPv4(octets: Uint8Array, offset: number): string {
  return octets.subarray(offset, offset + 4).join('.');
}

/** RFC 5952 from 16 octets. An address that holds an IPv4 address stays IPv6: `::ffff:192.0.2.1`, `::192.0.2.1`. */
export function formatIPv6(octets: Uint8Array, offset: number): string {
  const own = octets.subarray(offset, offset + 16);
  if (!holdsIpv4(own)) return formatIp({ octets: own, notation: 'ipv6' }, 'compact');
  return `${isMapped(own) ? '::ffff:' : '::'}${formatIPv4(own, 12)}`;
}

/** 4 or 16 octets; undefined when `text` is not an address. A zone (`fe80::1%eth0`) is dropped, mapped IPv4 becomes IPv4. */
function parseAddress(text: string): Uint8Array | undefined {
  if (isIP(text) === 0) return undefined;
  const ip = parseIp(text.replace(/%.*$/, ''));
  if (ip === undefined) return undefined;
  return isMapped(ip.octets) ? ip.octets.subarray(12) : ip.octets;
}

/** One spelling for each address; `text` itself when it is none. */
export function canonicalAddress(text: string): string {
  const octets = parseAddress(text);
  if (octets === undefined) return text;
  return octets.length === 4 ? formatIPv4(octets, 0) : formatIPv6(octets, 0);
}

/** `4.3.2.1.in-addr.arpa` or `...ip6.arpa` without final dot; undefined when `text` is not an address. */
export function reverseName(text: string): string | undefined {
  const octets = parseAddress(text);
  if (octets === undefined) return undefined;
  if (octets.length === 4) return `${Array.from(octets).reverse().join('.')}.in-addr.arpa`;
  const nibbles: string[] = [];
  for (const octet of octets) nibbles.push((octet >> 4).toString(16), (octet & 15).toString(16));
  return `${nibbles.reverse().join('.')}.ip6.arpa`;
}
