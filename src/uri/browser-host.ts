// A host as browsers read it (WHATWG URL Standard, "host parsing"): names beyond ASCII mapped by UTS 46, so that full-width, circled and
// mathematical letters are the letters they look like; numbers as the IPv4 address they are; IPv6 in its short form. Text is bytes as latin1.
import { isUtf8 } from 'node:buffer';
import { domainToASCII, domainToUnicode } from 'node:url';
import { formatIpv6 } from '../net-address/format-ip.ts';
import { isIpv4Text, parseIp } from '../net-address/ip-address.ts';
import { suffixIndex } from '../net-address/public-suffix.ts';

const beyondAscii = /[\x80-\xff]/;
/** Longer than any name of 253 characters, each of four octets and a mark that is not seen; what is longer resolves nowhere. */
const longest = 2048;

/** The last label is a number, decimal, octal or hexadecimal: browsers take the host for an IPv4 address, or refuse it. */
function endsInNumber(host: string): boolean {
  return /(?:^|\.)(?:\d+|0x[\da-f]*)\.?$/i.test(host);
}

function mapped(host: string): string | undefined {
  const bytes = Buffer.from(host, 'latin1');
  if (!isUtf8(bytes)) return host;
  const text = bytes.toString('utf8');
  // Some read the few characters that UTS 46 does not allow as what they look like (U+2024, a dot).
  const ascii = domainToASCII(text) || domainToASCII(text.normalize('NFKC'));
  if (ascii === '') return host;
  if (!/(?:^|\.)xn--/.test(ascii)) return ascii;
  return Buffer.from(domainToUnicode(ascii), 'utf8').toString('latin1');
}

/**
 * `host` has its percent-encoding undone. Names in ASCII stay as they are written, others are in lower case and UTF-8 (not punycode). What
 * browsers refuse stays as it is; undefined when it is longer than any host can be.
 */
export function browserHost(host: string): string | undefined {
  if (host.length > longest) return undefined;
  if (beyondAscii.test(host)) return mapped(host);
  if (!endsInNumber(host) || isIpv4Text(host)) return host;
  return domainToASCII(host) || host;
}

/**
 * browserHost of a name in a registered top-level domain; undefined for any other. Text in scripts without blanks is full of what could be
 * names, and mapping one is dear: it is done only where it can change something.
 */
export function registeredHost(name: string): string | undefined {
  if (suffixIndex(name) > 0) return browserHost(name);
  if (name.length > longest || !beyondAscii.test(name)) return undefined;
  const bytes = Buffer.from(name, 'latin1');
  const text = bytes.toString('utf8');
  if (text.normalize('NFKC') === text) return undefined;
  const host = browserHost(name);
  return host !== undefined && suffixIndex(host) > 0 ? host : undefined;
}

/** An IPv6 address in brackets or not, as RFC 5952 has it; any other address as it is. */
export function shortIpv6(address: string): string {
  const ip = parseIp(address);
  return ip === undefined || ip.notation === 'ipv4' ? address : formatIpv6(ip.octets);
}

/** Numbers that browsers take for an IPv4 address, or the address itself. */
export function isNumericHost(host: string): boolean {
  return endsInNumber(host) && domainToASCII(host) !== '';
}
