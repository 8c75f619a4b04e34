// Which policy is looked at where none is named (smtpe check, talk, trace FILE, replay): the one that stands here, with the option file beside it, else
// that of the server of this machine. A server never takes what happens to stand where it is started.
import { access } from 'node:fs/promises';
import type { ScriptPaths } from '../app.ts';
import { optionFileBeside } from '../bench/find-tests.ts';
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
  /** What is said of a policy that was taken because it stands here although the machine has another; undefined: it is not so. */
  readonly note: string | undefined;
}

/**
 * The options of `words`. When neither a policy nor an option file is named and there is policy.lua in the working directory, it is the policy (or what
 * smtpe.cf beside it names) and smtpe.cf, if there, the option file; those of the machine do not count.
 */
export async function loadHere(words: readonly string[], readFile: ReadFile): Promise<LoadedHere> {
  const isNamed = words.some((word) => /^(?:script|file)\+?=/i.test(word));
  if (isNamed || !(await isThere(HERE))) return { ...(await loadOptions(words, readFile)), note: undefined };
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
