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

/** Controls, blanks and characters that are not seen, or turn the direction, but for the joiners that some scripts need. */
const HIDDEN =
  /\p{Cc}|\p{Z}|\u00ad|\u034f|\u061c|\u180e|\u200b|\u200e|\u200f|[\u202a-\u202e]|[\u2060-\u206f]|[\ufe00-\ufe0f]|\ufeff|[\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/u;

/** ASCII, or well-formed UTF-8 in which every character beyond ASCII is one that can be seen. */
export function isVisibleText(octets: string): boolean {
  if (!hasEightBitOctets(octets)) return true;
  const text = decodeUtf8(octets);
  return text !== undefined && !HIDDEN.test(text.replace(/[\x00-\x7f]+/g, ''));
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
