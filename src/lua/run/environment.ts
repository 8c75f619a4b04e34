// The globals of one connection: a small table of its own with the hooks and what the policy defines; everything else is reached
// through a shared metatable (lib-lua/runtime/environment.lua) and copied only when the policy changes it.

import type { Entry } from '../../lua-api/entry-table.ts';
import type { LuaRecord, LuaValue } from '../../lua-api/value.ts';
import type { Anchor } from '../state/references.ts';
import { type Pointer, registry, type State, Type, typeNameOf } from '../state/wasm-api.ts';
import type { Core } from './core.ts';
import type { ScriptFiles } from './script-files.ts';

/** Registry keys of what lib-lua/runtime hands over, by name. */
export const kept = {
  environmentMetatable: 'smtpe.environment',
  root: 'smtpe.root',
  fieldsMetatable: 'smtpe.fields',
  stringMetatable: 'smtpe.string',
} as const;

/** What a script finds of its own among the globals. */
export interface EnvironmentShape {
  /** Globals that are empty tables at first (`hook`). */
  readonly tables: readonly string[];
  /** The module that has fields of the script's own besides its functions (`client`); undefined: there is none. */
  readonly fieldsModule: string | undefined;
  /** Modules of the engine that only the modules of lib-lua get. */
  readonly hidden?: readonly string[];
  /** Globals that are modules of lib-lua, loaded when a script first names them: module by name. */
  readonly libraries?: Readonly<Record<string, string>>;
}

/** What stands in the place of a function (`hook`, a global function is one, too), or of the table that functions are looked for in. */
export interface NotCallable {
  readonly kind: 'not-callable';
  readonly what: 'hook' | 'table';
  /** The Lua type. */
  readonly type: string;
}

export class Environment {
  readonly #core: Core;
  readonly #shape: EnvironmentShape;
  #globals: Anchor;
  #fields: Anchor | undefined;
  /** Where its modules come from: shared with the other connections of the same revision. */
  readonly scripts: ScriptFiles;
  #record: Anchor | undefined;
  /** The connection's own metatable of strings, once its policy has changed `string` or asked for the metatable. */
  #strings: Anchor | undefined;
  #filesOpened = false;
  /** Fields that Lua does not have yet: one for all environments that share them. */
  #unset: { fields: Record<string, LuaValue> | undefined };

  /** `beside`: the one whose fields it shares. */
  constructor(core: Core, shape: EnvironmentShape, scripts: ScriptFiles, beside?: Environment) {
    const { api, main, memory } = core;
    this.#core = core;
    this.#shape = shape;
    this.scripts = scripts;
    this.#unset = beside === undefined ? { fields: undefined } : beside.#unset;
    api.lua_createtable(main, 0, 4);
    for (const table of shape.tables) {
      core.pushName(main, table);
      api.lua_createtable(main, 0, 0);
      api.lua_rawset(main, -3);
    }
    if (shape.fieldsModule !== undefined) {
      core.pushName(main, shape.fieldsModule);
      const others = beside === undefined ? undefined : beside.#fields;
      if (others !== undefined) others.push(main);
      else {
        api.lua_createtable(main, 0, 0);
        api.lua_rawgetp(main, registry, memory.name(kept.fieldsMetatable));
        api.lua_setmetatable(main, -2);
      }
      api.lua_pushvalue(main, -1);
      this.#fields = core.bridge.anchor(main);
      api.lua_rawset(main, -3);
    }
    api.lua_rawgetp(main, registry, memory.name(kept.environmentMetatable));
    api.lua_setmetatable(main, -2);
    this.#globals = core.bridge.anchor(main);
  }

  /**
   * The globals serve several calls at once, each a task of its own: then none comes in while another has been interrupted in the middle of
   * something. (A function that waits lets others in, as its author expects.) Whoever made such an environment releases it.
   */
  exclusive = false;
  #holder: object | undefined;
  readonly #waiting: (() => void)[] = [];

  /** `task` has been interrupted. */
  hold(task: object): void {
    if (this.exclusive) this.#holder = task;
  }

  /** `task` waits for something, or has ended. */
  letGo(task: object): void {
    if (this.#holder !== task) return;
    this.#holder = undefined;
    for (const again of this.#waiting.splice(0)) this.#core.slices.queue(again);
  }

  /** Whether somebody else than `task` has been interrupted. */
  isHeldFrom(task: object): boolean {
    return this.#holder !== undefined && this.#holder !== task;
  }

  /** Calls `again` when nobody holds the environment any more. */
  whenFree(again: () => void): void {
    this.#waiting.push(again);
  }

  pushGlobals(L: State): void {
    this.#globals.push(L);
  }

  /** The engine's notes about this connection (copies of libraries, loaded packages, open files), made at first use. */
  pushRecord(L: State): void {
    this.#record ??= this.#core.account.unlimited(() => this.#newRecord());
    this.#record.push(L);
  }

  #newRecord(): Anchor {
    const { api, main, memory, bridge } = this.#core;
    api.lua_createtable(main, 0, 2);
    api.lua_rawgetp(main, registry, memory.name(kept.root));
    this.#globals.push(main);
    api.lua_rawset(main, -3);
    if (this.#fields !== undefined) {
      api.lua_rawgetp(main, registry, memory.name(`smtpe.node.${this.#shape.fieldsModule}`));
      this.#fields.push(main);
      api.lua_rawset(main, -3);
    }
    return bridge.anchor(main);
  }

  /** The metatable on top of `L` is the one of strings while this connection's Lua runs. */
  takeStringMetatable(L: State): void {
    this.#strings?.release();
    this.#strings = this.#core.bridge.anchor(L);
    this.#core.useStrings(this.#strings);
  }

  /** Sets fields of the connection's own module (`client.address`) before Lua runs again; undefined removes one. */
  setFields(fields: LuaRecord): void {
    // Not a spread: that costs microseconds, at every command.
    this.#unset.fields = Object.assign(this.#unset.fields ?? {}, fields);
  }

  /** Lua is going to run. */
  enter(): void {
    const { fields } = this.#unset;
    this.#core.useStrings(this.#strings);
    if (fields === undefined) return;
    this.#unset.fields = undefined;
    if (this.#fields === undefined) return;
    const { api, main, bridge } = this.#core;
    this.#fields.push(main);
    for (const name in fields) {
      this.#core.pushName(main, name);
      bridge.push(main, fields[name]);
      api.lua_rawset(main, -3);
    }
    api.lua_settop(main, -2);
  }

  /**
   * Looks up the function of an entry without running Lua and, if it is there, leaves it on top of the main thread. nil and false are no
   * function; `unknown`: only Lua can tell, as the script has given the table, or its globals, a metatable.
   */
  lookUp(entry: Entry): 'found' | 'absent' | 'unknown' | NotCallable {
    const { api, main } = this.#core;
    // Below the value: the globals, and the table.
    const below = entry.table === undefined ? 1 : 2;
    this.#globals.push(main);
    if (entry.table !== undefined) {
      this.#core.pushName(main, entry.table);
      const table = api.lua_rawget(main, -2);
      if (table !== Type.table) {
        api.lua_settop(main, -3);
        return { kind: 'not-callable', what: 'table', type: typeNameOf(table) };
      }
    }
    this.#core.pushName(main, entry.name);
    const type = api.lua_rawget(main, -2);
    if (type === Type.function || (type === Type.table && this.#hasCall())) {
      api.lua_rotate(main, -1 - below, 1);
      api.lua_settop(main, -1 - below);
      return 'found';
    }
    let answer: 'absent' | 'unknown' | NotCallable = 'absent';
    if (type !== Type.nil && api.lua_toboolean(main, -1) !== 0) {
      answer = { kind: 'not-callable', what: 'hook', type: typeNameOf(type) };
    }
    api.lua_settop(main, -2);
    if (type === Type.nil && this.#asksLua(entry.table === undefined)) answer = 'unknown';
    api.lua_settop(main, -1 - below);
    return answer;
  }

  /** Whether a field that the table on top of the main thread has not may be found by its metatable. That of globals finds the library only. */
  #asksLua(globals: boolean): boolean {
    const { api, main } = this.#core;
    if (api.lua_getmetatable(main, -1) === 0) return false;
    const asks = !globals || api.lua_topointer(main, -1) !== this.#libraryAt();
    api.lua_settop(main, -2);
    return asks;
  }

  /** Where the metatable of globals is that find the library. */
  #libraryAt(): Pointer {
    const { api, main, memory } = this.#core;
    api.lua_rawgetp(main, registry, memory.name(kept.environmentMetatable));
    const at = api.lua_topointer(main, -1);
    api.lua_settop(main, -2);
    return at;
  }

  /** Whether the value on top of the main thread may be called though it is no function. */
  #hasCall(): boolean {
    const { api, main } = this.#core;
    if (api.lua_getmetatable(main, -1) === 0) return false;
    this.#core.pushName(main, '__call');
    const type = api.lua_rawget(main, -2);
    api.lua_settop(main, -3);
    return type !== Type.nil;
  }

  /** Drops a lazy field: it is asked for again at the next read. */
  forget(module: string, field: string): void {
    if (this.#record === undefined) return;
    const { api, main, memory } = this.#core;
    const top = api.lua_gettop(main);
    this.#record.push(main);
    api.lua_rawgetp(main, registry, memory.name(`smtpe.node.${module}`));
    if (api.lua_type(main, -1) === Type.table && api.lua_rawget(main, -2) === Type.table) {
      this.#core.pushName(main, field);
      api.lua_pushnil(main);
      api.lua_rawset(main, -3);
    }
    api.lua_settop(main, top);
  }

  /** Pushes everything that leads to what the connection holds, and gives the number of values. */
  pushRoots(L: State): number {
    const roots = [this.#globals, this.#fields, this.#record, this.#strings];
    for (const root of roots) {
      if (root === undefined) this.#core.api.lua_pushnil(L);
      else root.push(L);
    }
    return roots.length;
  }

  /** The policy has opened a file: they are looked for at the end. */
  opensFiles(): void {
    this.#filesOpened = true;
  }

  /** Closes, and so flushes, the files that the policy left open. */
  closeFiles(): void {
    if (!this.#filesOpened || this.#record === undefined) return;
    const { api, main } = this.#core;
    this.#core.pushRuntime('close_files');
    this.#record.push(main);
    this.#core.mustCall(1, 0);
    api.lua_settop(main, 0);
  }

  /** Lets go of everything the policy holds; the globals are an empty table from now on. */
  abandon(): void {
    const { api, main, bridge } = this.#core;
    this.closeFiles();
    this.release();
    this.#record = undefined;
    this.#strings = undefined;
    this.#unset = { fields: undefined };
    api.lua_createtable(main, 0, 0);
    api.lua_pushvalue(main, -1);
    this.#globals = bridge.anchor(main);
    this.#fields = bridge.anchor(main);
  }

  release(): void {
    this.#globals.release();
    this.#fields?.release();
    this.#record?.release();
    this.#strings?.release();
  }
}
