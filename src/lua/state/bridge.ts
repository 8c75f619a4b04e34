// Values between TypeScript and Lua, byte for byte. Works on any lua_State; what can fail in Lua is only memory, which ends as a
// Lua error when Lua is running and cannot happen otherwise (the limit is on only while Lua runs).

import { type Crossing, LuaError } from '../../lua-api/function-spec.ts';
import {
  ByteSlice,
  LuaFunction,
  LuaObject,
  LuaTable,
  type LuaValue,
  type SliceBatch,
} from '../../lua-api/value.ts';
import type { Account } from './allocator.ts';
import type { Memory } from './memory.ts';
import type { Objects } from './objects.ts';
import { Anchor, LiveLuaTable } from './references.ts';
import { type LuaApi, type Pointer, registry, type State, Type } from './wasm-api.ts';

/** A table of more entries, or more octets in its strings, those of tables in it included, does not cross: copying takes 50 ms. */
const maxEntries = 100_000;
const maxOctets = 32 << 20;
/** Tables nested deeper than this do not cross. */
const maxDepth = 16;
/** Stack slots that a push or a pull may use: three for each level. */
const slots = 3 * maxDepth + 8;

const smallIntegers = Array.from({ length: 1024 }, (_, i) => BigInt(i));

/** Index in Lua by value, of the values that become tables; of one that is there twice the last. */
function placesOf(sequence: readonly LuaValue[]): ReadonlyMap<LuaValue, number> {
  const places = new Map<LuaValue, number>();
  sequence.forEach((value, i) => {
    if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value)) places.set(value, i + 1);
  });
  return places;
}

const noEntries: ReadonlyMap<LuaValue, LuaValue> = new Map();

export class Bridge {
  /** Of the table that is being pulled: so far. */
  #entries = 0;
  #octets = 0;
  readonly #api: LuaApi;
  readonly #memory: Memory;
  readonly #objects: Objects;
  readonly #main: State;
  readonly #account: Account;
  readonly #length: Pointer;
  /** A copy of #sliced in Lua's memory. */
  #slices: Pointer = 0;
  #slicesSize = 0;
  #sliced: Buffer | undefined;

  constructor(api: LuaApi, memory: Memory, objects: Objects, main: State, account: Account) {
    this.#api = api;
    this.#memory = memory;
    this.#objects = objects;
    this.#main = main;
    this.#account = account;
    this.#length = memory.allocate(8);
  }

  push(L: State, value: LuaValue): void {
    switch (typeof value) {
      case 'undefined':
        this.#api.lua_pushnil(L);
        return;
      case 'string':
        this.#pushText(L, value);
        return;
      case 'number':
        this.pushNumber(L, value);
        return;
      case 'boolean':
        this.#api.lua_pushboolean(L, value ? 1 : 0);
        return;
      default:
        if (value === null) this.#api.lua_pushnil(L);
        else if (value instanceof ByteSlice) this.#pushSlice(L, value);
        else if (Buffer.isBuffer(value)) this.pushBytes(L, value);
        else {
          if (this.#api.lua_checkstack(L, slots) === 0) throw new LuaError('stack overflow');
          this.#pushObject(L, value, 0);
        }
    }
  }

  /** Set by the engine. */
  pushFunction: (L: State, value: LuaFunction) => void = () => {
    throw new Error('no functions yet');
  };

  /** The object behind the userdata at `index`; undefined when it is none of ours. */
  objectAt(L: State, index: number): LuaObject | undefined {
    return this.#objects.at(L, index);
  }

  pushBytes(L: State, value: string | Uint8Array): void {
    if (typeof value === 'string') this.#pushText(L, value);
    else this.#memory.withBytes(value, (at, length) => this.#api.lua_pushlstring(L, at, length));
  }

  #pushText(L: State, text: string): void {
    const at = this.#memory.scratchText(text);
    if (at === 0) this.#pushLongText(L, text);
    else this.#api.lua_pushlstring(L, at, text.length);
  }

  /** A method of its own: the function in it would be made for every text. */
  #pushLongText(L: State, text: string): void {
    this.#memory.withText(text, (at, length) => this.#api.lua_pushlstring(L, at, length));
  }

  #pushField(L: State, name: string): void {
    const at = this.#memory.fieldName(name);
    if (at === 0) this.#pushText(L, name);
    else this.#api.lua_pushlstring(L, at, name.length);
  }

  /** The whole buffer is copied once; its slices are strings made from that copy. */
  #pushSlice(L: State, { bytes, start, end }: ByteSlice): void {
    if (bytes !== this.#sliced) this.#loadSlices(bytes);
    this.#api.lua_pushlstring(L, this.#slices + start, end - start);
  }

  /** Pushes a table with the slices as a sequence. */
  pushBatch(L: State, batch: SliceBatch): void {
    if (batch.bytes !== this.#sliced) this.#loadSlices(batch.bytes);
    this.#api.lua_createtable(L, batch.count, 2);
    for (let i = 0; i < batch.count; i++) {
      const start = batch.starts[i] ?? 0;
      this.#api.lua_pushlstring(L, this.#slices + start, (batch.ends[i] ?? start) - start);
      this.#api.lua_rawseti(L, -2, smallIntegers[i + 1] ?? BigInt(i + 1));
    }
  }

  #loadSlices(bytes: Buffer): void {
    if (bytes.length > this.#slicesSize) {
      const size = Math.max(65_536, bytes.length);
      const at = this.#api.malloc(size);
      if (at === 0) throw new LuaError('not enough memory');
      this.#api.free(this.#slices);
      this.#slices = at;
      this.#slicesSize = size;
    }
    this.#memory.bytes.set(bytes, this.#slices);
    this.#sliced = bytes;
  }

  pushNumber(L: State, value: number): void {
    if (Number.isSafeInteger(value)) this.#api.lua_pushinteger(L, smallIntegers[value] ?? BigInt(value));
    else this.#api.lua_pushnumber(L, value);
  }

  #pushObject(
    L: State,
    value: Exclude<LuaValue, undefined | null | string | number | boolean>,
    depth: number,
  ): void {
    if (depth >= maxDepth) throw new Error(`value for Lua is nested more than ${maxDepth} deep`);
    if (Array.isArray(value)) this.#pushSequence(L, value, 0, depth);
    else if (value instanceof Map) this.#pushMap(L, value, depth);
    else if (value instanceof LuaTable) {
      this.#pushSequence(L, value.sequence, 8, depth);
      this.#setFields(L, value.fields, depth, placesOf(value.sequence));
    } else if (value instanceof LuaObject) this.#objects.push(L, value);
    else if (value instanceof LuaFunction) this.pushFunction(L, value);
    else if (value instanceof LiveLuaTable) value.anchor.push(L);
    else if (value instanceof Anchor) value.push(L);
    else {
      const fields = value as Readonly<Record<string, LuaValue>>;
      // Places for as many as there are: an empty one (client.parameters of most messages) needs none.
      this.#api.lua_createtable(L, 0, Object.keys(fields).length);
      this.#setFields(L, fields, depth);
    }
  }

  #pushNested(L: State, value: LuaValue, depth: number): void {
    if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value))
      this.#pushObject(L, value, depth + 1);
    else this.push(L, value);
  }

  #pushSequence(L: State, values: readonly LuaValue[], fields: number, depth: number): void {
    this.#api.lua_createtable(L, values.length, fields);
    for (let i = 0; i < values.length; i++) {
      this.#pushNested(L, values[i], depth);
      this.#api.lua_rawseti(L, -2, smallIntegers[i + 1] ?? BigInt(i + 1));
    }
  }

  /** `places`: where values of the sequence already stand, so that one object becomes one table (dns.wait). */
  #setFields(
    L: State,
    fields: Readonly<Record<string, LuaValue>>,
    depth: number,
    places: ReadonlyMap<LuaValue, number> | undefined = undefined,
  ): void {
    for (const key of Object.keys(fields)) {
      const value = fields[key];
      if (value === undefined || value === null) continue;
      this.#pushField(L, key);
      const place = places?.get(value);
      if (place === undefined) this.#pushNested(L, value, depth);
      else this.#api.lua_rawgeti(L, -2, BigInt(place));
      this.#api.lua_rawset(L, -3);
    }
  }

  #pushMap(L: State, map: ReadonlyMap<LuaValue, LuaValue>, depth: number): void {
    this.#api.lua_createtable(L, 0, map.size);
    for (const [key, value] of map) {
      if (key === undefined || key === null || Number.isNaN(key)) continue;
      this.#pushNested(L, key, depth);
      this.#pushNested(L, value, depth);
      this.#api.lua_rawset(L, -3);
    }
  }

  /** The argument at `index` as its parameter wants it. A table where none is wanted comes as an empty one. */
  pullAs(L: State, index: number, crossing: Crossing, keep: (ref: Anchor) => void): LuaValue {
    const type = this.#api.lua_type(L, index);
    if (type === Type.table) {
      if (crossing === 'strings') return this.#pullStrings(L, index);
      if (crossing !== 'value') return noEntries;
    } else if (type === Type.number && crossing === 'text') {
      this.#api.lua_pushvalue(L, index);
      const text = this.pullString(L, -1);
      this.#api.lua_settop(L, -2);
      return text;
    }
    return this.pull(L, index, keep);
  }

  /** One more entry of the table that is being pulled. */
  #count(value: LuaValue, key?: LuaValue): void {
    this.#entries += 1;
    if (typeof value === 'string') this.#octets += value.length;
    if (typeof key === 'string') this.#octets += key.length;
    if (this.#entries > maxEntries) throw new LuaError(`table of more than ${maxEntries} entries`);
    if (this.#octets > maxOctets) throw new LuaError(`table of more than ${maxOctets} octets`);
  }

  /**
   * The sequence of texts in the table at `index`, up to the first that is none, and one key of a number beyond: there is a hole before
   * it. Does not ask metamethods.
   */
  #pullStrings(L: State, index: number): LuaValue {
    const table = new Map<LuaValue, LuaValue>();
    this.#entries = 0;
    this.#octets = 0;
    for (let i = 1; ; i++) {
      const type = this.#api.lua_rawgeti(L, index, BigInt(i));
      const isText = type === Type.string || type === Type.number;
      if (type !== Type.nil) table.set(i, isText ? this.pullString(L, -1) : noEntries);
      this.#count(table.get(i));
      this.#api.lua_settop(L, -2);
      if (isText) continue;
      if (type === Type.nil) this.#pullStray(L, this.#api.lua_absindex(L, index), table);
      return table;
    }
  }

  /** Into `sequence` a key of a number that the table at `index` has and the sequence has not, if there is one. */
  #pullStray(L: State, index: number, sequence: Map<LuaValue, LuaValue>): void {
    let names = 0;
    this.#api.lua_pushnil(L);
    while (this.#api.lua_next(L, index) !== 0) {
      this.#api.lua_settop(L, -2);
      const key = this.#api.lua_type(L, -1) === Type.number ? this.#api.lua_tonumberx(L, -1, 0) : undefined;
      if (key === undefined ? ++names > maxEntries : !sequence.has(key)) {
        this.#api.lua_settop(L, -2);
        if (key === undefined) throw new LuaError(`table of more than ${maxEntries} entries`);
        sequence.set(key, noEntries);
        return;
      }
    }
  }

  /** The value at `index`; `keep` is told of every LuaRef made, so that its owner can release it. */
  pull(L: State, index: number, keep: (ref: Anchor) => void): LuaValue {
    switch (this.#api.lua_type(L, index)) {
      case Type.none:
      case Type.nil:
        return undefined;
      case Type.boolean:
        return this.#api.lua_toboolean(L, index) !== 0;
      case Type.number:
        return this.#api.lua_tonumberx(L, index, 0);
      case Type.string:
        return this.pullString(L, index);
      case Type.table: {
        if (this.#api.lua_checkstack(L, slots) === 0) throw new LuaError('stack overflow');
        return this.#pullTable(L, this.#api.lua_absindex(L, index), keep, 0);
      }
      default:
        return this.#objects.at(L, index) ?? this.#anchor(L, index, keep);
    }
  }

  #anchor(L: State, index: number, keep: (ref: Anchor) => void): Anchor {
    this.#api.lua_pushvalue(L, index);
    const anchor = new Anchor(this.#api, this.#main, L);
    keep(anchor);
    return anchor;
  }

  /** The string at `index`; a number is converted in place, as by lua_tolstring. */
  pullString(L: State, index: number): string {
    const at = this.#api.lua_tolstring(L, index, this.#length);
    return this.#memory.text(at, this.#memory.words[this.#length >> 2] ?? 0);
  }

  /** Where the string at `index` lies in memory. Valid while it stays on the stack. */
  stringAt(L: State, index: number): { readonly at: Pointer; readonly length: number } {
    const at = this.#api.lua_tolstring(L, index, this.#length);
    return { at, length: this.#memory.words[this.#length >> 2] ?? 0 };
  }

  #pullTable(L: State, index: number, keep: (ref: Anchor) => void, depth: number): LuaValue {
    if (depth >= maxDepth) throw new LuaError(`table nested more than ${maxDepth} deep`);
    if (depth === 0) {
      this.#entries = 0;
      this.#octets = 0;
    }
    const table = new Map<LuaValue, LuaValue>();
    this.#api.lua_pushnil(L);
    while (this.#api.lua_next(L, index) !== 0) {
      // pullString would turn a number key into a string and confuse lua_next: pull asks for the type first.
      const key = this.#api.lua_type(L, -2) === Type.table ? undefined : this.pull(L, -2, keep);
      const value =
        this.#api.lua_type(L, -1) === Type.table
          ? this.#pullTable(L, this.#api.lua_absindex(L, -1), keep, depth + 1)
          : this.pull(L, -1, keep);
      this.#count(value, key);
      // A key that is a table means nothing here.
      if (key !== undefined) table.set(key, value);
      this.#api.lua_settop(L, -2);
    }
    return table;
  }

  newTable(): LiveLuaTable {
    return this.#account.unlimited(() => {
      this.#api.lua_createtable(this.#main, 0, 0);
      return new LiveLuaTable(this, new Anchor(this.#api, this.#main, this.#main));
    });
  }

  /** Raw assignment to a table that is held by reference. */
  store(table: Anchor, key: string | number, value: LuaValue): void {
    this.#account.unlimited(() => {
      const L = this.#main;
      table.push(L);
      this.push(L, key);
      this.push(L, value);
      this.#api.lua_rawset(L, -3);
      this.#api.lua_settop(L, -2);
    });
  }

  /** Takes the value on top of the stack of `L` into the registry. */
  anchor(L: State): Anchor {
    return new Anchor(this.#api, this.#main, L);
  }

  /** Keeps the value on top of the stack of `L` in the registry under a fixed address. */
  keepAs(L: State, key: Pointer): void {
    this.#api.lua_rawsetp(L, registry, key);
  }
}
