// Lua's memory allocator with a limit, as a WebAssembly module put together here byte by byte: a JavaScript allocator would double
// the time of allocations, this one costs 4 %. Installed with lua_newstate; the engine sets the limit while Lua runs.
import { type LuaApi, type Pointer, wasmGlobal } from './wasm-api.ts';

/** Byte offsets in the account that the allocator keeps at `ud`. A limit of 0 is none. */
export const account = { used: 0, limit: 4, refused: 8, size: 12 } as const;

/* In WebAssembly text:
(module
  (import "lua" "memory" (memory 1))
  (import "lua" "realloc" (func $realloc (param i32 i32) (result i32)))
  (import "lua" "free" (func $free (param i32)))
  (func (export "allocate") (param $ud i32) (param $block i32) (param $old i32) (param $new i32) (result i32)
    (local $used i32)
    (if (i32.eqz (local.get $block)) (then (local.set $old (i32.const 0))))   ;; then $old is the type of the new object
    (local.set $used (i32.sub (i32.load (local.get $ud)) (local.get $old)))
    (if (i32.eqz (local.get $new)) (then
      (call $free (local.get $block))
      (i32.store (local.get $ud) (local.get $used))
      (return (i32.const 0))))
    (local.set $used (i32.add (local.get $used) (local.get $new)))
    (if (i32.and (i32.and
          (i32.gt_u (local.get $new) (local.get $old))
          (i32.ne (i32.load offset=4 (local.get $ud)) (i32.const 0)))
          (i32.gt_u (local.get $used) (i32.load offset=4 (local.get $ud)))) (then
      (i32.store offset=8 (local.get $ud) (i32.add (i32.load offset=8 (local.get $ud)) (i32.const 1)))
      (return (i32.const 0))))
    (local.set $old (call $realloc (local.get $block) (local.get $new)))     ;; $old now is the result
    (if (local.get $old) (then (i32.store (local.get $ud) (local.get $used))))
    (local.get $old)))
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
  notEqual: 0x47,
  above: 0x4b,
  add: 0x6a,
  subtract: 0x6b,
  and: 0x71,
} as const;
const i32 = 0x7f;
const noResult = 0x40;
const [ud, block, old, wanted, used] = [0, 1, 2, 3, 4];
const [realloc, free] = [0, 1];

const get = (local: number) => [op.get, local];
const set = (local: number) => [op.set, local];
const load = (offset: number) => [...get(ud), op.load, 2, offset];
const store = (offset: number) => [op.store, 2, offset];
const constant = (value: number) => [op.constant, value];
const when = (...body: number[][]) => [op.if, noResult, ...body.flat(), op.end];

const code: readonly number[] = [
  ...[...get(block), op.isZero, ...when(constant(0), set(old))],
  ...[...load(account.used), ...get(old), op.subtract, ...set(used)],
  ...[...get(wanted), op.isZero],
  ...when(
    [...get(block), op.call, free],
    [...get(ud), ...get(used), ...store(account.used)],
    [...constant(0), op.return],
  ),
  ...[...get(used), ...get(wanted), op.add, ...set(used)],
  ...[...get(wanted), ...get(old), op.above],
  ...[...load(account.limit), ...constant(0), op.notEqual, op.and],
  ...[...get(used), ...load(account.limit), op.above, op.and],
  ...when(
    [...get(ud), ...load(account.refused), ...constant(1), op.add, ...store(account.refused)],
    [...constant(0), op.return],
  ),
  ...[...get(block), ...get(wanted), op.call, realloc, ...set(old)],
  ...[...get(old), ...when([...get(ud), ...get(used), ...store(account.used)])],
  ...get(old),
  op.end,
];

const name = (text: string) => [text.length, ...Buffer.from(text, 'latin1')];

/** A length or count in LEB128 form. */
function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)];
}

const section = (id: number, ...body: number[]) => [id, ...leb(body.length), ...body];

function moduleBytes(): Uint8Array {
  const functionType = (params: number, results: number) => [
    0x60,
    params,
    ...new Array<number>(params).fill(i32),
    results,
    ...new Array<number>(results).fill(i32),
  ];
  const body = [1, 1, i32, ...code];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 3, ...functionType(2, 1), ...functionType(1, 0), ...functionType(4, 1)),
    ...section(
      2,
      ...[3, ...name('lua'), ...name('memory'), 2, 0, 1],
      ...[...name('lua'), ...name('realloc'), 0, 0],
      ...[...name('lua'), ...name('free'), 0, 1],
    ),
    ...section(3, 1, 2),
    ...section(7, 1, ...name('allocate'), 0, 2),
    ...section(10, 1, ...leb(body.length), ...body),
  ]);
}

/** Puts the allocator into the function table of `api` and gives its index, for lua_newstate. */
export function installAllocator(api: LuaApi): number {
  const wasm = wasmGlobal();
  const instance = new wasm.Instance(new wasm.Module(moduleBytes()), {
    lua: { memory: api.memory, realloc: api.realloc, free: api.free },
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
  get limit(): number {
    return this.#words()[(this.at + account.limit) >> 2] ?? 0;
  }
  set limit(bytes: number) {
    this.#words()[(this.at + account.limit) >> 2] = bytes;
  }
}
