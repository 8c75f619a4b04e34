// Names for reverse look-ups: RFC 1035 section 3.5 (in-addr.arpa), RFC 3596 section 2.5 (ip6.arpa), and DNS lists (RFC 5782).
// Behind net.reverse_ip and PTR queries by address.
import { parseIpAlone, readIpv4 } from './ip-address.ts';

/** Text without a colon turned round at its dots, whatever it is; one dot at the end is dropped. */
function reverseLabels(text: string): string {
  return (text.endsWith('.') ? text.slice(0, -1) : text).split('.').reverse().join('.');
}

function nibbles(hex: string): string {
  return hex.split('').reverse().join('.');
}

/** The groups of an incomplete IPv6 address (`2001:db8`), for the name of a network's zone; '' when there is anything else in the text. */
function reverseGroups(text: string): string {
  if (!/^[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,7}:?$/i.test(text)) return '';
  const groups = text.split(':').filter((group) => group !== '');
  return nibbles(groups.map((group) => group.toLowerCase().padStart(4, '0')).join(''));
}

/** Without `[...]`, `IPv6:` and, behind brackets or an IPv4 address, a port. */
function bareAddress(address: string): string {
  const bracketed = /^\[([^[\]]*)\](?::\d{1,5})?$/.exec(address)?.[1] ?? address;
  const text = /^ipv6:/i.test(bracketed) ? bracketed.slice(5) : bracketed;
  const port = /:\d{1,5}$/.exec(text);
  return port !== null && readIpv4(text, 0, new Uint8Array(4), 0) === port.index
    ? text.slice(0, port.index)
    : text;
}

/** With `arpa` the name is complete, with its final dot. A text that is no address: see net.reverse_ip. */
export function reverseIp(address: string, arpa: boolean): string {
  const text = bareAddress(address);
  if (!text.includes(':')) return reverseLabels(text) + (arpa ? '.in-addr.arpa.' : '');
  const ip = parseIpAlone(text);
  // A plain IPv4 address followed by something with a colon in it is not IPv6.
  const name =
    ip !== undefined && ip.notation === 'ipv6'
      ? nibbles(Buffer.from(ip.octets).toString('hex'))
      : reverseGroups(text);
  return arpa && name !== '' ? `${name}.ip6.arpa.` : name;
}
