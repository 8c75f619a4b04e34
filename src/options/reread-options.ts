// The options of a process in service, read again: what the option file says now, with the present values of what only a restart can
// change. The command line stays what it was, and wins. Anything wrong, and nothing changes.
import { formatOption, specOf } from './help-text.ts';
import { listenerNames } from './listen-list.ts';
import { loadOptions, type ReadFile } from './load-options.ts';
import { OptionSet } from './option-set.ts';
import { type OptionName, optionNames, optionTable } from './option-table.ts';
import { isOfItsOwn, type Options, type OptionTexts, PLUGIN } from './options.ts';

export type RereadOutcome =
  | {
      readonly kind: 'read';
      readonly options: Options;
      /** As in an option file, e.g. `limit-recipients=5`. */
      readonly changed: readonly string[];
      /** Options with another value in the file, which needs a restart. */
      readonly needRestart: readonly string[];
    }
  /** One line each. */
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

const ofAll = (options: Options): OptionTexts => options.toTexts().filter(({ name }) => !isOfItsOwn(name));

interface OwnOptions {
  readonly texts: OptionTexts;
  readonly changed: readonly string[];
  readonly needRestart: readonly string[];
}

/**
 * What listeners have of their own from now on. Which listeners there are only a restart can change: one that the file does not have any
 * more keeps what it has, and those of one that it has now wait with it.
 */
function ownOptions(fresh: Options, present: Options): OwnOptions {
  const texts: OptionTexts[number][] = [];
  const changed: string[] = [];
  const needRestart: string[] = [];
  const listed = new Set(listenerNames(fresh.values['smtp-listen']).map((name) => name.toLowerCase()));
  // Stores are opened once; all that is said of them waits for a restart.
  const storeText = (of: Options, name: string): string | undefined => of.text(`store.${name}`);
  const stores = present.ofListener('store');
  for (const one of stores) texts.push({ ...one, name: `store.${one.name}` });
  for (const name of new Set([...stores, ...fresh.ofListener('store')].map((one) => one.name))) {
    if (storeText(fresh, name) !== storeText(present, name)) needRestart.push(`store.${name}`);
  }
  const settings = new Set([present, fresh].flatMap((of) => of.ofListener(PLUGIN).map((one) => one.name)));
  for (const one of fresh.ofListener(PLUGIN)) texts.push({ ...one, name: PLUGIN + one.name });
  for (const name of [...settings].map((one) => PLUGIN + one)) {
    if (fresh.text(name) === present.text(name)) continue;
    changed.push(formatOption(name, specOf(name), fresh.text(name) ?? ''));
  }
  for (const listener of listenerNames(present.values['smtp-listen'])) {
    const was = new Map(present.ofListener(listener).map((one) => [one.name as OptionName, one]));
    const isListed = listed.has(listener.toLowerCase());
    const now = isListed
      ? new Map(fresh.ofListener(listener).map((one) => [one.name as OptionName, one]))
      : was;
    for (const option of new Set([...was.keys(), ...now.keys()])) {
      const spec = optionTable[option];
      const name = `${listener}.${option}`;
      const isFixed = spec.change === 'restart';
      const kept = (isFixed ? was : now).get(option);
      if (kept !== undefined) texts.push({ ...kept, name });
      if (was.get(option)?.text === now.get(option)?.text) continue;
      if (isFixed) needRestart.push(name);
      else changed.push(formatOption(name, spec, now.get(option)?.text ?? fresh.text(option) ?? ''));
    }
  }
  return { texts, changed, needRestart };
}

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
  const own = ownOptions(options, present);
  const texts = [
    ...ofAll(options).filter(({ name }) => !isFixed(name as OptionName)),
    ...ofAll(present).filter(({ name }) => isFixed(name as OptionName)),
    ...own.texts,
  ];
  return {
    kind: 'read',
    options: OptionSet.fromTexts(texts),
    changed: [
      ...changed.map((name) => formatOption(name, optionTable[name], options.text(name) ?? '')),
      ...own.changed,
    ],
    needRestart: [...needRestart, ...own.needRestart],
  };
}
