// The text of a header value as a mail program shows it: one line, encoded words decoded.
import { decodeWords } from './encoded-words.ts';

/** A longer value is decoded up to here. */
export const longestShown = 65_536;

/** Control characters, those of C1 too, and the two that end a line or paragraph. */
const breaks = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g;

/** `value` is latin1, with its folding; the result is UTF-8. Control characters become blanks, so that a text cannot be two lines. */
export function shownText(value: string): Buffer {
  const unfolded = beginning(value).replace(/\r?\n(?=[ \t])/g, '');
  return Buffer.from(decodeWords(unfolded).replace(breaks, ' '), 'utf8');
}

/** What is decoded of a value, without the octets of a character that would be cut. */
function beginning(value: string): string {
  if (value.length <= longestShown) return value;
  let end = longestShown;
  while (end > longestShown - 4 && (value.charCodeAt(end) & 0xc0) === 0x80) end--;
  return value.slice(0, end);
}
