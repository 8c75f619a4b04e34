// What a run has returned, as whoever called it reads it: values by their place, from 0. Valid only while it is being read.
import type { LuaRef, LuaValue } from '../../lua-api/value.ts';
import type { Bridge } from '../state/bridge.ts';
import type { Anchor } from '../state/references.ts';
import { type LuaApi, type LuaType, type Pointer, type State, Type, typeNameOf } from '../state/wasm-api.ts';

/** Reads the results of a run that has returned. Make it once: it is called for every hook. */
export type Reader<T> = (results: Results) => T;

/** Whoever keeps references: they are released when it ends. */
type Keep = (ref: Anchor) => void;

const released: Keep = (ref) => ref.release();

export class Results {
  readonly #api: LuaApi;
  readonly #bridge: Bridge;
  /** The address that no policy can make: marks what the engine's own Lua says. */
  readonly #tag: Pointer;
  #L: State = 0;
  #keep: Keep = released;
  count = 0;

  constructor(api: LuaApi, bridge: Bridge, tag: Pointer) {
    this.#api = api;
    this.#bridge = bridge;
    this.#tag = tag;
  }

  /** The `count` values on top of `L`. One object serves all runs: they are read one at a time. */
  of(L: State, count: number, keep: Keep): this {
    this.#L = L;
    this.count = count;
    this.#keep = keep;
    return this;
  }

  /** Leaves out the first `n`. */
  skip(n: number): void {
    this.count = Math.max(0, this.count - n);
  }

  /** `nil` beyond the last. */
  type(place: number): LuaType {
    return place < this.count ? typeNameOf(this.#api.lua_type(this.#L, place - this.count)) : 'nil';
  }

  /** By Lua's rules: false and nil are false. */
  isTrue(place: number): boolean {
    return place < this.count && this.#api.lua_toboolean(this.#L, place - this.count) !== 0;
  }

  /** 0 for what is no number. */
  number(place: number): number {
    return place < this.count ? this.#api.lua_tonumberx(this.#L, place - this.count, 0) : 0;
  }

  /** Of a string or number, latin1. */
  text(place: number): string {
    return this.#bridge.pullString(this.#L, place - this.count);
  }

  isTag(place: number): boolean {
    return (
      place < this.count &&
      this.#api.lua_type(this.#L, place - this.count) === Type.lightUserdata &&
      this.#api.lua_touserdata(this.#L, place - this.count) === this.#tag
    );
  }

  /** A copy; functions and the like in it are of no use any more. Throws LuaError for a table that is too deep or too large to cross. */
  value(place: number): LuaValue {
    return place < this.count ? this.#bridge.pull(this.#L, place - this.count, released) : undefined;
  }

  /** The value itself, whatever it is: to be given back as an argument, or called. It lives until it is released or the script is closed. */
  hold(place: number): LuaRef {
    if (place < this.count) this.#api.lua_pushvalue(this.#L, place - this.count);
    else this.#api.lua_pushnil(this.#L);
    const ref = this.#bridge.anchor(this.#L);
    this.#keep(ref);
    return ref;
  }
}
