// The natives behind the parts of lib-lua/runtime that make a connection's environment and load chunks into it. Called by the engine
// when it starts.
import { statSync } from 'node:fs';
import type { Chunks } from './chunks.ts';
import type { Core } from './core.ts';
import type { Environment } from './environment.ts';
import type { Native } from './natives.ts';
import { type Pointer, registry, Type } from './wasm-api.ts';

/** `isShared` tells whether a module's file is loaded once for all connections. */
export function environmentNatives(
  core: Core,
  chunks: Chunks,
  isShared: (path: string) => boolean,
): Record<string, Native> {
  const { api, bridge, memory } = core;
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
    pin: () => {
      core.running?.pin();
      return 0;
    },
    package_path: (L) => {
      bridge.push(L, environment().packagePath);
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
    load: (L) => chunks.pushLoaded(L, bridge.pullString(L, 1), bridge.pullString(L, 2), 3),
    file: (L) => {
      const path = bridge.pullString(L, 1);
      const compiled = chunks.file(path);
      if (compiled.kind === 'failed') {
        api.lua_pushnil(L);
        bridge.push(L, compiled.message);
        return 2;
      }
      compiled.factory.push(L);
      api.lua_pushnil(L);
      api.lua_pushboolean(L, isShared(path) ? 1 : 0);
      return 3;
    },
    readable: (L) => {
      api.lua_pushboolean(L, isFile(bridge.pullString(L, 1)) ? 1 : 0);
      return 1;
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
