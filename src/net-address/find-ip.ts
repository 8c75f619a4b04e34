// The first IPv4 or IPv6 address in a text. Behind net.find_ip. Every attempt looks at a bounded piece of the text (apart from zeros
// in front of a number, which only one attempt passes), so the whole takes linear time.
import { hexValue, readIpv4, readIpv6 } from './ip-address.ts';

export interface FoundIp {
  /** From 0. */
  readonly offset: number;
  readonly length: number;
}

const scratch = new Uint8Array(16);

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isAlnum(code: number): boolean {
  return isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a);
}

/** The first number has one to three digits that end at the dot; a fifth number behind the four makes it no address. */
function ipv4Around(text: string, dot: number): FoundIp | undefined {
  let start = dot;
  while (start > 0 && dot - start < 3 && isDigit(text.charCodeAt(start - 1))) start--;
  if (start === dot) return undefined;
  const end = readIpv4(text, start, scratch, 0);
  if (end < 0 || (text.charCodeAt(end) === 0x2e && isDigit(text.charCodeAt(end + 1)))) return undefined;
  return { offset: start, length: end - start };
}

/** The start of the group or `::` that ends with the colon at `colon`, if an address can begin there; else -1. */
function ipv6Start(text: string, colon: number): number {
  let start = colon;
  while (start > 0 && colon - start < 5 && hexValue(text.charCodeAt(start - 1)) >= 0) start--;
  if (colon - start > 4) return -1;
  if (start === colon && text.charCodeAt(colon + 1) !== 0x3a) return -1;
  if (start === 0) return start;
  const before = text.charCodeAt(start - 1);
  if (isAlnum(before)) return -1;
  if (before !== 0x3a) return start;
  // Behind a colon an address begins only when what is before it is no group: `IPv6:2001:db8::1`, not `12:34:56::1`.
  let word = start - 1;
  while (word > 0 && start - word < 6 && isAlnum(text.charCodeAt(word - 1))) word--;
  for (let i = word; i < start - 1; i++) if (hexValue(text.charCodeAt(i)) < 0) return start;
  return start - 1 - word > 4 ? start : -1;
}

function ipv6Around(text: string, colon: number): FoundIp | undefined {
  const start = ipv6Start(text, colon);
  if (start < 0) return undefined;
  const end = readIpv6(text, start, scratch);
  // `::` alone is a separator far more often than an address.
  if (end < 0 || end === start + 2 || isAlnum(text.charCodeAt(end))) return undefined;
  const next = text.charCodeAt(end);
  if (next === 0x3a && (text.charCodeAt(end + 1) === 0x3a || hexValue(text.charCodeAt(end + 1)) >= 0))
    return undefined;
  return { offset: start, length: end - start };
}

export function findIp(text: string): FoundIp | undefined {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== 0x3a && code !== 0x2e) continue;
    const found = code === 0x3a ? ipv6Around(text, i) : ipv4Around(text, i);
    if (found !== undefined) return found;
  }
  return undefined;
}
