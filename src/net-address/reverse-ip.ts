// Names for reverse look-ups: RFC 1035 section 3.5 (in-addr.arpa), RFC 3596 section 2.5 (ip6.arpa), and DNS lists (RFC 5782).
// Behind net.reverse_ip and PTR queries by address.
import { parseIpPrefix, readIpv4 } from './ip-address.ts';

/** Text without a colon turned round at its dots, whatever it is; one dot at the end is dropped. */
function reverseLabels(text: string): string {
  return (text.endsWith('.') ? text.slice(0, -1) : text).split('.').reverse().join('.');
}

function nibbles(hex: string): string {
  return hex.split('').reverse().join('.');
}

/** The leading groups of an incomplete IPv6 address (`2001:db8`), for the name of a network's zone. */
function reverseGroups(text: string): string {
  let hex = '';
  for (const group of text.slice(0, 64).split(':', 8)) {
    const digits = /^[0-9a-f]{1,4}/i.exec(group)?.[0];
    if (digits === undefined) break;
    hex += digits.toLowerCase().padStart(4, '0');
    if (digits.length !== group.length) break;
  }
  return nibbles(hex);
}

/** With `arpa` the name is complete, with its final dot. A text that is no address: see net.reverse_ip. */
export function reverseIp(address: string, arpa: boolean): string {
  const bare = address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
  const text = /^ipv6:/i.test(bare) ? bare.slice(5) : bare;
  const octets = new Uint8Array(4);
  const end = readIpv4(text, 0, octets, 0);
  const v4 = !text.includes(':') ? text : end > 0 && text[end] === ':' ? text.slice(0, end) : undefined;
  if (v4 !== undefined) return reverseLabels(v4) + (arpa ? '.in-addr.arpa.' : '');
  const ip = parseIpPrefix(text);
  let name: string;
  // A plain IPv4 address followed by something with a colon in it is not IPv6.
  if (ip !== undefined && ip.notation === 'ipv6') name = nibbles(Buffer.from(ip.octets).toString('hex'));
  else name = text.includes('::') ? '' : reverseGroups(text);
  return arpa && name !== '' ? `${name}.ip6.arpa.` : name;
}
