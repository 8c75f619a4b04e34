// Lua threads for hooks to run in. Between its hooks a connection needs none, so they are shared: an idle connection costs no stack.
import { type LuaApi, maskCount, registry, type State } from './wasm-api.ts';

/** Instructions between two looks at the clock. C functions count as one instruction, so not too many. */
const instructionsPerTick = 200;
/** Threads kept for reuse. */
const kept = 64;

export interface Thread {
  readonly L: State;
  readonly ref: number;
}

export class Threads {
  readonly #api: LuaApi;
  readonly #main: State;
  readonly #countHook: number;
  readonly #idle: Thread[] = [];

  constructor(api: LuaApi, main: State, countHook: number) {
    this.#api = api;
    this.#main = main;
    this.#countHook = countHook;
  }

  /** Threads that nobody uses at present, and that are kept. */
  get idle(): number {
    return this.#idle.length;
  }

  /** A thread with an empty stack. */
  take(): Thread {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    const L = this.#api.lua_newthread(this.#main);
    const ref = this.#api.luaL_ref(this.#main, registry);
    this.#api.lua_sethook(L, this.#countHook, maskCount, instructionsPerTick);
    return { L, ref };
  }

  /** The thread has ended normally or was reset, and nobody else knows it. */
  giveBack(thread: Thread): void {
    if (this.#idle.length >= kept) this.drop(thread);
    else {
      this.#api.lua_settop(thread.L, 0);
      this.#idle.push(thread);
    }
  }

  /** The thread is not to be used again. */
  drop(thread: Thread): void {
    this.#api.luaL_unref(this.#main, registry, thread.ref);
  }
}
