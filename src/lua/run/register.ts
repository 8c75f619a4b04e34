// Turns ModuleSpecs into the Lua tables that lib-lua/runtime/start.lua makes libraries of.

import type { ClassSpec } from '../../lua-api/class-spec.ts';
import type { FunctionSpec } from '../../lua-api/function-spec.ts';
import type { ConstantTableSpec, ModuleSpec } from '../../lua-api/module-spec.ts';
import {
  attributeNative,
  type CallEnvironment,
  functionNative,
  lazyNative,
  methodNative,
  missingNative,
  sameNative,
  textNative,
} from '../state/call-functions.ts';
import type { Native } from '../state/natives.ts';
import type { State } from '../state/wasm-api.ts';
import type { Core } from './core.ts';

/** A suspending native is called by a Lua wrapper: errors belong to the wrapper's caller. */
const wrapped = 2;

export class Registrar {
  readonly #core: Core;
  readonly #env: CallEnvironment;
  readonly #L: State;

  constructor(core: Core, env: CallEnvironment) {
    this.#core = core;
    this.#env = env;
    this.#L = core.main;
  }

  /** Pushes { plain =, waiting =, nested =, lazy = } for a module and defines its classes. */
  pushModule(module: ModuleSpec, path: string): void {
    for (const cls of module.classes) this.defineClass(cls);
    this.#table(() => {
      this.#field('plain', () => this.#pushPlain(module, path));
      this.#field('waiting', () => this.#pushFunctions(module.functions.filter(suspends), path));
      this.#field('lazy', () =>
        this.#table(() => {
          for (const field of module.lazyFields) {
            const name = `${path}.${field.name}`;
            const native = lazyNative(this.#env, name, (context) => field.read(context));
            this.#native(field.name, name, native, wrapped);
          }
        }),
      );
      this.#field('nested', () =>
        this.#table(() => {
          for (const table of module.tables) this.#field(table.name, () => this.#pushConstants(table));
          for (const child of module.modules) {
            this.#field(child.name, () => this.pushModule(child, `${path}.${child.name}`));
          }
        }),
      );
    });
  }

  #pushPlain(module: ModuleSpec, path: string): void {
    this.#pushFunctions(
      module.functions.filter((spec) => !suspends(spec)),
      path,
    );
    for (const constant of module.constants) {
      this.#field(constant.name, () => this.#core.bridge.push(this.#L, constant.value));
    }
  }

  #pushFunctions(functions: readonly FunctionSpec[], path: string): void {
    this.#table(() => {
      for (const spec of functions) {
        const name = `${path}.${spec.name}`;
        this.#native(spec.name, name, functionNative(this.#env, name, spec), spec.suspends ? wrapped : 1);
      }
    });
  }

  #pushConstants(table: ConstantTableSpec): void {
    this.#table(() => {
      this.#field('plain', () =>
        this.#table(() => {
          for (const { name, value } of table.constants) {
            this.#field(name, () => this.#core.bridge.push(this.#L, value));
          }
          if (!table.reverse) return;
          const { api, bridge } = this.#core;
          // The first name of a number is its name.
          for (const { name, value } of table.constants.toReversed()) {
            bridge.push(this.#L, value);
            bridge.push(this.#L, name);
            api.lua_rawset(this.#L, -3);
          }
        }),
      );
      if (table.isClosed === true) this.#field('closed', () => this.#core.bridge.push(this.#L, true));
    });
  }

  /** Makes the metatable of a class of userdata. */
  defineClass(cls: ClassSpec): void {
    const { api, main, memory } = this.#core;
    const key = memory.allocate(1);
    this.#core.pushRuntime('define_class');
    this.#core.bridge.push(main, cls.name);
    for (const waiting of [false, true]) {
      this.#table(() => {
        for (const spec of cls.methods.filter((method) => method.suspends === waiting)) {
          const name = `${cls.name}:${spec.name}`;
          this.#native(spec.name, name, methodNative(this.#env, cls, spec), waiting ? wrapped : 1);
        }
      });
    }
    this.#core.natives.push(main, `${cls.name}:__gc`, (L) => {
      this.#core.objects.collected(api.lua_touserdata(L, 1));
      return 0;
    });
    this.#table(() => {
      for (const attribute of cls.attributes ?? [])
        this.#native(
          attribute.name,
          `${cls.name}.${attribute.name}`,
          attributeNative(this.#env, cls, attribute),
          wrapped,
        );
    });
    const { toText, same } = cls;
    if (toText === undefined) api.lua_pushnil(main);
    else this.#core.natives.push(main, `${cls.name}:__tostring`, textNative(this.#env, cls, toText));
    if (same === undefined) api.lua_pushnil(main);
    else this.#core.natives.push(main, `${cls.name}:__eq`, sameNative(this.#env, cls, same));
    if (cls.isClosed !== true) api.lua_pushnil(main);
    else this.#core.natives.push(main, `${cls.name}.__index`, missingNative(this.#env, cls), wrapped);
    this.#core.mustCall(8, 1);
    this.#core.bridge.keepAs(main, key);
    this.#core.objects.define(cls, key);
  }

  #table(fill: () => void): void {
    this.#core.api.lua_checkstack(this.#L, 16);
    this.#core.api.lua_createtable(this.#L, 0, 0);
    fill();
  }

  #field(name: string, push: () => void): void {
    this.#core.bridge.push(this.#L, name);
    push();
    this.#core.api.lua_rawset(this.#L, -3);
  }

  #native(field: string, name: string, native: Native, level: number): void {
    this.#field(field, () => this.#core.natives.push(this.#L, name, native, level));
  }
}

function suspends(spec: FunctionSpec): boolean {
  return spec.suspends;
}
