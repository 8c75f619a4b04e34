// What the values mean that a hook returned: [drop_flag,] reply.
import type { Bridge } from '../lua/bridge.ts';
import type { LuaValue } from '../lua/value.ts';
import { type LuaApi, type State, Type } from '../lua/wasm-api.ts';
import type { HookOutcome } from './instance.ts';

export type Returned = Extract<HookOutcome, { kind: 'returned' }>;

/** A hook that returned nothing: by far the most frequent outcome. */
export const nothingReturned: Returned = { kind: 'returned', reply: undefined, drop: false, values: [] };

const noReferences = (ref: { release(): void }): void => ref.release();

/**
 * Reads the last result and the one before it. The last one is the reply when it is a string or a number; the truth of the one
 * before it is the drop flag. Without a reply only a boolean drops: alone, or before nil.
 */
export function readHookResult(api: LuaApi, bridge: Bridge, L: State, count: number): Returned {
  if (count === 0) return nothingReturned;
  const last = api.lua_type(L, -1);
  if (last === Type.string || last === Type.number) {
    const reply = bridge.pullString(L, -1);
    if (count === 1) return { kind: 'returned', reply, drop: false, values: [reply] };
    const drop = api.lua_toboolean(L, -2) !== 0;
    return { kind: 'returned', reply, drop, values: [drop, reply] };
  }
  const flag = count === 1 ? -1 : last === Type.nil ? -2 : 0;
  if (flag !== 0 && api.lua_type(L, flag) === Type.boolean) {
    const drop = api.lua_toboolean(L, flag) !== 0;
    return { kind: 'returned', reply: undefined, drop, values: [drop] };
  }
  return nothingReturned;
}

/** All results, for `+test`. */
export function readAll(bridge: Bridge, L: State, count: number): Returned {
  const values: LuaValue[] = [];
  for (let i = count; i > 0; i--) values.push(bridge.pull(L, -i, noReferences));
  return { kind: 'returned', reply: undefined, drop: false, values };
}
