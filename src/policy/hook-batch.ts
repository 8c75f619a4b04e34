// A row of calls of one hook in one run of Lua (hook.body, thousands of times a message): the table of values that
// lib-lua/runtime/lines.lua works through, and what it says about where it is.
import type { Core } from '../lua/core.ts';
import type { Anchor } from '../lua/references.ts';
import type { SliceBatch } from '../lua/value.ts';
import type { State } from '../lua/wasm-api.ts';

/** Lines in one run; more would save nothing. */
const MOST = 64;

export class HookBatch {
  readonly #core: Core;
  readonly #values: Anchor;

  /** Leaves the table of values on top of `L`. */
  constructor(core: Core, L: State, batch: SliceBatch) {
    core.bridge.pushBatch(L, batch);
    core.api.lua_pushvalue(L, -1);
    this.#core = core;
    this.#values = core.bridge.anchor(L);
  }

  /** Which call is running, from 1. */
  get at(): number {
    const { api, main } = this.#core;
    this.#values.push(main);
    this.#core.pushName(main, 'at');
    api.lua_rawget(main, -2);
    const at = api.lua_tonumberx(main, -1, 0);
    api.lua_settop(main, -3);
    return at;
  }

  /** The row ends with the call that is running: something is to be done before the next. */
  stop(): void {
    const { api, main } = this.#core;
    this.#values.push(main);
    this.#core.pushName(main, 'stop');
    api.lua_pushboolean(main, 1);
    api.lua_rawset(main, -3);
    api.lua_settop(main, -2);
  }

  release(): void {
    this.#values.release();
  }
}

/** Rows grow while they run through, and shrink to what was done when one stopped. */
export function adapt(batch: SliceBatch, done: number): void {
  batch.limit = done < batch.count ? Math.max(1, done) : Math.min(MOST, batch.limit * 2);
}
