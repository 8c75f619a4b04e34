// Addresses as octets, as text (RFC 5952) and as names of the reverse trees (RFC 1035 section 3.5, RFC 3596 section 2.5).
import { isIP, isIPv4 } from 'node:net';

/** `192.0.2.1` from 4 octets. */
export function formatIPv4(octets: Uint8Array, offset: number): string {
  return `${octets[offset]}.${octets[offset + 1]}.${octets[offset + 2]}.${octets[offset + 3]}`;
}

/** The shortest form from 16 octets: lower case, the longest run of zeros as `::`, mapped IPv4 as `::ffff:192.0.2.1`. */
export function formatIPv6(octets: Uint8Array, offset: number): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) {
    groups.push(((octets[offset + i] ?? 0) << 8) | (octets[offset + i + 1] ?? 0));
  }
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${formatIPv4(octets, offset + 12)}`;
  }
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > length) {
      start = i;
      length = run;
    }
    if (run > 0) i += run - 1;
  }
  const hex = groups.map((group) => group.toString(16));
  if (start < 0) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/** 4 or 16 octets; undefined when `text` is not an address. A zone (`fe80::1%eth0`) is dropped, mapped IPv4 becomes IPv4. */
export function parseAddress(text: string): Uint8Array | undefined {
  switch (isIP(text)) {
    case 4:
      return Uint8Array.from(text.split('.'), Number);
    case 6: {
      const octets = parseIPv6(text.replace(/%.*$/, ''));
      const mapped =
        octets.subarray(0, 10).every((octet) => octet === 0) && octets[10] === 255 && octets[11] === 255;
      return mapped ? octets.subarray(12) : octets;
    }
    default:
      return undefined;
  }
}

/** `text` is known to be right (node:net isIPv6). */
function parseIPv6(text: string): Uint8Array {
  const dotted = text.slice(text.lastIndexOf(':') + 1);
  let groups = text;
  if (isIPv4(dotted)) {
    const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
    groups = `${text.slice(0, -dotted.length)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [head = '', tail] = groups.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const filled = [...before, ...new Array<string>(8 - before.length - after.length).fill('0'), ...after];
  const octets = new Uint8Array(16);
  filled.forEach((group, i) => {
    const value = Number.parseInt(group, 16);
    octets[2 * i] = value >> 8;
    octets[2 * i + 1] = value & 255;
  });
  return octets;
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
