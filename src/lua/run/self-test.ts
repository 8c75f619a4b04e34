// Looks at start-up whether this Lua is the one the engine was written for: the raw exports, the layout of lua_Debug, the patched
// constant, yields, protected calls, the allocator. A package that has changed fails here and not in the middle of mail.

import { multipleResults, type State, Status } from '../state/wasm-api.ts';
import type { Core } from './core.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

const wholeFloats =
  'this Lua prints 10/2 as 5.0, not as 5: policies written for Lua 5.1 may build texts with .0 in them';

const weakKeys =
  'this Lua collects tables with weak keys: ten thousands of them that lead to one another stop the process for seconds';

const keepsKeys =
  'local t = setmetatable({}, { __mode = "k" }) t[{}] = true collectgarbage() return next(t) and "kept" or "gone"';

export interface SelfTest {
  /** What is different but can be lived with. */
  readonly warnings: readonly string[];
}

/** Throws an Error that says what is different when it cannot be lived with. */
export function selfTest(core: Core): SelfTest {
  const { api, main } = core;
  const top = api.lua_gettop(main);
  checkBytes(core);
  const warnings: string[] = [];
  if (results(core, 'return 10 / 2 .. ""', 1).join() !== '5') warnings.push(wholeFloats);
  if (results(core, keepsKeys, 1).join() !== 'kept') warnings.push(weakKeys);
  checkChunk(core, 'return tostring(pcall(error, {}))', ['false'], 'protected calls work');
  checkYield(core);
  checkPosition(core);
  if (core.account.used < 10_000) throw new Error('Lua self-test: the allocator does not count');
  api.lua_settop(main, top);
  return { warnings };
}

function load(core: Core, source: string): void {
  const { api, main, memory } = core;
  const status = memory.with(source, (at, size) =>
    api.luaL_loadbufferx(main, at, size, memory.name('=self-test'), memory.name('t')),
  );
  if (status !== 0) throw new Error(`Lua self-test: ${core.errorText(main)}`);
}

function checkBytes(core: Core): void {
  const { api, main, bridge } = core;
  bridge.push(main, everyByte);
  const back = Buffer.from(bridge.pullString(main, -1), 'latin1');
  api.lua_settop(main, -2);
  if (!back.equals(everyByte)) throw new Error('Lua self-test: bytes do not come back unchanged');
}

function checkChunk(core: Core, source: string, expected: readonly string[], what: string): void {
  const given = results(core, source, expected.length);
  if (given.join() !== expected.join()) {
    throw new Error(`Lua self-test: ${what}: expected ${expected.join()}, got ${given.join()}`);
  }
}

/** The first `count` results of a chunk, which must be strings. */
function results(core: Core, source: string, count: number): readonly string[] {
  const { api, main, bridge } = core;
  const top = api.lua_gettop(main);
  load(core, source);
  core.mustCall(0, multipleResults);
  const given = Array.from({ length: count }, (_, i) => bridge.pullString(main, top + 1 + i));
  api.lua_settop(main, top);
  return given;
}

function checkYield(core: Core): void {
  const { api, main } = core;
  const thread = api.lua_newthread(main);
  load(core, 'local ok, value = pcall(coroutine.yield, 1) return ok and value + 1');
  api.lua_xmove(main, thread, 1);
  const first = resume(core, thread, 0);
  api.lua_settop(thread, -2);
  core.bridge.pushNumber(thread, 41);
  const second = resume(core, thread, 1);
  const value = api.lua_tonumberx(thread, -1, 0);
  api.lua_settop(main, -2);
  if (first !== Status.yield || second !== Status.ok || value !== 42) {
    throw new Error('Lua self-test: a coroutine does not go on after a yield');
  }
}

function resume(core: Core, thread: State, nargs: number): number {
  return core.api.lua_resume(thread, 0, nargs, core.resultCount);
}

function checkPosition(core: Core): void {
  const { api, main } = core;
  const thread = api.lua_newthread(main);
  load(core, '\n\nerror("x")');
  api.lua_xmove(main, thread, 1);
  const status = resume(core, thread, 0);
  const position = core.positions.of(thread);
  api.lua_resetthread(thread, 0);
  api.lua_settop(main, -2);
  if (status !== Status.errorRun || position !== 'self-test:3: ') {
    throw new Error(`Lua self-test: the position of an error is '${position}'`);
  }
}
