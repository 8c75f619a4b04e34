// Lua's patterns for whoever stands outside of Lua (Lua 5.4 manual section 6.4.1). Pure.
import { parsePattern } from './library/pattern.ts';
import { Matcher } from './library/pattern-match.ts';

/** A pattern that has not come to an end by then goes on for ever. */
const MOST_PORTIONS = 200;

/**
 * Where in the text (latin1) the pattern is found first, as an offset; undefined: nowhere. Throws an Error that says what is wrong with the
 * pattern, or that it takes too long.
 */
export function findPattern(text: string, pattern: string): number | undefined {
  const bytes = Buffer.from(text, 'latin1');
  const matcher = new Matcher(parsePattern(pattern), 0, bytes.length, 0);
  for (let n = 0; n < MOST_PORTIONS; n++) {
    const found = matcher.find(bytes);
    if (found === 'none') return undefined;
    if (found !== 'pending') return found.start;
  }
  throw new Error('the pattern takes too long');
}
