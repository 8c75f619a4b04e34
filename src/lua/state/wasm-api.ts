// The C API of Lua 5.4 as raw WebAssembly exports: pointers are numbers, lua_Integer is a bigint, strings are pointers to bytes.
// Only what the engine uses is listed. Names and meanings are those of the Lua 5.4 reference manual, section 4.

/** A lua_State. */
export type State = number;
/** An address in the memory of the WebAssembly instance; 0 is NULL. */
export type Pointer = number;

export interface LuaApi {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly __indirect_function_table: WasmTable;
  malloc(size: number): Pointer;
  free(at: Pointer): void;
  realloc(at: Pointer, size: number): Pointer;
  setThrew(threw: number, value: number): void;
  stackSave(): Pointer;
  stackRestore(stack: Pointer): void;
  emscripten_stack_get_free(): number;

  lua_newstate(allocator: number, data: Pointer): State;
  lua_close(L: State): void;
  luaL_openlibs(L: State): void;
  lua_atpanic(L: State, handler: number): number;
  lua_newthread(L: State): State;
  lua_resetthread(L: State, from: State): number;
  lua_resume(L: State, from: State, nargs: number, nresults: Pointer): number;
  lua_yieldk(L: State, nresults: number, context: number, continuation: number): number;
  lua_isyieldable(L: State): number;
  lua_sethook(L: State, hook: number, mask: number, count: number): void;
  lua_gethookcount(L: State): number;

  lua_gettop(L: State): number;
  lua_settop(L: State, index: number): void;
  lua_absindex(L: State, index: number): number;
  lua_checkstack(L: State, slots: number): number;
  lua_pushvalue(L: State, index: number): void;
  lua_rotate(L: State, index: number, n: number): void;
  lua_xmove(from: State, to: State, n: number): void;

  lua_type(L: State, index: number): number;
  lua_toboolean(L: State, index: number): number;
  lua_tonumberx(L: State, index: number, isNumber: Pointer): number;
  lua_tolstring(L: State, index: number, length: Pointer): Pointer;
  lua_touserdata(L: State, index: number): Pointer;
  lua_topointer(L: State, index: number): Pointer;
  lua_rawlen(L: State, index: number): number;
  lua_next(L: State, index: number): number;

  lua_pushnil(L: State): void;
  lua_pushboolean(L: State, value: number): void;
  lua_pushnumber(L: State, value: number): void;
  lua_pushinteger(L: State, value: bigint): void;
  lua_pushlstring(L: State, bytes: Pointer, length: number): Pointer;
  lua_pushlightuserdata(L: State, value: Pointer): void;
  lua_pushcclosure(L: State, fn: number, upvalues: number): void;
  lua_pushthread(L: State): number;

  lua_createtable(L: State, sequence: number, fields: number): void;
  lua_rawget(L: State, index: number): number;
  lua_rawgeti(L: State, index: number, n: bigint): number;
  lua_rawgetp(L: State, index: number, key: Pointer): number;
  lua_rawset(L: State, index: number): void;
  lua_rawseti(L: State, index: number, n: bigint): void;
  lua_rawsetp(L: State, index: number, key: Pointer): void;
  lua_getmetatable(L: State, index: number): number;
  lua_setmetatable(L: State, index: number): number;
  lua_newuserdatauv(L: State, size: number, values: number): Pointer;

  lua_callk(L: State, nargs: number, nresults: number, context: number, continuation: number): void;
  lua_pcallk(
    L: State,
    nargs: number,
    nresults: number,
    handler: number,
    context: number,
    continuation: number,
  ): number;
  lua_error(L: State): number;
  lua_concat(L: State, n: number): void;
  luaL_loadbufferx(L: State, bytes: Pointer, size: number, name: Pointer, mode: Pointer): number;
  luaL_where(L: State, level: number): void;
  luaL_traceback(L: State, of: State, message: Pointer, level: number): void;
  lua_getstack(L: State, level: number, activation: Pointer): number;
  lua_getinfo(L: State, what: Pointer, activation: Pointer): number;
  luaL_ref(L: State, table: number): number;
  luaL_unref(L: State, table: number, ref: number): void;
  lua_setupvalue(L: State, index: number, n: number): Pointer;
}

export interface WasmTable {
  readonly length: number;
  get(index: number): unknown;
  set(index: number, value: unknown): void;
  grow(by: number): number;
}

/** What a lua_resume or lua_pcallk ended with. */
export const Status = {
  ok: 0,
  yield: 1,
  errorRun: 2,
  errorSyntax: 3,
  errorMemory: 4,
  errorError: 5,
} as const;

export const Type = {
  none: -1,
  nil: 0,
  boolean: 1,
  lightUserdata: 2,
  number: 3,
  string: 4,
  table: 5,
  function: 6,
  userdata: 7,
  thread: 8,
} as const;

export type LuaType = 'nil' | 'boolean' | 'number' | 'string' | 'table' | 'function' | 'userdata' | 'thread';

const typeNames: readonly LuaType[] = [
  'nil',
  'boolean',
  'userdata',
  'number',
  'string',
  'table',
  'function',
  'userdata',
  'thread',
];

/** Lua's name of a type. */
export function typeNameOf(type: number): LuaType {
  return typeNames[type] ?? 'nil';
}

export const registry = -1_001_000;
export const multipleResults = -1;
export const maskCount = 8;
export const maskLine = 4;

/** The pseudo index of the running C function's n-th upvalue. */
export function upvalueIndex(n: number): number {
  return registry - n;
}

/** The part of the global WebAssembly object that the engine uses (TypeScript's library for Node has no types for it). */
export interface WasmGlobal {
  instantiate(source: unknown, imports: Record<string, Record<string, unknown>>): Promise<unknown>;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (
    module: object,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: Record<string, unknown> };
}

export function wasmGlobal(): WasmGlobal {
  return (globalThis as unknown as { WebAssembly: WasmGlobal }).WebAssembly;
}
