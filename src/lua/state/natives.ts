// C functions of Lua written in TypeScript. One real C function serves all of them; the closure's upvalue says which one is meant
// (making a C function costs 14 µs, a closure nothing). No exception of ours ever crosses Lua frames but a kill.
import { traceOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { LuaError } from '../../lua-api/function-spec.ts';
import type { Bridge } from './bridge.ts';
import { HookKilled, LimitReached } from './kill.ts';
import { isLuaThrow, type LoadedWasm } from './wasm.ts';
import { type LuaApi, type State, upvalueIndex } from './wasm-api.ts';

/** Arguments are on the stack of `L` from 1; pushes its results and gives their number. May throw LuaError. */
export type Native = (L: State) => number;

interface Entry {
  readonly name: string;
  /** The level of the Lua function to which errors are attributed: 1 is the caller. */
  readonly level: number;
  readonly run: Native;
}

export interface NativeParts {
  /** Stops the run. */
  readonly kill: (L: State, limit: LimitReached) => never;
  /** Goes on with the native that gave way. */
  readonly goOn: Native;
}

export class Natives {
  readonly #api: LuaApi;
  readonly #bridge: Bridge;
  readonly #log: Log;
  readonly #parts: NativeParts;
  readonly #entries: Entry[] = [];
  readonly #dispatcher: number;
  /** For lua_yieldk: goes on with the native that gave way. */
  readonly continuation: number;

  constructor(wasm: LoadedWasm, bridge: Bridge, log: Log, parts: NativeParts) {
    this.#api = wasm.api;
    this.#bridge = bridge;
    this.#log = log;
    this.#parts = parts;
    this.#dispatcher = wasm.addFunction((L) => this.#dispatch(L as State), 'ii');
    const goOn: Native = (L) => parts.goOn(L);
    this.continuation = wasm.addFunction((L) => this.#run(L as State, this.#entry(L as State), goOn), 'iiii');
  }

  /** Pushes a Lua function that runs `run`. `name` is for errors; give `level` 2 when a Lua wrapper calls it. */
  push(L: State, name: string, run: Native, level = 1): void {
    this.#api.lua_pushlightuserdata(L, this.define(name, run, level));
    this.#api.lua_pushcclosure(L, this.#dispatcher, 1);
  }

  /** The number of a native, for `pushBound`. Never given back. */
  define(name: string, run: Native, level = 1): number {
    return this.#entries.push({ name, level, run }) - 1;
  }

  /** Pushes a Lua function that runs a native; the value on top of the stack becomes its second upvalue. */
  pushBound(L: State, id: number): void {
    this.#api.lua_pushlightuserdata(L, id);
    this.#api.lua_rotate(L, -2, 1);
    this.#api.lua_pushcclosure(L, this.#dispatcher, 2);
  }

  #entry(L: State): Entry | undefined {
    return this.#entries[this.#api.lua_touserdata(L, upvalueIndex(1))];
  }

  #dispatch(L: State): number {
    const entry = this.#entry(L);
    return this.#run(L, entry, entry?.run);
  }

  #run(L: State, entry: Entry | undefined, run: Native | undefined): number {
    if (entry === undefined || run === undefined) return 0;
    let message: string;
    try {
      return run(L);
    } catch (error) {
      if (isLuaThrow(error) || error instanceof HookKilled) throw error;
      if (error instanceof LimitReached) this.#parts.kill(L, error);
      message = error instanceof LuaError ? error.message : this.bug(entry.name, error);
    }
    return this.raise(L, message, entry.level);
  }

  /** Logs an exception that should not have happened and gives the text that Lua sees. */
  bug(name: string, error: unknown): string {
    const cause = traceOf(error);
    this.#log.emit('function-bug', { cause, function: name });
    return `internal error in ${name}`;
  }

  /** Raises a Lua error with the position of the function at `level`. Does not return. */
  raise(L: State, message: string, level: number): never {
    this.#api.lua_settop(L, 0);
    this.#api.luaL_where(L, level);
    this.#bridge.pushBytes(L, message);
    this.#api.lua_concat(L, 2);
    this.#api.lua_error(L);
    throw new Error('lua_error returned');
  }
}
