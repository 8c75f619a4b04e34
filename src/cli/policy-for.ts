// Which policy is played to where none is named (smtpe trace FILE, smtpe replay): the one that stands here, else that of the server of this machine.
import { access } from 'node:fs/promises';
import type { ScriptPaths } from '../app.ts';
import { defaultOptionFiles } from '../options/load-options.ts';
import type { Options } from '../options/options.ts';
import { findScript } from './start-checks.ts';

export const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

export type PolicyFor =
  | (ScriptPaths & { readonly kind: 'found'; readonly optionFile: string | undefined })
  | { readonly kind: 'missing'; readonly problem: string };

/** The one that is named, else policy.lua here, else that of the server of this machine, with its options. */
export async function policyFor(options: Options): Promise<PolicyFor> {
  const isNamed = options.values.script !== '' && options.origin('script') === 'command line';
  if (!isNamed && (await isThere('policy.lua')))
    return { kind: 'found', path: 'policy.lua', more: [], optionFile: undefined };
  const found = await findScript(options);
  if (found.kind === 'missing') return found;
  const files = await Promise.all(
    defaultOptionFiles.map(async (path) => ((await isThere(path)) ? [path] : [])),
  );
  return { ...found, optionFile: isNamed ? undefined : files.flat()[0] };
}
