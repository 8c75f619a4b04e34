// Splitting a text at delimiters, with quotes and backslash escapes: text.split. Linear time.
import { escapes } from './escapes.ts';

/** Offset of the quote that ends the one at `open`; -1 when it has no end. Escaped quotes do not count. */
function closingQuote(text: string, open: number): number {
  const quote = text[open];
  for (let i = open + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === quote) return i;
  }
  return -1;
}

/** The delimiters as they are meant: `\0` stands for none. */
function delimiterSet(delimiters: string): ReadonlySet<string> {
  return new Set(delimiters === '\\0' ? '' : delimiters);
}

/**
 * Runs of delimiters separate; an empty item comes only from an empty pair of quotes. A quote without its partner and a backslash at
 * the end of the text stand for themselves. A quote or backslash that is a delimiter is nothing else.
 */
export function splitText(text: string, delimiters: string): readonly string[] {
  const isDelimiter = delimiterSet(delimiters);
  const items: string[] = [];
  /** Quote characters of which none behind the present place has a partner. */
  const unpaired = new Set<string>();
  let item: string[] = [];
  let started = false;
  let closing = -1;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (i === closing) closing = -1;
    else if (closing < 0 && isDelimiter.has(char)) {
      if (started) items.push(item.join(''));
      item = [];
      started = false;
    } else if (char === '\\' && i + 1 < text.length) {
      const escaped = text.charAt(++i);
      item.push(Object.hasOwn(escapes, escaped) ? (escapes[escaped] ?? '') : escaped);
      started = true;
    } else if (closing < 0 && (char === '"' || char === "'") && !unpaired.has(char)) {
      started = true;
      closing = closingQuote(text, i);
      if (closing < 0) {
        unpaired.add(char);
        item.push(char);
      }
    } else {
      item.push(char);
      started = true;
    }
  }
  if (started) items.push(item.join(''));
  return items;
}
