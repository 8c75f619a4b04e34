// A row of calls of one hook in one run of Lua (hook.body, thousands of times a message): the table of values that
// lib-lua/runtime/lines.lua works through, and what it says about where it is.
import type { SliceBatch } from '../../lua-api/value.ts';
import type { Anchor } from '../state/references.ts';
import type { State } from '../state/wasm-api.ts';
import type { Core } from './core.ts';
import type { Reader } from './results.ts';

/** What a row returned: how many calls were done, and what was read of the last one's results. */
export interface RowRead<T> {
  readonly kind: 'row';
  readonly done: number;
  readonly last: T;
}

/** Reads what one call has returned, and what a row of them has. */
export interface RowReader<T> {
  readonly one: Reader<T>;
  readonly row: Reader<RowRead<T>>;
}

/** Make it once, like any reader. */
export function rowReader<T>(one: Reader<T>): RowReader<T> {
  return {
    one,
    row: (results) => {
      const done = results.number(0);
      results.skip(1);
      return { kind: 'row', done, last: one(results) };
    },
  };
}

export class Row {
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
