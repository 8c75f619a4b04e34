// Where Lua code is, for log lines: `file:line` and tracebacks without the engine's own frames.
import type { Bridge } from './bridge.ts';
import type { Memory } from './memory.ts';
import type { LuaApi, Pointer, State } from './wasm-api.ts';

/** Fields of lua_Debug (32-bit layout of Lua 5.4). */
const debugRecord = { currentLine: 24, lineDefined: 28, shortSource: 44, size: 128 } as const;
/** Chunks of the engine's own Lua are called `=[smtpe]`; their frames say nothing to a policy author. */
export const runtimeChunk = '[smtpe]';

/** Places that are kept: more than a policy has hooks. */
const MOST_KEPT = 64;

interface KnownPlace {
  readonly source: string;
  readonly place: string;
}

export class Positions {
  readonly #api: LuaApi;
  readonly #memory: Memory;
  readonly #bridge: Bridge;
  readonly #main: State;
  readonly #activation: Pointer;
  readonly #what: Pointer;
  readonly #whatOfFunction: Pointer;
  /** Of functions, by their lines: while sessions are recorded the same few are asked for again and again. */
  readonly #known = new Map<number, KnownPlace>();

  constructor(api: LuaApi, memory: Memory, bridge: Bridge, main: State) {
    this.#api = api;
    this.#memory = memory;
    this.#bridge = bridge;
    this.#main = main;
    this.#activation = memory.allocate(debugRecord.size);
    this.#what = memory.name('Sl');
    this.#whatOfFunction = memory.name('>S');
  }

  /** `file:line: ` of the innermost policy function on `L`, or ''. Allocates nothing in Lua. */
  of(L: State): string {
    for (let level = 0; level < 200 && this.#api.lua_getstack(L, level, this.#activation) !== 0; level++) {
      this.#api.lua_getinfo(L, this.#what, this.#activation);
      const line = this.#memory.words[(this.#activation + debugRecord.currentLine) >> 2] ?? 0;
      const source = this.#memory.cString(this.#activation + debugRecord.shortSource);
      if (line < 0x8000_0000 && source !== runtimeChunk) return `${source}:${line}: `;
    }
    return '';
  }

  /** `file:line` where the Lua function on top of `L`, which is taken off, is defined; '' of one that is none of Lua's. */
  ofFunction(L: State): string {
    this.#api.lua_getinfo(L, this.#whatOfFunction, this.#activation);
    const line = this.#memory.words[(this.#activation + debugRecord.lineDefined) >> 2] ?? 0;
    const at = this.#activation + debugRecord.shortSource;
    const known = this.#known.get(line);
    if (known !== undefined && this.#memory.isCString(at, known.source)) return known.place;
    const source = this.#memory.cString(at);
    const place = line > 0 && line < 0x8000_0000 && source !== runtimeChunk ? `${source}:${line}` : '';
    if (this.#known.size >= MOST_KEPT) this.#known.clear();
    this.#known.set(line, { source, place });
    return place;
  }

  /** Innermost first, one frame a line, tab before each; begins with `stack traceback:`. Only outside the memory limit. */
  traceback(L: State): string {
    const top = this.#api.lua_gettop(this.#main);
    this.#api.lua_checkstack(L, 8);
    this.#api.luaL_traceback(this.#main, L, 0, 0);
    const text = this.#bridge.pullString(this.#main, -1);
    this.#api.lua_settop(this.#main, top);
    return text
      .split('\n')
      .filter((line) => !line.includes(`\t${runtimeChunk}:`))
      .join('\n');
  }
}
