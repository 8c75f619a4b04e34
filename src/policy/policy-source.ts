// What a revision of a policy is made of, as one value: the script and the Lua files that it loaded. Plain data, so that one process can
// hold the last good revision and hand it to others (JSON, structured clone), whatever has become of the files meanwhile.
import { dirname, join } from 'node:path';
import { latin1Of, type ScriptTexts } from '../lua/script-files.ts';
import { splitList } from '../options/options.ts';

export interface PolicySource extends ScriptTexts {
  /** The script, as the option names it. */
  readonly path: string;
  /** latin1: one character a byte. */
  readonly text: string;
}

export interface SearchPlaces {
  /** Option lua-path: a list of templates, looked at last. */
  readonly luaPath: string;
  readonly libLuaDirectory: string;
}

const templatesOf = (directory: string): readonly string[] => [
  join(directory, '?.lua'),
  join(directory, '?', 'init.lua'),
];

/**
 * The initial package.path: the directory of the script, so that no module of an author is passed over; lib-lua, where the modules of
 * the API have their place too, so that nothing of the same name in the system is taken for ours; then lua-path.
 */
export function packagePathOf(script: string | undefined, places: SearchPlaces): string {
  const own = script === undefined ? [] : templatesOf(dirname(script));
  return latin1Of([...own, ...templatesOf(places.libLuaDirectory), ...splitList(places.luaPath)].join(';'));
}
