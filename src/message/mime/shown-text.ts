// The text of a header value as a mail program shows it: one line, encoded words decoded.
import { decodeWords } from './encoded-words.ts';

/** A longer value is decoded up to here. */
export const longestShown = 65_536;

/** `value` is latin1, with its folding; the result is UTF-8. Control characters become blanks, so that a text cannot be two lines. */
export function shownText(value: string): Buffer {
  const unfolded = value.slice(0, longestShown).replace(/\r?\n(?=[ \t])/g, '');
  return Buffer.from(decodeWords(unfolded).replace(/[\x00-\x1f\x7f]/g, ' '), 'utf8');
}
