// What the values mean that a hook returned: [drop_flag,] reply.
import type { Bridge } from '../lua/bridge.ts';
import type { Core } from '../lua/core.ts';
import { LuaError } from '../lua/function-spec.ts';
import type { Reader, TaskLimits } from '../lua/task.ts';
import type { LuaValue } from '../lua/value.ts';
import { type LuaApi, type State, Type } from '../lua/wasm-api.ts';
import type { OptionValues } from '../options/option-table.ts';
import type { HookOutcome } from './instance.ts';

export type Returned = Extract<HookOutcome, { kind: 'returned' }>;

/** A hook that returned nothing: by far the most frequent outcome. */
const nothingReturned: Returned = { kind: 'returned', reply: undefined, drop: false, values: [] };

export interface RowReturned {
  readonly kind: 'row';
  readonly done: number;
  readonly outcome: Returned;
}

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

/** A table that is too deep or too large to cross is a text that says so. */
function shown(pull: () => LuaValue): LuaValue {
  try {
    return pull();
  } catch (error) {
    if (error instanceof LuaError) return `(${error.message})`;
    throw error;
  }
}

/** Readers of results, and the limits of a run, made once for all connections. */
export class RunSettings {
  readonly readHook: Reader<Returned>;
  /** For a hook that Lua itself looked up: it may turn out that there is none. */
  readonly readLookedUp: Reader<Returned | { readonly kind: 'undefined' }>;
  /** How many calls of a row were done, and the results of the last one. */
  readonly readRow: Reader<RowReturned>;
  /** All results, for `+test`. */
  readonly readAll: Reader<Returned>;
  #limits: TaskLimits | undefined;
  #values: OptionValues | undefined;

  constructor(core: Core) {
    const { api, bridge } = core;
    this.readHook = (L, count) => readHookResult(api, bridge, L, count);
    this.readLookedUp = (L, count) =>
      count === 1 && api.lua_touserdata(L, -1) === core.tag
        ? { kind: 'undefined' }
        : readHookResult(api, bridge, L, count);
    this.readRow = (L, count) => ({
      kind: 'row',
      done: api.lua_tonumberx(L, -count, 0),
      outcome: readHookResult(api, bridge, L, count - 1),
    });
    this.readAll = (L, count) => {
      const values: LuaValue[] = [];
      for (let i = count; i > 0; i--) values.push(shown(() => bridge.pull(L, -i, noReferences)));
      return { kind: 'returned', reply: undefined, drop: false, values };
    };
  }

  limits(values: OptionValues): TaskLimits {
    if (this.#limits === undefined || this.#values !== values) {
      this.#values = values;
      this.#limits = {
        cpu: values['hook-cpu-limit'],
        time: values['hook-time-limit'] * 1000,
        pending: values['hook-max-pending'],
        memory: values['lua-max-memory'] * 1_048_576,
      };
    }
    return this.#limits;
  }
}
