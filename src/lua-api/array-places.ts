// Where the entries of an array from Lua stand. Nothing behind a hole is ever passed over in silence: it may be a recipient, a limit or a
// key that is to be asked for. Names beside the places (`n` of table.pack) are no part of the array.
import type { LuaValue } from './value.ts';

/** What is expected of an array whose first `count` places are taken when it has others too; undefined when it has none. */
export function expectedWithoutHoles(
  table: ReadonlyMap<LuaValue, LuaValue>,
  count: number,
): string | undefined {
  if (table.size === count) return undefined;
  for (const key of table.keys()) {
    if (typeof key !== 'number' || (Number.isInteger(key) && key >= 1 && key <= count)) continue;
    const place = Number.isInteger(key) && key > count ? 'is not' : 'is no place in it';
    return `array without holes ([${count + 1}] is nil, [${key}] ${place})`;
  }
  return undefined;
}
