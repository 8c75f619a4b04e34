// What is pushed onto a thread before a script is entered in other ways than by the function itself.
import type { Entry } from '../../lua-api/entry-table.ts';
import type { Anchor } from '../state/references.ts';
import type { State } from '../state/wasm-api.ts';
import type { Chunks } from './chunks.ts';
import type { Core } from './core.ts';
import type { Environment } from './environment.ts';

export class Calls {
  readonly #core: Core;
  readonly #chunks: Chunks;
  #each: Anchor | undefined;

  constructor(core: Core, chunks: Chunks) {
    this.#core = core;
    this.#chunks = chunks;
  }

  /** Pushes the chunk of a compiled file. Runs no Lua of the policy's. */
  pushFile(L: State, factory: Anchor, globals: Environment): void {
    factory.push(L);
    globals.pushGlobals(L);
    this.#core.api.lua_callk(L, 1, 1, 0, 0);
  }

  /** Pushes the chunk of a text (`+test` lines). Gives the message when it does not compile. */
  pushText(
    L: State,
    source: string,
    chunkName: string,
    globals: Environment,
    maxBytes: number,
  ): string | undefined {
    globals.pushGlobals(L);
    if (this.#chunks.pushLoaded(L, source, chunkName, 1, maxBytes) === 2) return this.#core.errorText(L);
    this.#core.api.lua_rotate(L, 1, 1);
    this.#core.api.lua_settop(L, 1);
    return undefined;
  }

  /**
   * Pushes a Lua function and its first two arguments that find and call the function of an entry by Lua's own rules (metatables included);
   * it gives the engine's tag when there is none.
   */
  pushLookUp(L: State, entry: Entry): void {
    const { api, main, bridge } = this.#core;
    this.#core.pushRuntime('call_entry');
    api.lua_xmove(main, L, 1);
    if (entry.table === undefined) bridge.push(L, undefined);
    else this.#core.pushName(L, entry.table);
    this.#core.pushName(L, entry.name);
  }

  /** Pushes what calls the function of an entry for each value of a batch, and its first three arguments: each(globals, table, name, values, count). */
  pushEach(L: State, entry: Entry, globals: Environment): void {
    const { api, main, bridge } = this.#core;
    if (this.#each === undefined) {
      this.#core.pushRuntime('lines');
      this.#core.pushName(main, 'each');
      api.lua_rawget(main, -2);
      this.#each = bridge.anchor(main);
      api.lua_settop(main, -2);
    }
    this.#each.push(L);
    globals.pushGlobals(L);
    if (entry.table === undefined) bridge.push(L, undefined);
    else this.#core.pushName(L, entry.table);
    this.#core.pushName(L, entry.name);
  }
}
