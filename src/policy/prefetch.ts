// Reads the modules that the files of a revision name in so many words (`require 'lists'` within a hook, `dofile('tables.lua')`), before
// the revision is put in service: what a hook requires later is then the file of that moment, and a mistake of syntax in it is found now.
// Looks at the text only: names that are put together at run time are read when they are first asked for.
import { dirname } from 'node:path';
import type { ScriptFiles } from '../lua/script.ts';
import { absolutePath, latin1Of, type Token, tokensOf } from '../lua/source.ts';

/** `require` looks along package.path; the others take a path. */
const loaders = new Set(['require', 'dofile', 'loadfile']);

interface Named {
  readonly how: string;
  readonly what: string;
}

/** What stands between the quotes, when it is nothing that needs reading by Lua's rules. */
function plainText(source: string, token: Token | undefined): string | undefined {
  if (token?.kind !== 'string') return undefined;
  return /^(["'])([^\\\n]*)\1$/.exec(source.slice(token.start, token.end))?.[2];
}

/** The calls `require 'x'`, `require('x')` and their kin in Lua source. */
export function namedFiles(source: string): readonly Named[] {
  if (!/\b(?:require|dofile|loadfile)\b/.test(source)) return [];
  const tokens = tokensOf(source);
  const found: Named[] = [];
  tokens.forEach((token, i) => {
    if (token.kind !== 'name' || !loaders.has(token.text)) return;
    if (['.', ':', 'function'].includes(tokens[i - 1]?.text ?? '')) return;
    const bare = tokens[i + 1]?.kind === 'string';
    if (!bare && (tokens[i + 1]?.text !== '(' || tokens[i + 3]?.text !== ')')) return;
    const what = plainText(source, tokens[bare ? i + 1 : i + 2]);
    if (what !== undefined) found.push({ how: token.text, what });
  });
  return found;
}

export interface PrefetchPlaces {
  /** Absolute path of the script. */
  readonly script: string;
  /** package.path after the file level; latin1. */
  readonly packagePath: string;
  readonly libLuaDirectory: string;
}

/** The file that `require` would take, those that come with the engine left out; undefined when there is none. */
function find(name: string, scripts: ScriptFiles, places: PrefetchPlaces): string | undefined {
  const library = `${latin1Of(places.libLuaDirectory)}/`;
  const part = name.replaceAll('.', '/');
  return places.packagePath
    .split(';')
    .filter((template) => template !== '' && !template.startsWith(library))
    .map((template) => template.replaceAll('?', () => part))
    .find((path) => scripts.has(path));
}

/**
 * Reads and compiles what the script `text` and its modules name. The message of the first file in the script's directory that does not
 * compile; a library elsewhere may hold files for another Lua that it never loads here.
 */
export function prefetch(text: string, scripts: ScriptFiles, places: PrefetchPlaces): string | undefined {
  const own = `${latin1Of(dirname(places.script))}/`;
  const seen = new Set<string>();
  const look = (source: string): string | undefined => {
    for (const { how, what } of namedFiles(source)) {
      const path = how === 'require' ? find(what, scripts, places) : scripts.has(what) ? what : undefined;
      if (path === undefined || seen.has(path)) continue;
      seen.add(path);
      const problem = scripts.check(path);
      if (problem !== undefined && absolutePath(path).startsWith(own)) return problem;
      const failed = look(scripts.textOf(path) ?? '');
      if (failed !== undefined) return failed;
    }
    return undefined;
  };
  for (const source of [text, ...scripts.texts().files.map((file) => file.text)]) {
    const problem = look(source);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
