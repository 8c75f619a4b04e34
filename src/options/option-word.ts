// One word of the command line or of an option file: `name=value`, `name+=value`, `+name`, `-name`, `--`. Knows no option names.

export type OptionWord =
  /** `text` is as Options.set takes it: with a leading `;` when it is to be appended. */
  | { readonly kind: 'option'; readonly name: string; readonly text: string }
  | { readonly kind: 'end' }
  /** Not an option; `problem` says why in words, when that can be said. */
  | { readonly kind: 'bare'; readonly problem: string | undefined };

const NAME_START = /^[a-z_]/i;

export function readOptionWord(word: string): OptionWord {
  if (word === '--') return { kind: 'end' };
  const sign = word[0];
  if (sign === '+' || sign === '-') {
    const name = word.slice(1);
    if (!NAME_START.test(name)) return { kind: 'bare', problem: undefined };
    const equal = name.indexOf('=');
    if (equal < 0) return { kind: 'option', name, text: sign };
    return { kind: 'bare', problem: `${name} would be right: a sign and a value do not go together` };
  }
  const equal = word.indexOf('=');
  if (equal < 0 || !NAME_START.test(word)) return { kind: 'bare', problem: undefined };
  if (word[equal - 1] !== '+') {
    return { kind: 'option', name: word.slice(0, equal), text: word.slice(equal + 1) };
  }
  return { kind: 'option', name: word.slice(0, equal - 1), text: `;${word.slice(equal + 1)}` };
}
