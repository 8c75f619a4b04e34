// Cuts an option file into words: lines, comments, quotes and escapes. A line that begins with `#` is a comment, as is the rest of a
// line from a word that begins with `#`. What the words mean is in option-word.ts.
import { escapes } from '../text/escapes.ts';

export interface FileWord {
  readonly line: number;
  readonly text: string;
}
export interface FileProblem {
  readonly line: number;
  readonly problem: string;
}
export interface FileWords {
  readonly words: readonly FileWord[];
  readonly problems: readonly FileProblem[];
}

/** The words of one line (without its line end), or what is wrong with it. */
function splitLine(line: string): {
  readonly words: readonly string[];
  readonly problem: string | undefined;
} {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let i = 0; i < line.length; i++) {
    const c = line[i] ?? '';
    if (c === '\\') {
      const next = line[++i];
      if (next === undefined) return { words, problem: 'a backslash needs a character behind it' };
      word = (word ?? '') + (escapes[next] ?? next);
    } else if (quote !== undefined) {
      if (c === quote) quote = undefined;
      else word += c;
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= '';
    } else if (c === ' ' || c === '\t') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (c === '#' && word === undefined) {
      return { words, problem: undefined };
    } else {
      word = (word ?? '') + c;
    }
  }
  if (quote !== undefined) return { words, problem: `the quote ${quote} is not closed` };
  if (word !== undefined) words.push(word);
  return { words, problem: undefined };
}

/** What editors put in front of a text (byte order marks), as latin1. */
const UTF8_MARK = '\xef\xbb\xbf';
const UTF16 = /^(?:\xff\xfe|\xfe\xff)/;

/** Words and problems of an option file in UTF-8, with line ends of any kind; comments may hold any bytes. */
export function splitOptionFile(content: Buffer): FileWords {
  const words: FileWord[] = [];
  const problems: FileProblem[] = [];
  // latin1 first, so that a comment in another encoding does no harm; words are decoded one by one.
  const text = content.toString('latin1');
  if (UTF16.test(text))
    return { words, problems: [{ line: 1, problem: 'the file is UTF-16; save it as UTF-8' }] };
  const lines = (text.startsWith(UTF8_MARK) ? text.slice(UTF8_MARK.length) : text).split(/\r\n|\r|\n/);
  for (const [index, written] of lines.entries()) {
    const line = index + 1;
    if (written.startsWith('#')) continue;
    const split = splitLine(written);
    for (const word of split.words) {
      const decoded = Buffer.from(word, 'latin1').toString('utf8');
      if (decoded.includes('�')) problems.push({ line, problem: 'not UTF-8' });
      else words.push({ line, text: decoded });
    }
    if (split.problem !== undefined) problems.push({ line, problem: split.problem });
  }
  return { words, problems };
}

/** A word as it must be written in an option file so that splitOptionFile gives it back. */
export function quoteValue(value: string): string {
  if (/^[\w.:/@%+,=~[\]-]*$/.test(value)) return value;
  const escaped = value.replace(/["\\]/g, '\\$&').replace(/[\x07\b\x1b\f\n\r\t\v]/g, (c) => {
    const letter = Object.keys(escapes).find((name) => escapes[name] === c);
    return `\\${letter ?? c}`;
  });
  return `"${escaped}"`;
}
