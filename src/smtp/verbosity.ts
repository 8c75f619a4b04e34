// The words of option verbose as the command VERB shows and changes them, for the whole process. The option's own parser reads both.
import { type VerboseWord, verboseWords } from '../ops/log.ts';
import type { Options } from '../options/options.ts';
import { readVerbose } from '../options/text-forms.ts';

/** Applies `+word`, `-word` and `word=n`; gives every word with its state after that. Unknown words are left out. */
export function changeVerbosity(options: Options, change: readonly string[]): readonly string[] {
  const known = change.filter((item) => {
    const name = /^(?:[+-]([a-z]+)|([a-z]+)=\d+)$/i
      .exec(item)
      ?.slice(1)
      .find((word) => word !== undefined);
    return verboseWords.includes(name?.toLowerCase() as VerboseWord);
  });
  const on = readVerbose([options.text('verbose') ?? '', ...known].join(' '));
  const all = verboseWords.map((word) => `${on.has(word) ? '+' : '-'}${word}`);
  if (known.length > 0) options.set('verbose', all.join(' '), 'VERB');
  return all;
}
