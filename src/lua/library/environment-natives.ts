// The natives behind the parts of lib-lua/runtime that make a connection's environment and load chunks into it. Called by the engine
// when it starts.
import { statSync } from 'node:fs';
import type { Chunks } from '../run/chunks.ts';
import type { Core } from '../run/core.ts';
import type { Environment } from '../run/environment.ts';
import type { Native } from '../state/natives.ts';
import { type Pointer, registry, Type } from '../state/wasm-api.ts';

/** Whose a Lua file is: a module of lib-lua, loaded once for all connections; a part of the engine, which nobody may load; or anyone's. */
export type FilePlace = 'library' | 'engine' | 'elsewhere';

export interface NativeSurroundings {
  placeOf(path: string): FilePlace;
  /** The longest text that is compiled, bytes. */
  maxSource(): number;
}

export function environmentNatives(
  core: Core,
  chunks: Chunks,
  around: NativeSurroundings,
): Record<string, Native> {
  const { api, bridge, memory } = core;
  /** Files of lib-lua that were found: they stay, and scripts that begin anew with every message must not ask the disk each time. */
  const found = new Set<string>();
  const isThere = (path: string): boolean => {
    if (found.has(path)) return true;
    if (!isFile(path)) return false;
    found.add(path);
    return true;
  };
  const environment = (): Environment => {
    if (core.running === undefined) throw new Error('no policy is running');
    return core.running.environment;
  };
  return {
    globals: (L) => {
      environment().pushGlobals(L);
      return 1;
    },
    record: (L) => {
      environment().pushRecord(L);
      return 1;
    },
    /** interrupted() -> whether the coroutine that has just yielded was interrupted, and did not yield by itself */
    interrupted: (L) => {
      api.lua_pushboolean(L, core.slices.interrupted ? 1 : 0);
      return 1;
    },
    /** look(): looks at the clock; gives way when it is time. For Lua that does much in few instructions. */
    look: (L) => (core.look(L) ? core.giveWay(L, () => 0) : 0),
    /** check_memory(): after an error of memory; stops the run when it was one */
    check_memory: (L) => core.checkMemory(L),
    /** is_easy_to_sort(t) -> whether all elements are numbers, or all strings that are not long: nothing that calls Lua or takes long */
    is_easy_to_sort: (L) => {
      const n = api.lua_rawlen(L, 1);
      let kind: number = Type.none;
      let easy = true;
      for (let i = 1; easy && i <= n; i++) {
        const type = api.lua_rawgeti(L, 1, BigInt(i));
        if (i === 1) kind = type;
        easy =
          type === kind && (type === Type.number || (type === Type.string && api.lua_rawlen(L, -1) <= 1000));
        api.lua_settop(L, 1);
      }
      api.lua_pushboolean(L, easy ? 1 : 0);
      return 1;
    },
    /** longest_string() -> bytes */
    longest_string: (L) => {
      api.lua_pushnumber(L, core.account.longest);
      return 1;
    },
    pin: () => {
      core.running?.pin();
      return 0;
    },
    package_path: (L) => {
      bridge.push(L, environment().scripts.packagePath);
      return 1;
    },
    use_strings: (L) => {
      api.lua_pushvalue(L, 1);
      environment().takeStringMetatable(L);
      return 0;
    },
    keep: (L) => {
      const key: Pointer = memory.name(bridge.pullString(L, 1));
      api.lua_pushvalue(L, 2);
      api.lua_rawsetp(L, registry, key);
      return 0;
    },
    newproxy: (L) => {
      const hasMetatable = api.lua_type(L, 1) === Type.table;
      api.lua_newuserdatauv(L, 4, 0);
      if (hasMetatable) {
        api.lua_pushvalue(L, 1);
        api.lua_setmetatable(L, -2);
      }
      return 1;
    },
    load: (L) => {
      const maxBytes = around.maxSource();
      // Longer ones do not cross.
      const { length } = bridge.stringAt(L, 1);
      if (length > maxBytes) {
        api.lua_pushnil(L);
        bridge.push(L, `the text has ${length} bytes; ${maxBytes} are allowed (lua-max-source)`);
        return 2;
      }
      return chunks.pushLoaded(L, bridge.pullString(L, 1), bridge.pullString(L, 2), 3, maxBytes);
    },
    max_source: (L) => {
      bridge.push(L, around.maxSource());
      return 1;
    },
    /** file(path) -> factory of a file of the revision; or nil, message */
    file: (L) => {
      const message = environment().scripts.load(bridge.pullString(L, 1), (factory) => factory.push(L));
      if (message === undefined) return 1;
      api.lua_pushnil(L);
      bridge.push(L, message);
      return 2;
    },
    /** library_file(path) -> factory of a module of lib-lua; or nil, message */
    library_file: (L) => {
      const compiled = chunks.library(bridge.pullString(L, 1));
      if (compiled.kind === 'compiled') {
        compiled.factory.push(L);
        return 1;
      }
      api.lua_pushnil(L);
      bridge.push(L, compiled.message);
      return 2;
    },
    /** readable(path) -> whether there is such a file, in the revision or in lib-lua; whether it is one of lib-lua */
    readable: (L) => {
      const path = bridge.pullString(L, 1);
      const place = around.placeOf(path);
      const isReadable =
        place === 'elsewhere' ? environment().scripts.has(path) : place === 'library' && isThere(path);
      api.lua_pushboolean(L, isReadable ? 1 : 0);
      api.lua_pushboolean(L, place === 'library' ? 1 : 0);
      return 2;
    },
  };
}

function isFile(path: string): boolean {
  try {
    return statSync(Buffer.from(path, 'latin1')).isFile();
  } catch {
    return false;
  }
}
