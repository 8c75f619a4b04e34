// IP addresses in text, as RFC 4291 section 2.2 and RFC 5321 section 4.1.3 write them: `192.0.2.1`, `2001:db8::1`, `::ffff:192.0.2.1`,
// each also as `[...]` and after `IPv6:`. One address is 16 octets; plain IPv4, IPv4-mapped and IPv4-compatible forms of the same
// address are one value (see `canonicalOctets`). Used by the net module and the URI parser. Reading takes time linear in what is read.

/** How the address was written. */
export type IpNotation = 'ipv4' | 'ipv6';

export interface IpAddress {
  /** 16 octets as written; a plain IPv4 address is held as IPv4-mapped, ::ffff:a.b.c.d. */
  readonly octets: Uint8Array;
  readonly notation: IpNotation;
}

export interface ParsedIp extends IpAddress {
  /** Offset of the first character behind the address, and behind its `]` when it began with `[`. */
  readonly end: number;
}

const COLON = 0x3a;
const DOT = 0x2e;

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** The value of a hexadecimal digit; -1 for any other character (NaN for the end of the text included). */
export function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x61 && code <= 0x66) return code - 0x57;
  if (code >= 0x41 && code <= 0x46) return code - 0x37;
  return -1;
}

/** Four decimal numbers from 0 to 255 (leading zeros are decimal too) put into `octets` at `at`: the offset behind them, or -1. */
export function readIpv4(text: string, start: number, octets: Uint8Array, at: number): number {
  let i = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0) {
      if (text.charCodeAt(i) !== DOT) return -1;
      i++;
    }
    if (!isDigit(text.charCodeAt(i))) return -1;
    let value = 0;
    for (let code = text.charCodeAt(i); isDigit(code); code = text.charCodeAt(++i)) {
      value = value * 10 + code - 0x30;
      if (value > 255) return -1;
    }
    octets[at + part] = value;
  }
  return i;
}

/**
 * An IPv6 address at `start`: the offset behind it, or -1. What cannot belong to the address ends it, but a second `::`, a third
 * colon in a row, a group of more than four digits and a wrong dotted tail make it no address.
 */
export function readIpv6(text: string, start: number, octets: Uint8Array): number {
  const groups: number[] = [];
  let gap = -1;
  let i = start;
  if (text.charCodeAt(i) === COLON) {
    if (text.charCodeAt(i + 1) !== COLON || text.charCodeAt(i + 2) === COLON) return -1;
    gap = 0;
    i += 2;
  }
  for (;;) {
    const groupStart = i;
    let value = 0;
    for (let digit = hexValue(text.charCodeAt(i)); digit >= 0; digit = hexValue(text.charCodeAt(++i))) {
      if (i - groupStart === 4) return -1;
      value = value * 16 + digit;
    }
    if (i === groupStart) {
      if (gap === groups.length) break;
      return -1;
    }
    if (text.charCodeAt(i) === DOT && isDigit(text.charCodeAt(i + 1))) {
      const dotted = new Uint8Array(4);
      const end = readIpv4(text, groupStart, dotted, 0);
      if (end < 0 || (gap < 0 ? groups.length !== 6 : groups.length > 5)) return -1;
      groups.push(((dotted[0] ?? 0) << 8) | (dotted[1] ?? 0), ((dotted[2] ?? 0) << 8) | (dotted[3] ?? 0));
      i = end;
      break;
    }
    groups.push(value);
    if (groups.length === 8 || text.charCodeAt(i) !== COLON) break;
    if (text.charCodeAt(i + 1) === COLON) {
      if (gap >= 0 || text.charCodeAt(i + 2) === COLON) return -1;
      gap = groups.length;
      i += 2;
    } else if (hexValue(text.charCodeAt(i + 1)) >= 0) i++;
    else break;
  }
  if (gap < 0 ? groups.length !== 8 : groups.length > 7) return -1;
  octets.fill(0);
  for (let g = 0; g < groups.length; g++) {
    const group = groups[g] ?? 0;
    const place = gap >= 0 && g >= gap ? 8 - groups.length + g : g;
    octets[place * 2] = group >> 8;
    octets[place * 2 + 1] = group & 0xff;
  }
  return i;
}

/** Offset behind white space, `[` and `IPv6:`, each of them optional. */
function skipTag(text: string): { readonly at: number; readonly bracket: boolean } {
  let at = 0;
  while (text.charCodeAt(at) === 0x20 || (text.charCodeAt(at) >= 0x09 && text.charCodeAt(at) <= 0x0d)) at++;
  const bracket = text.charCodeAt(at) === 0x5b;
  if (bracket) at++;
  if (text.slice(at, at + 5).toLowerCase() === 'ipv6:') at += 5;
  return { at, bracket };
}

/** The address that the text begins with, whatever follows it; undefined when it begins with none. */
export function parseIpPrefix(text: string): ParsedIp | undefined {
  const { at, bracket } = skipTag(text);
  const octets = new Uint8Array(16);
  let notation: IpNotation = 'ipv4';
  let end = readIpv4(text, at, octets, 12);
  if (end >= 0) {
    octets[10] = 0xff;
    octets[11] = 0xff;
  } else {
    notation = 'ipv6';
    end = readIpv6(text, at, octets);
    if (end < 0) return undefined;
  }
  if (bracket && text.charCodeAt(end) === 0x5d) end++;
  return { octets, notation, end };
}

/** Behind an address as programs write it: a zone, a port (behind IPv6 only after the bracket), blanks. */
const behindAddress = /^(?:%[\w.-]{1,64})?(?:\](?::\d{1,5})?)?\s*$/;
const behindPortPlace = /^(?::\d{1,5})?\s*$/;

/**
 * The address that is all of the text but for blanks, `[...]`, `IPv6:`, a zone (`fe80::1%eth0`) and a port. So `10.1.1.1.evil.example` is
 * none: whoever asks whether an address is trusted must not hear of the beginning of a name.
 */
export function parseIpAlone(text: string): ParsedIp | undefined {
  const ip = parseIpPrefix(text);
  if (ip === undefined || ip.end === text.length) return ip;
  if (text.length - ip.end > 128) return undefined;
  const rest = text.slice(ip.end);
  const portFits = ip.notation === 'ipv4' || text[ip.end - 1] === ']';
  return behindAddress.test(rest) || (portFits && behindPortPlace.test(rest)) ? ip : undefined;
}

/** The address that is the whole text, without brackets, tag or blanks. */
export function parseIp(text: string): IpAddress | undefined {
  const first = text.charCodeAt(0);
  if (first !== COLON && hexValue(first) < 0) return undefined;
  const ip = parseIpPrefix(text);
  return ip !== undefined && ip.end === text.length ? ip : undefined;
}

/** `a.b.c.d` in plain decimal, without leading zeros, which some read as octal. */
export function isIpv4Text(text: string): boolean {
  return (
    /^(?:(?:0|[1-9]\d{0,2})(?:\.(?!$)|$)){4}$/.test(text) &&
    text.split('.').every((part) => Number(part) < 256)
  );
}

function isZero(octets: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (octets[i] !== 0) return false;
  return true;
}

/** True for ::ffff:a.b.c.d, and so for every plain IPv4 address. */
export function isMapped(octets: Uint8Array): boolean {
  return octets[10] === 0xff && octets[11] === 0xff && isZero(octets, 0, 10);
}

/** True for an address that holds an IPv4 address: plain, IPv4-mapped, or IPv4-compatible (::a.b.c.d with a not 0). */
export function holdsIpv4(octets: Uint8Array): boolean {
  return isMapped(octets) || (isZero(octets, 0, 12) && octets[12] !== 0);
}

/** The same 16 octets for all notations of an IPv4 address: ::a.b.c.d. Other addresses are as they are. */
export function canonicalOctets(octets: Uint8Array): Uint8Array {
  if (!isMapped(octets)) return octets;
  const canonical = new Uint8Array(16);
  canonical.set(octets.subarray(12), 12);
  return canonical;
}
