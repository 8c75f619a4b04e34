// What the octets of text and HTML are to the search for URIs: what ends a run, what opens or ends a value, and what must stand in a run for it
// to be worth a look. Called by finder.ts.
import { isOrdinaryReference, isOrdinaryWord } from './words.ts';

/** Classes of octets. A delimiter ends a run, a mark may open a value; the others say what stands in the run. */
export const ordinary = 0;
const delimiter = 1;
export const mark = 2;
const carriageReturn = 4;
const dot = 8;
const colon = 16;
const percent = 32;
const ampersand = 64;
const high = 128;
/** Without one of these a run cannot be a URI. */
export const interesting = dot | colon | percent | ampersand | high;
/** With one of these it takes more than a look at the octets. */
const involved = percent | ampersand | high;

export const QUOTE = 34;
export const APOSTROPHE = 39;
export const OPEN = 40;
export const CLOSE = 41;
const EQUALS = 61;
export const GREATER = 62;
export const LETTER_L = 108;

function classes(html: boolean): Uint8Array {
  const table = new Uint8Array(256).fill(ordinary);
  table.fill(delimiter, 0, 33);
  for (const character of '"<>{}\\^`') table[character.charCodeAt(0)] = delimiter;
  table[13] = carriageReturn;
  table[46] = dot;
  table[58] = colon;
  // evil[dot]example[dot]com
  table[91] = colon;
  table[37] = percent;
  table[38] = ampersand;
  table.fill(high, 128);
  if (html) {
    for (const byte of [OPEN, EQUALS]) table[byte] = mark;
    // http:\/\/evil.com in scripts: what it is there token.ts says.
    table[92] = colon;
  }
  return table;
}

export const textClasses = classes(false);
export const htmlClasses = classes(true);

export const isBlank = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);

/** No URI, by its octets and what `flags` say of them. */
export function isOrdinary(bytes: Buffer, start: number, end: number, flags: number): boolean {
  if ((flags & involved) === 0) return isOrdinaryWord(bytes, start, end);
  return (flags & interesting) === ampersand && isOrdinaryReference(bytes, start, end);
}
