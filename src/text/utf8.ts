// Octets that are UTF-8 (RFC 3629), in latin1 strings: a character an octet. Pure and linear.
import { isUtf8 } from 'node:buffer';

/** Some octet is above 127. */
export function hasEightBitOctets(octets: string): boolean {
  for (let i = 0; i < octets.length; i++) if (octets.charCodeAt(i) > 0x7f) return true;
  return false;
}

/** C1 controls, U+0080 to U+009F. */
const CONTROL = /\xc2[\x80-\x9f]/;

/**
 * Well-formed UTF-8 in which no octet above 127 belongs to a control character: nothing overlong, no surrogates, nothing beyond U+10FFFF.
 * What is ASCII is not looked at.
 */
export function isUtf8Text(octets: string): boolean {
  return !hasEightBitOctets(octets) || (isUtf8(Buffer.from(octets, 'latin1')) && !CONTROL.test(octets));
}

/** The text that octets stand for; undefined when they are no UTF-8. */
export function decodeUtf8(octets: string): string | undefined {
  const bytes = Buffer.from(octets, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/** The octets of a text. */
export function encodeUtf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
