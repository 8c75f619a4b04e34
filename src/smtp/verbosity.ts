// The words of option verbose as the command VERB shows and changes them, for the whole process.
import { type VerboseWord, verboseWords } from '../ops/log.ts';
import type { Options } from '../options/options.ts';

/** Words that are on in the text of option verbose: `+word`, `-word` or `word=n`, separated by blanks; the last one of a word counts. */
function wordsOn(text: string): Set<string> {
  const on = new Set<string>();
  for (const item of text.split(/[\s;]+/)) {
    const [, sign, name = '', value] = /^([+-]?)([a-z]+)(?:=(\d+))?$/i.exec(item) ?? [];
    const word = name.toLowerCase();
    if (sign === '+' || (value !== undefined && Number(value) !== 0)) on.add(word);
    else on.delete(word);
  }
  return on;
}

/** Applies `+word`, `-word` and `word=n`; gives every word with its state after that. Unknown words are left out. */
export function changeVerbosity(options: Options, change: readonly string[]): readonly string[] {
  const known = change.filter((item) => {
    const name = /^[+-]?([a-z]+)/i.exec(item)?.[1]?.toLowerCase();
    return verboseWords.includes(name as VerboseWord);
  });
  const text = [options.text('verbose') ?? '', ...known].join(' ');
  const on = wordsOn(text);
  const all = verboseWords.map((word) => `${on.has(word) ? '+' : '-'}${word}`);
  if (known.length > 0) options.set('verbose', all.join(' '), 'VERB');
  return all;
}
