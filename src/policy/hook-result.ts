// What the values mean that a hook returned: [drop_flag,] reply. Whatever is not exactly that is a failed hook: a refusal that is written
// slightly wrong must not accept.
import type { Bridge } from '../lua/bridge.ts';
import type { Core } from '../lua/core.ts';
import { LuaError } from '../lua/function-spec.ts';
import type { Reader, TaskLimits } from '../lua/task.ts';
import type { LuaValue } from '../lua/value.ts';
import { type LuaApi, type State, Type } from '../lua/wasm-api.ts';
import type { OptionValues } from '../options/option-table.ts';
import type { HookOutcome, ResultSketch } from './instance.ts';

export type Returned = Extract<HookOutcome, { kind: 'returned' | 'misshapen' }>;

/** A hook that returned nothing: by far the most frequent outcome. */
const nothingReturned: Returned = { kind: 'returned', reply: undefined, drop: false, values: [] };

export interface RowReturned {
  readonly kind: 'row';
  readonly done: number;
  readonly outcome: Returned;
}

const noReferences = (ref: { release(): void }): void => ref.release();

/** Results that are looked at one by one for a message. */
const MOST_SKETCHES = 4;

/** Whether the result at `index` may be the reply: a string, or a number without a fraction. What the text says is not looked at here. */
function isText(api: LuaApi, L: State, index: number): boolean {
  const type = api.lua_type(L, index);
  return type === Type.string || (type === Type.number && Number.isInteger(api.lua_tonumberx(L, index, 0)));
}

/** The `count` results on top of `L`, at most the first few, for a message. */
function sketch(api: LuaApi, bridge: Bridge, L: State, count: number): readonly ResultSketch[] {
  const sketches: ResultSketch[] = [];
  for (let i = 0; i < Math.min(count, MOST_SKETCHES); i++) {
    const index = i - count;
    switch (api.lua_type(L, index)) {
      case Type.nil:
        sketches.push({ type: 'nil' });
        break;
      case Type.boolean:
        sketches.push({ type: 'boolean', text: String(api.lua_toboolean(L, index) !== 0) });
        break;
      case Type.number:
        sketches.push({ type: 'number', text: String(api.lua_tonumberx(L, index, 0)) });
        break;
      case Type.string:
        sketches.push({ type: 'string', text: bridge.pullString(L, index) });
        break;
      case Type.table:
        sketches.push({ type: 'table' });
        break;
      case Type.function:
        sketches.push({ type: 'function' });
        break;
      case Type.thread:
        sketches.push({ type: 'coroutine' });
        break;
      default:
        sketches.push({ type: 'userdata' });
    }
  }
  return sketches;
}

/**
 * Reads the `count` results of a hook on top of `L`: nothing, a reply, a boolean, or a boolean (or nil) and a reply. Only nils are nothing,
 * however many; everything else is misshapen.
 */
export function readHookResult(api: LuaApi, bridge: Bridge, L: State, count: number): Returned {
  if (count === 0) return nothingReturned;
  if (count <= 2) {
    const flag = count === 2 ? api.lua_type(L, -2) : Type.nil;
    const last = api.lua_type(L, -1);
    const drop = flag === Type.boolean && api.lua_toboolean(L, -2) !== 0;
    if (flag === Type.nil || flag === Type.boolean) {
      if (isText(api, L, -1)) {
        const reply = last === Type.string ? bridge.pullString(L, -1) : String(api.lua_tonumberx(L, -1, 0));
        return replied(reply, drop, count);
      }
      if (last === Type.nil)
        return drop ? { kind: 'returned', reply: undefined, drop, values: [drop] } : nothingReturned;
    }
    if (count === 1 && last === Type.boolean) {
      const alone = api.lua_toboolean(L, -1) !== 0;
      return { kind: 'returned', reply: undefined, drop: alone, values: [alone] };
    }
  } else if (allNil(api, L, count)) return nothingReturned;
  return { kind: 'misshapen', results: sketch(api, bridge, L, count), count };
}

function replied(reply: string, drop: boolean, count: number): Returned {
  return { kind: 'returned', reply, drop, values: count === 1 ? [reply] : [drop, reply] };
}

function allNil(api: LuaApi, L: State, count: number): boolean {
  for (let i = 1; i <= count; i++) if (api.lua_type(L, -i) !== Type.nil) return false;
  return true;
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
  /** For the file level of a policy: what it returns is nobody's business. */
  readonly readNothing: Reader<Returned>;
  /** For a hook that Lua itself looked up: it may turn out that there is none. */
  readonly readLookedUp: Reader<Returned | Extract<HookOutcome, { kind: 'undefined' | 'not-callable' }>>;
  /** How many calls of a row were done, and the results of the last one. */
  readonly readRow: Reader<RowReturned>;
  /** All results, for `+test`. */
  readonly readAll: Reader<Returned>;
  #limits: Limits | undefined;
  #values: OptionValues | undefined;

  constructor(core: Core) {
    const { api, bridge } = core;
    this.readHook = (L, count) => readHookResult(api, bridge, L, count);
    this.readNothing = () => nothingReturned;
    this.readLookedUp = (L, count) => {
      if (count === 0 || api.lua_touserdata(L, -count) !== core.tag) {
        return readHookResult(api, bridge, L, count);
      }
      if (count === 1) return { kind: 'undefined' };
      return { kind: 'not-callable', what: 'hook', type: bridge.pullString(L, -1) };
    };
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

  /** Of a run of `what`, e.g. `hook.rcpt`. */
  limits(values: OptionValues, what: string): TaskLimits {
    if (this.#values !== values || this.#limits === undefined) {
      this.#values = values;
      this.#limits = limitsFrom(values);
    }
    return what === 'hook.close' || what === 'hook.error' ? this.#limits.atEnd : this.#limits.usual;
  }
}

interface Limits {
  readonly usual: TaskLimits;
  /** For the hooks of a connection that is over: nobody's place is to be held for long. */
  readonly atEnd: TaskLimits;
}

function limitsFrom(values: OptionValues): Limits {
  const usual = {
    cpu: values['hook-cpu-limit'],
    time: values['hook-time-limit'] * 1000,
    pending: values['hook-max-pending'],
    memory: values['lua-max-memory'] * 1_048_576,
  };
  return { usual, atEnd: { ...usual, time: Math.min(usual.time, values['hook-close-limit'] * 1000) } };
}
