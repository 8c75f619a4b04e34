// Which policy and which option file are looked at (smtpe check, talk, trace FILE, replay): a policy that is named has the option file beside it; where none is
// named it is the one that stands here, else that of the server of this machine. A server never takes what happens to stand where it is started.
import { access } from 'node:fs/promises';
import type { ScriptPaths } from '../app.ts';
import { splitList } from '../base/lists.ts';
import { optionFileBeside, withOthers } from '../bench/find-tests.ts';
import {
  defaultOptionFiles,
  type LoadedOptions,
  loadOptions,
  type ReadFile,
} from '../options/load-options.ts';
import type { Options } from '../options/options.ts';
import { findScript } from './start-checks.ts';

export const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const HERE = 'policy.lua';
/** Its origin, as messages have it. */
const THIS_DIRECTORY = 'this directory';

export interface LoadedHere extends LoadedOptions {
  /** What is said of a policy or an option file that was taken although the machine has another; undefined: it is not so. */
  readonly note: string | undefined;
}

/** What the words say of an option, the last of several. */
const namedIn = (words: readonly string[], option: 'script' | 'file'): string | undefined =>
  words.findLast((word) => new RegExp(`^${option}\\+?=`, 'i').test(word))?.replace(/^[^=]*=/, '');

/**
 * The options of `words`. When no option file is named, smtpe.cf beside the policy is it; when no policy is named either and there is policy.lua in the
 * working directory, it is the policy, or what smtpe.cf beside it names. Those of the machine do not count then.
 */
export async function loadHere(words: readonly string[], readFile: ReadFile): Promise<LoadedHere> {
  const script = namedIn(words, 'script');
  if (namedIn(words, 'file') !== undefined)
    return { ...(await loadOptions(words, readFile)), note: undefined };
  if (script !== undefined) return loadBeside(script, words, readFile);
  if (!(await isThere(HERE))) return { ...(await loadOptions(words, readFile)), note: undefined };
  const beside = await optionFileBeside(HERE);
  const loaded = await loadOptions([`file=${beside ?? ''}`, ...words], readFile);
  if (loaded.options.values.script === '') loaded.options.set('script', HERE, THIS_DIRECTORY);
  const other = await defaultOptionFile(readFile);
  const note =
    other === undefined
      ? undefined
      : `the policy of this directory was taken; that of the server of this machine: file=${other}`;
  return { ...loaded, note };
}

/** With the option file beside the policy that is named, the first of several; where that names it as one of several, with those. */
async function loadBeside(script: string, words: readonly string[], readFile: ReadFile): Promise<LoadedHere> {
  const [path = script] = (await isThere(script)) ? [script] : splitList(script);
  const beside = await optionFileBeside(path);
  if (beside === undefined) return { ...(await loadOptions(words, readFile)), note: undefined };
  const loaded = await loadOptions([`file=${beside}`, ...words], readFile);
  if (path === script) {
    const alone = await loadOptions([`file=${beside}`], readFile);
    const { more, path: first } = withOthers({ path, more: [] }, beside, alone.options.values.script);
    if (more.length > 0)
      loaded.options.set('script', [first, ...more].join(' '), alone.options.origin('script'));
  }
  const other = await defaultOptionFile(readFile);
  const note =
    other === undefined
      ? undefined
      : `the options are those of ${beside}; those of the server of this machine: file=${other}`;
  return { ...loaded, note };
}

async function defaultOptionFile(readFile: ReadFile): Promise<string | undefined> {
  for (const path of defaultOptionFiles) if ((await readFile(path)).kind !== 'missing') return path;
  return undefined;
}

export type PolicyFor =
  | (ScriptPaths & { readonly kind: 'found'; readonly optionFile: string | undefined })
  | { readonly kind: 'missing'; readonly problem: string };

/** Where a policy is played to: what `options` name, and the option file that counts: the one beside the policy, else the one that was read. */
export async function policyFor(options: Options): Promise<PolicyFor> {
  const found = await findScript(options);
  if (found.kind === 'missing') return found;
  const isNamed = options.values.script !== '' && options.origin('script') === 'command line';
  const read = isNamed || options.values.file === '' ? undefined : options.values.file;
  return { ...found, optionFile: (await optionFileBeside(found.path)) ?? read };
}
