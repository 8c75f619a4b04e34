// The options of a process in service, read again: what the option file says now, with the present values of what only a restart can
// change. The command line stays what it was, and wins. Anything wrong, and nothing changes.
import { formatOption } from './help-text.ts';
import { loadOptions, type ReadFile } from './load-options.ts';
import { OptionSet } from './option-set.ts';
import { type OptionName, optionNames, optionTable } from './option-table.ts';
import type { Options } from './options.ts';

export type RereadOutcome =
  | {
      readonly kind: 'read';
      readonly options: Options;
      /** As in an option file, e.g. `limit-recipients=5`. */
      readonly changed: readonly string[];
      /** Options with another value in the file, which needs a restart. */
      readonly needRestart: readonly OptionName[];
    }
  /** One line each. */
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

/**
 * `words` are those of the command line; `present` what was read at the start or at the last reload. `settle` puts in what depends on the
 * machine, as it was done at the start.
 */
export async function rereadOptions(
  words: readonly string[],
  present: Options,
  readFile: ReadFile,
  settle: (options: Options) => void = () => undefined,
): Promise<RereadOutcome> {
  const { options, file, problems } = await loadOptions(words, readFile);
  settle(options);
  if (problems.length > 0) return { kind: 'wrong', problems };
  const before = present.values.file;
  if (file === undefined && before !== '') {
    return { kind: 'wrong', problems: [`option file ${before}: there is none any more`] };
  }
  const differing = optionNames.filter(
    (name) => optionTable[name].kind !== 'action' && options.text(name) !== present.text(name),
  );
  const needRestart = differing.filter((name) => optionTable[name].change === 'restart');
  const changed = differing.filter((name) => name !== 'file' && optionTable[name].change === 'live');
  const isFixed = (name: OptionName): boolean => optionTable[name].change === 'restart';
  const texts = [
    ...options.toTexts().filter(({ name }) => !isFixed(name)),
    ...present.toTexts().filter(({ name }) => isFixed(name)),
  ];
  return {
    kind: 'read',
    options: OptionSet.fromTexts(texts),
    changed: changed.map((name) => formatOption(name, optionTable[name], options.text(name) ?? '')),
    needRestart,
  };
}
