// The words of option verbose as the command VERB shows and changes them, for the whole process. Lists, words and values are read by the
// option's own parser; a word that it does not know changes nothing.
import { splitList } from '../../base/lists.ts';
import { verboseWords } from '../../base/log.ts';
import type { Options } from '../../options/options.ts';
import { badVerboseWord, readVerbose } from '../../options/text-forms.ts';

export type Verbosity =
  /** Every word with its state after the change. */
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Nothing was changed. */
  | { readonly kind: 'unknown'; readonly word: string };

/** Applies `+word`, `-word` and `word=n`, separated by blanks, commas or semicolons. */
export function changeVerbosity(options: Options, change: string): Verbosity {
  const unknown = splitList(change).find((item) => badVerboseWord(item) !== undefined);
  if (unknown !== undefined) return { kind: 'unknown', word: unknown };
  const on = readVerbose(`${options.text('verbose') ?? ''} ${change}`);
  const words = verboseWords.map((word) => `${on.has(word) ? '+' : '-'}${word}`);
  if (splitList(change).length > 0) options.set('verbose', words.join(' '), 'VERB');
  return { kind: 'words', words };
}
