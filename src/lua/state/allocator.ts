// Lua's memory allocator with a limit, as a WebAssembly module put together here byte by byte: a JavaScript allocator would double
// the time of allocations, this one costs 4 %. Installed with lua_newstate; the engine sets the limit while Lua runs.
import { LONG_STRING } from './pace.ts';
import { type LuaApi, type Pointer, wasmGlobal } from './wasm-api.ts';

/**
 * Byte offsets in the account that the allocator keeps at `ud`. A limit of 0 is none; then `string` (the longest string) and `largest` (the
 * largest block of any kind) do not count either. `wanted` is what was refused last, `allocated` all
 * that was ever allocated.
 */
export const account = {
  used: 0,
  limit: 4,
  refused: 8,
  string: 12,
  largest: 16,
  wanted: 20,
  allocated: 24,
  size: 28,
} as const;

/* In WebAssembly text:
(module
  (import "lua" "memory" (memory 1))
  (import "lua" "realloc" (func $realloc (param i32 i32) (result i32)))
  (import "lua" "free" (func $free (param i32)))
  (import "lua" "created" (func $created (param i32 i32)))
  (import "lua" "gone" (func $gone (param i32)))
  (func (export "allocate") (param $ud i32) (param $block i32) (param $old i32) (param $new i32) (result i32)
    (local $used i32) (local $type i32)
    (if (i32.eqz (local.get $block)) (then                 ;; then $old is the type of the new object
      (local.set $type (local.get $old))
      (local.set $old (i32.const 0))))
    (local.set $used (i32.sub (i32.load (local.get $ud)) (local.get $old)))
    (if (i32.eqz (local.get $new)) (then
      (if (i32.ge_u (local.get $old) (i32.const LONG_STRING)) (then (call $gone (local.get $block))))
      (call $free (local.get $block))
      (i32.store (local.get $ud) (local.get $used))
      (return (i32.const 0))))
    (local.set $used (i32.add (local.get $used) (local.get $new)))
    (if (i32.and (i32.and
          (i32.gt_u (local.get $new) (local.get $old))
          (i32.ne (i32.load offset=4 (local.get $ud)) (i32.const 0)))
          (i32.or (i32.or
            (i32.gt_u (local.get $used) (i32.load offset=4 (local.get $ud)))
            (i32.gt_u (local.get $new) (i32.load offset=16 (local.get $ud))))
            (i32.and
              (i32.eq (local.get $type) (i32.const 4))
              (i32.gt_u (local.get $new) (i32.load offset=12 (local.get $ud)))))) (then
      (i32.store offset=8 (local.get $ud) (i32.add (i32.load offset=8 (local.get $ud)) (i32.const 1)))
      (i32.store offset=20 (local.get $ud) (local.get $new))
      (return (i32.const 0))))
    (local.set $old (call $realloc (local.get $block) (local.get $new)))     ;; $old now is the result
    (if (local.get $old) (then
      (i32.store (local.get $ud) (local.get $used))
      (i32.store offset=24 (local.get $ud) (i32.add (i32.load offset=24 (local.get $ud)) (local.get $new)))
      (if (i32.and (i32.eq (local.get $type) (i32.const 4)) (i32.ge_u (local.get $new) (i32.const LONG_STRING))) (then
        (call $created (local.get $old) (local.get $new))))))
    (local.get $old)))
A string is never moved or made longer, so a block that goes was made as it is.
*/
const op = {
  end: 0x0b,
  if: 0x04,
  return: 0x0f,
  call: 0x10,
  get: 0x20,
  set: 0x21,
  load: 0x28,
  store: 0x36,
  constant: 0x41,
  isZero: 0x45,
  equal: 0x46,
  notEqual: 0x47,
  above: 0x4b,
  atLeast: 0x4f,
  add: 0x6a,
  subtract: 0x6b,
  and: 0x71,
  or: 0x72,
} as const;
const i32 = 0x7f;
const noResult = 0x40;
const stringType = 4;
const [ud, block, old, wanted, used, type] = [0, 1, 2, 3, 4, 5];
const [realloc, free, created, gone] = [0, 1, 2, 3];

/** Unsigned, in LEB128 form. */
function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)];
}

/** Not negative, in signed LEB128 form, where the highest bit of the last byte is the sign. */
function signedLeb(value: number): number[] {
  return value < 64 ? [value] : [(value & 127) | 128, ...signedLeb(value >> 7)];
}

const get = (local: number) => [op.get, local];
const set = (local: number) => [op.set, local];
const load = (offset: number) => [...get(ud), op.load, 2, offset];
const store = (offset: number) => [op.store, 2, offset];
const constant = (value: number) => [op.constant, ...signedLeb(value)];
const when = (...body: number[][]) => [op.if, noResult, ...body.flat(), op.end];
const isString = [...get(type), ...constant(stringType), op.equal];

const code: readonly number[] = [
  ...[...get(block), op.isZero, ...when(get(old), set(type), constant(0), set(old))],
  ...[...load(account.used), ...get(old), op.subtract, ...set(used)],
  ...[...get(wanted), op.isZero],
  ...when(
    [...get(old), ...constant(LONG_STRING), op.atLeast, ...when([...get(block), op.call, gone])],
    [...get(block), op.call, free],
    [...get(ud), ...get(used), ...store(account.used)],
    [...constant(0), op.return],
  ),
  ...[...get(used), ...get(wanted), op.add, ...set(used)],
  ...[...get(wanted), ...get(old), op.above],
  ...[...load(account.limit), ...constant(0), op.notEqual, op.and],
  ...[...get(used), ...load(account.limit), op.above],
  ...[...get(wanted), ...load(account.largest), op.above, op.or],
  ...[...isString, ...get(wanted), ...load(account.string), op.above, op.and, op.or],
  op.and,
  ...when(
    [...get(ud), ...load(account.refused), ...constant(1), op.add, ...store(account.refused)],
    [...get(ud), ...get(wanted), ...store(account.wanted)],
    [...constant(0), op.return],
  ),
  ...[...get(block), ...get(wanted), op.call, realloc, ...set(old)],
  ...get(old),
  ...when(
    [...get(ud), ...get(used), ...store(account.used)],
    [...get(ud), ...load(account.allocated), ...get(wanted), op.add, ...store(account.allocated)],
    [...isString, ...get(wanted), ...constant(LONG_STRING), op.atLeast, op.and],
    when([...get(old), ...get(wanted), op.call, created]),
  ),
  ...get(old),
  op.end,
];

const name = (text: string) => [text.length, ...Buffer.from(text, 'latin1')];

const section = (id: number, ...body: number[]) => [id, ...leb(body.length), ...body];

function moduleBytes(): Uint8Array {
  const functionType = (params: number, results: number) => [
    0x60,
    params,
    ...new Array<number>(params).fill(i32),
    results,
    ...new Array<number>(results).fill(i32),
  ];
  const imported = (what: string, ...description: number[]) => [
    ...name('lua'),
    ...name(what),
    ...description,
  ];
  const body = [1, 2, i32, ...code];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      ...[4, ...functionType(2, 1), ...functionType(1, 0), ...functionType(4, 1), ...functionType(2, 0)],
    ),
    ...section(
      2,
      ...[5, ...imported('memory', 2, 0, 1)],
      ...[...imported('realloc', 0, 0), ...imported('free', 0, 1)],
      ...[...imported('created', 0, 3), ...imported('gone', 0, 1)],
    ),
    ...section(3, 1, 2),
    ...section(7, 1, ...name('allocate'), 0, 4),
    ...section(10, 1, ...leb(body.length), ...body),
  ]);
}

/** Told of strings of LONG_STRING bytes and more; `gone` also of other blocks of that size. */
export interface LongStrings {
  created(block: Pointer, size: number): void;
  gone(block: Pointer): void;
}

/** Puts the allocator into the function table of `api` and gives its index, for lua_newstate. */
export function installAllocator(api: LuaApi, strings: LongStrings): number {
  const wasm = wasmGlobal();
  const instance = new wasm.Instance(new wasm.Module(moduleBytes()), {
    lua: {
      memory: api.memory,
      realloc: api.realloc,
      free: api.free,
      created: (at: Pointer, size: number) => strings.created(at, size),
      gone: (at: Pointer) => strings.gone(at),
    },
  });
  const table = api.__indirect_function_table;
  const index = table.grow(1);
  table.set(index, instance.exports.allocate);
  return index;
}

/** Reads and sets the account. */
export class Account {
  readonly #words: () => Uint32Array;
  readonly at: Pointer;
  constructor(words: () => Uint32Array, at: Pointer) {
    this.#words = words;
    this.at = at;
  }
  /** Bytes that Lua holds. */
  get used(): number {
    return this.#words()[this.at >> 2] ?? 0;
  }
  /** Bytes allocated so far, counted again when something becomes larger; modulo 2^32. */
  get allocated(): number {
    return this.#words()[(this.at + account.allocated) >> 2] ?? 0;
  }
  /** Allocations refused so far. */
  get refused(): number {
    return this.#words()[(this.at + account.refused) >> 2] ?? 0;
  }
  /** Runs `work` without a limit: for work on the main thread, where a refused allocation could not be reported. */
  unlimited<T>(work: () => T): T {
    const limit = this.limit;
    this.limit = 0;
    try {
      return work();
    } finally {
      this.limit = limit;
    }
  }
  /** The size of what was refused last. */
  get wanted(): number {
    return this.#words()[(this.at + account.wanted) >> 2] ?? 0;
  }
  /** The longest string, bytes. */
  get longest(): number {
    return this.#words()[(this.at + account.string) >> 2] ?? 0;
  }
  /** The largest block, bytes. */
  get largest(): number {
    return this.#words()[(this.at + account.largest) >> 2] ?? 0;
  }
  /** Bytes: no string may be longer, no block of memory (the array of a table) larger, while `limit` is set. */
  setLargest(string: number, block: number): void {
    const words = this.#words();
    words[(this.at + account.string) >> 2] = string;
    words[(this.at + account.largest) >> 2] = block;
  }
  get limit(): number {
    return this.#words()[(this.at + account.limit) >> 2] ?? 0;
  }
  set limit(bytes: number) {
    this.#words()[(this.at + account.limit) >> 2] = bytes;
  }
}
