// Domain names on their way out and in (RFC 1035 sections 2.3.4 and 5.1, RFC 2181 section 11). Out: everything that dns-packet would
// send silently wrong is refused here. In: labels may hold any octet, so what could be misread is escaped.
import { isIPv4 } from 'node:net';
import { domainToASCII } from 'node:url';

export type NameCheck =
  /** ASCII, as asked, without the final dot; '' is the root. */
  { readonly kind: 'name'; readonly name: string } | { readonly kind: 'invalid'; readonly reason: string };

const invalid = (reason: string): NameCheck => ({ kind: 'invalid', reason });

/** Printable ASCII without blank and backslash: nothing else can be asked for. */
const ASKABLE = /^[!-[\]-~]*$/;

/**
 * The name as it may be sent: labels of 1 to 63 octets, at most 253 together, printable ASCII without blank and backslash. A name with
 * 8-bit octets is taken as UTF-8 and made ASCII (IDNA, UTS 46). A final dot is dropped; `.` is the root.
 */
export function checkName(text: string): NameCheck {
  if (text === '.') return { kind: 'name', name: '' };
  if (text.length > 1000) return invalid('longer than 253 octets');
  let name = text;
  if (!ASKABLE.test(name)) {
    const ascii = internationalToAscii(text);
    if (ascii === undefined) return invalid('octets that are neither a host name nor UTF-8 text');
    name = ascii;
  }
  if (name.endsWith('.')) name = name.slice(0, -1);
  if (name === '') return invalid('empty');
  if (name.length > 253) return invalid('longer than 253 octets');
  let start = 0;
  for (let i = 0; i <= name.length; i++) {
    if (i < name.length && name.charCodeAt(i) !== 0x2e) continue;
    if (i === start) return invalid('an empty label');
    if (i - start > 63) return invalid('a label longer than 63 octets');
    start = i + 1;
  }
  return { kind: 'name', name };
}

function internationalToAscii(text: string): string | undefined {
  // Controls, blanks, backslash: never part of an international name either. % would be decoded by the URL rules.
  if (/[\x00-\x20\x7f\\%]/.test(text)) return undefined;
  const unicode = /^[\x00-\xff]*$/.test(text) ? utf8(Buffer.from(text, 'latin1')) : text;
  const ascii = unicode === undefined ? '' : domainToASCII(unicode);
  // Digits of other scripts must not become an address.
  return ascii === '' || isIPv4(ascii) || !ASKABLE.test(ascii) ? undefined : ascii;
}

function utf8(octets: Buffer): string | undefined {
  const text = octets.toString('utf8');
  return Buffer.from(text, 'utf8').equals(octets) ? text : undefined;
}

/** A name read from a packet; `next` is the offset behind it. */
export interface ReadName {
  /** Presentation form with final dot; a dot or backslash inside a label is `\.` or `\\`, an octet that is not printable `\DDD`. */
  readonly name: string;
  readonly next: number;
}

/** Far more than any name needs (127 labels), few enough that a packet full of pointers stays cheap. */
const MAX_POINTERS = 128;

/** Reads a name at `offset`, following compression (RFC 1035 section 4.1.4) only backwards; undefined when it is malformed. */
export function readName(packet: Buffer, offset: number, end: number): ReadName | undefined {
  let position = offset;
  let next = -1;
  let limit = offset;
  let octets = 1;
  let pointers = 0;
  let name = '';
  for (;;) {
    if (position >= (next < 0 ? end : packet.length)) return undefined;
    const length = packet[position] ?? 0;
    if (length === 0) {
      if (next < 0) next = position + 1;
      return { name: name === '' ? '.' : name, next };
    }
    if (length >= 0xc0) {
      const low = packet[position + 1];
      if (low === undefined || (next < 0 && position + 2 > end)) return undefined;
      if (next < 0) next = position + 2;
      position = ((length & 0x3f) << 8) | low;
      if (position >= limit || position < 12 || ++pointers > MAX_POINTERS) return undefined;
      limit = position;
      continue;
    }
    if (length > 63) return undefined;
    const stop = position + 1 + length;
    octets += length + 1;
    if (octets > 255 || stop > (next < 0 ? end : packet.length)) return undefined;
    name += `${readLabel(packet, position + 1, stop)}.`;
    position = stop;
  }
}

function readLabel(packet: Buffer, start: number, end: number): string {
  for (let i = start; i < end; i++) {
    const octet = packet[i] ?? 0;
    if (octet <= 0x20 || octet >= 0x7f || octet === 0x2e || octet === 0x5c)
      return escapeLabel(packet, start, end);
  }
  return packet.toString('latin1', start, end);
}

function escapeLabel(packet: Buffer, start: number, end: number): string {
  let label = '';
  for (let i = start; i < end; i++) {
    const octet = packet[i] ?? 0;
    if (octet === 0x2e || octet === 0x5c) label += `\\${String.fromCharCode(octet)}`;
    else if (octet <= 0x20 || octet >= 0x7f) label += `\\${String(octet).padStart(3, '0')}`;
    else label += String.fromCharCode(octet);
  }
  return label;
}
