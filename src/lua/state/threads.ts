// Lua threads for hooks to run in. Between its hooks a connection needs none, so they are shared: an idle connection costs no stack.
import { type LuaApi, registry, type State } from './wasm-api.ts';

/** Threads kept for reuse. */
const kept = 64;

export interface Thread {
  readonly L: State;
  readonly ref: number;
}

export class Threads {
  readonly #api: LuaApi;
  readonly #main: State;
  /** Makes the engine look at a new thread now and then. */
  readonly #watch: (L: State) => void;
  readonly #idle: Thread[] = [];

  constructor(api: LuaApi, main: State, watch: (L: State) => void) {
    this.#api = api;
    this.#main = main;
    this.#watch = watch;
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
    this.#watch(L);
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
