// Makes Lua functions of FunctionSpecs: reads and checks arguments, calls, pushes results, suspends the caller when the answer is
// not there yet.

import { nearestName } from '../../base/nearest-name.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import type { AttributeSpec, ClassSpec } from '../../lua-api/class-spec.ts';
import {
  type FunctionSpec,
  LuaError,
  type LuaResults,
  type Param,
  readArguments,
  type Suspension,
} from '../../lua-api/function-spec.ts';
import { LuaFunction, LuaObject, type LuaValue, luaTypeName } from '../../lua-api/value.ts';
import type { Bridge } from './bridge.ts';
import type { Native } from './natives.ts';
import type { Anchor } from './references.ts';
import { type LuaApi, type Pointer, type State, upvalueIndex } from './wasm-api.ts';

/** Whoever is running Lua now. */
export interface Caller {
  readonly context: CallContext;
  readonly keep: (ref: Anchor) => void;
  /** The coroutine is going to yield for `suspension`. Throws HookKilled when the limit of pending operations is reached. */
  suspend(suspension: Suspension, name: string): void;
}

export interface CallEnvironment {
  readonly api: LuaApi;
  readonly bridge: Bridge;
  /** The address that marks an engine wait among yielded values. */
  readonly tag: Pointer;
  /** Whether what is running can be suspended. */
  canYield(): boolean;
  /** Yields the tag; `goOn` is called, in its place, with the answer on an otherwise empty stack. */
  waitForAnswer(L: State, goOn: Native): never;
  /** Throws when no policy is running. */
  caller(): Caller;
}

const noArguments: readonly LuaValue[] = [];

/** The native behind a function of a module; `name` is its full name. */
export function functionNative(env: CallEnvironment, name: string, spec: FunctionSpec): Native {
  // Lua's own libraries speak of `popen`, not of `io.popen`.
  const shown = spec.shown ?? name.replace(/^(?:io|os)\./, '');
  const waiting = spec.shown ?? name;
  return (L) => {
    const caller = env.caller();
    const read = readArguments(shown, spec.params, pullArguments(env, caller, L, 1, spec.params));
    if (!read.ok) throw new LuaError(read.error);
    return finish(env, caller, L, waiting, spec.suspends, spec.call(caller.context, read.args));
  };
}

/** The native behind a method: the first Lua argument is the object. */
export function methodNative(env: CallEnvironment, cls: ClassSpec, spec: FunctionSpec): Native {
  const name = `${cls.name}:${spec.name}`;
  return (L) => {
    const caller = env.caller();
    const self = env.bridge.pullAs(L, 1, 'scalar', caller.keep);
    if (!(self instanceof LuaObject) || self.class !== cls) {
      throw new LuaError(`calling '${name}' on bad self (${cls.name} expected, got ${luaTypeName(self)})`);
    }
    const rest = pullArguments(env, caller, L, 2, spec.params);
    const read = readArguments(name, spec.params, rest);
    if (!read.ok) throw new LuaError(read.error);
    return finish(env, caller, L, name, spec.suspends, spec.call(caller.context, [self.value, ...read.args]));
  };
}

/** The object at `index` when it is one of the class. */
function objectAt(env: CallEnvironment, cls: ClassSpec, L: State, index: number): LuaObject | undefined {
  const object = env.bridge.objectAt(L, index);
  return object?.class === cls ? object : undefined;
}

/** The native that reads an attribute of an object. */
export function attributeNative(env: CallEnvironment, cls: ClassSpec, spec: AttributeSpec): Native {
  return (L) => {
    const self = objectAt(env, cls, L, 1);
    env.bridge.push(L, self === undefined ? undefined : spec.read(self.value));
    return 1;
  };
}

/** The native that is asked for a name that a closed class has not. */
export function missingNative(env: CallEnvironment, cls: ClassSpec): Native {
  const names = [...cls.methods, ...(cls.attributes ?? [])].map(({ name }) => name);
  return (L) => {
    const key = env.bridge.pull(L, 2, (ref) => ref.release());
    const name = typeof key === 'string' ? key : luaTypeName(key);
    const near = nearestName(name, names);
    const hint = near === undefined ? `it has ${names.join(', ')}` : `did you mean ${near}?`;
    throw new LuaError(`a ${cls.name} has no ${name.slice(0, 60)}; ${hint}`);
  };
}

/** The native behind tostring. */
export function textNative(env: CallEnvironment, cls: ClassSpec, text: (value: unknown) => string): Native {
  return (L) => {
    const self = objectAt(env, cls, L, 1);
    env.bridge.push(L, self === undefined ? cls.name : text(self.value));
    return 1;
  };
}

/** The native behind ==. */
export function sameNative(
  env: CallEnvironment,
  cls: ClassSpec,
  same: (a: unknown, b: unknown) => boolean,
): Native {
  return (L) => {
    const [a, b] = [objectAt(env, cls, L, 1), objectAt(env, cls, L, 2)];
    env.bridge.push(L, a !== undefined && b !== undefined && same(a.value, b.value));
    return 1;
  };
}

/**
 * The native behind functions that are values: the function is the second upvalue. It waits by itself, as no Lua of ours is around it.
 */
export function valueNative(env: CallEnvironment): Native {
  return (L) => {
    const spec = env.bridge.objectAt(L, upvalueIndex(2))?.value;
    if (!(spec instanceof LuaFunction)) throw new Error('a function value without its function');
    const count = functionNative(env, spec.spec.name, spec.spec)(L);
    const waits = spec.spec.suspends && count === 1 && env.api.lua_touserdata(L, -1) === env.tag;
    return waits ? env.waitForAnswer(L, (later) => answer(env, later)) : count;
  };
}

/** What came of a wait lies on the stack: true and the results, or false and the text of the error. */
function answer(env: CallEnvironment, L: State): number {
  if (env.api.lua_toboolean(L, 1) === 0) throw new LuaError(env.bridge.pullString(L, 2));
  return env.api.lua_gettop(L) - 1;
}

/** The native that reads a lazy field. */
export function lazyNative(
  env: CallEnvironment,
  name: string,
  read: (context: CallContext) => LuaValue | Suspension,
): Native {
  return (L) => {
    const caller = env.caller();
    const value = read(caller.context);
    return finish(env, caller, L, name, true, isSuspension(value) ? value : [value]);
  };
}

/** The arguments from stack index `first` on. */
function pullArguments(
  env: CallEnvironment,
  caller: Caller,
  L: State,
  first: number,
  params: readonly Param<unknown>[],
): readonly LuaValue[] {
  const count = Math.min(env.api.lua_gettop(L) - first + 1, params.length);
  if (count <= 0) return noArguments;
  const values: LuaValue[] = new Array(count);
  for (let i = 0; i < count; i++)
    values[i] = env.bridge.pullAs(L, first + i, params[i]?.crossing ?? 'value', caller.keep);
  return values;
}

function isSuspension(value: unknown): value is Suspension {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'suspension';
}

function finish(
  env: CallEnvironment,
  caller: Caller,
  L: State,
  name: string,
  suspends: boolean,
  result: LuaResults | Suspension,
): number {
  if (!isSuspension(result)) return pushResults(env, L, result);
  if (!suspends) {
    result.cancel();
    throw new Error(`${name} suspends but is not declared so`);
  }
  if (!env.canYield()) {
    result.cancel();
    throw new LuaError(
      `${name} would have to wait, which is not possible in a function called by a C function such as table.sort or string.gsub`,
    );
  }
  caller.suspend(result, name);
  env.api.lua_pushlightuserdata(L, env.tag);
  return 1;
}

/** Pushes `values` and gives their number. */
function pushResults(env: CallEnvironment, L: State, values: LuaResults): number {
  if (values.length > 8 && env.api.lua_checkstack(L, values.length + 8) === 0)
    throw new LuaError('too many results');
  for (const value of values) env.bridge.push(L, value);
  return values.length;
}
