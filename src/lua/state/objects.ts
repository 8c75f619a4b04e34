// Userdata: which TypeScript object stands behind an address. Lua's collector tells when one is gone.

import type { ClassSpec } from '../../lua-api/class-spec.ts';
import type { LuaObject } from '../../lua-api/value.ts';
import { type LuaApi, type Pointer, registry, type State } from './wasm-api.ts';

export class Objects {
  readonly #api: LuaApi;
  readonly #objects = new Map<Pointer, LuaObject>();
  /** Registry keys of the metatables. */
  readonly #metatables = new Map<ClassSpec, Pointer>();

  constructor(api: LuaApi) {
    this.#api = api;
  }

  /** `metatable` is the registry key (a light userdata) under which the metatable of the class is kept. */
  define(cls: ClassSpec, metatable: Pointer): void {
    this.#metatables.set(cls, metatable);
  }

  push(L: State, object: LuaObject): void {
    const metatable = this.#metatables.get(object.class);
    if (metatable === undefined) throw new Error(`Lua class ${object.class.name} is not registered`);
    const at = this.#api.lua_newuserdatauv(L, 4, 0);
    this.#objects.set(at, object);
    this.#api.lua_rawgetp(L, registry, metatable);
    this.#api.lua_setmetatable(L, -2);
  }

  /** The object behind the userdata at `index`; undefined when it is none of ours. */
  at(L: State, index: number): LuaObject | undefined {
    return this.#objects.get(this.#api.lua_touserdata(L, index));
  }

  /** Called by the __gc metamethod. */
  collected(at: Pointer): void {
    const object = this.#objects.get(at);
    this.#objects.delete(at);
    object?.class.collected?.(object.value);
  }

  get count(): number {
    return this.#objects.size;
  }
}
