// Where require looks for the Lua files of a policy, in which order.

import { dirname, join } from 'node:path';
import { splitList } from '../base/lists.ts';
import { latin1Of } from '../lua/source.ts';

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
 * the API have their place too, so that nothing of the same name in the system is taken for ours; then lua-path; last what is there for
 * scripts from elsewhere, which a module of the system may stand in for.
 */
export function packagePathOf(script: string | undefined, places: SearchPlaces): string {
  const own = script === undefined ? [] : templatesOf(dirname(script));
  const compat = templatesOf(join(places.libLuaDirectory, 'compat'));
  return latin1Of(
    [...own, ...templatesOf(places.libLuaDirectory), ...splitList(places.luaPath), ...compat].join(';'),
  );
}
