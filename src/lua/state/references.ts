// Values that TypeScript holds on to: anchored in Lua's registry until released. LuaRef for what only passes through,
// LiveTable for tables that go on being filled.

import type { LiveTable, LuaRef, LuaValue } from '../../lua-api/value.ts';
import type { Bridge } from './bridge.ts';
import { type LuaApi, registry, type State } from './wasm-api.ts';

/** A registry reference, or none once released. */
export class Anchor implements LuaRef {
  readonly kind = 'ref';
  readonly #api: LuaApi;
  readonly #main: State;
  #ref: bigint | undefined;

  /** Takes the value from the top of the stack of `L`. */
  constructor(api: LuaApi, main: State, L: State) {
    this.#api = api;
    this.#main = main;
    this.#ref = BigInt(api.luaL_ref(L, registry));
  }

  /** Pushes the value; nil once released. */
  push(L: State): void {
    if (this.#ref === undefined) this.#api.lua_pushnil(L);
    else this.#api.lua_rawgeti(L, registry, this.#ref);
  }

  get released(): boolean {
    return this.#ref === undefined;
  }

  release(): void {
    if (this.#ref === undefined) return;
    this.#api.luaL_unref(this.#main, registry, Number(this.#ref));
    this.#ref = undefined;
  }
}

export class LiveLuaTable implements LiveTable {
  readonly kind = 'live-table';
  readonly #bridge: Bridge;
  readonly #anchor: Anchor;
  #length = 0;

  constructor(bridge: Bridge, anchor: Anchor) {
    this.#bridge = bridge;
    this.#anchor = anchor;
  }

  get anchor(): Anchor {
    return this.#anchor;
  }

  append(value: LuaValue): void {
    if (this.#anchor.released) return;
    this.#length += 1;
    this.#bridge.store(this.#anchor, this.#length, value);
  }

  set(key: string, value: LuaValue): void {
    if (!this.#anchor.released) this.#bridge.store(this.#anchor, key, value);
  }

  release(): void {
    this.#anchor.release();
  }
}
