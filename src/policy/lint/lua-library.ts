// What stands in the tables of Lua's own libraries, of 5.1 and 5.4 together, as policies have them: for names in them that there are not.
import { nearestName } from '../../base/nearest-name.ts';
import type { Mistake } from './mistake.ts';
import type { Use } from './names.ts';

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

export const luaLibraries: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [
    'string',
    words(
      'byte char dump find format gfind gmatch gsub len lower match pack packsize rep reverse sub unpack upper',
    ),
  ],
  ['table', words('concat foreach foreachi getn insert maxn move pack remove setn sort unpack')],
  [
    'math',
    words(`abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge ldexp log log10 max maxinteger min mininteger mod modf pi pow rad
      random randomseed sin sinh sqrt tan tanh tointeger type ult`),
  ],
  ['os', words('clock date difftime execute exit getenv remove rename setlocale time tmpname')],
  ['io', words('close flush input lines open output popen read stderr stdin stdout tmpfile type write')],
  ['coroutine', words('close create isyieldable resume running status wrap yield')],
  ['utf8', words('char charpattern codepoint codes len offset')],
]);

/** Of each the first use. A library that the policy adds to, and who makes another environment, is let alone. */
export function unknownLibraryNames(reads: readonly Use[], own: ReadonlySet<string>): readonly Mistake[] {
  const changed = new Set([...own].map((path) => path.split('.')[0]));
  // The table as a whole: string[name] = f, setmetatable(string, ...).
  for (const { path } of reads) if (path.length === 1) changed.add(path[0]);
  const seen = new Set<string>();
  return reads.flatMap(({ at, path }) => {
    const [library = '', name] = path;
    const names = luaLibraries.get(library);
    if (names === undefined || name === undefined || names.has(name) || changed.has(library)) return [];
    const whole = `${library}.${name}`;
    if (seen.has(whole)) return [];
    seen.add(whole);
    const near = nearestName(name, [...names]);
    return [
      { ...at, text: `Lua has no ${whole}${near === undefined ? '' : `; did you mean ${library}.${near}?`}` },
    ];
  });
}
