// Compiles Lua text. A file is compiled once a revision (script-files) and instantiated for each connection: it becomes a factory, a function that is given
// the globals and returns the file's chunk with a fresh _ENV. Text given to `load` is compiled for its caller only.
import { readFileSync } from 'node:fs';
import type { Anchor } from '../state/references.ts';
import type { TailCalls } from '../state/tail-calls.ts';
import type { State } from '../state/wasm-api.ts';
import type { Core } from './core.ts';
import { tokensOf, translate } from './lua51-source.ts';

export type Compiled =
  | { readonly kind: 'compiled'; readonly factory: Anchor }
  /** `message` has file and line. */
  | { readonly kind: 'failed'; readonly message: string };

/** For each of these the compiler may walk through all the ones before: 5000 take 50 ms. */
const intricate = new Set(['and', 'or', 'goto', 'break', 'elseif', '::']);
const intricateWords = /\b(?:and|or|goto|break|elseif)\b|::/g;
const maxIntricate = 5000;

/** Why a text is not compiled: nothing may interrupt the compiler. `what` is the file, or `the text`. */
function tooMuch(source: string, maxBytes: number, what: string): string | undefined {
  if (source.length > maxBytes)
    return `${what} has ${source.length} bytes; ${maxBytes} are allowed (lua-max-source)`;
  // Nearly no text has so many even when those in strings and comments are counted.
  if (source.length < 2 * maxIntricate || (source.match(intricateWords)?.length ?? 0) <= maxIntricate)
    return undefined;
  const count = tokensOf(source).filter(({ text }) => intricate.has(text)).length;
  return count > maxIntricate
    ? `${what} has ${count} times and, or, goto, break, elseif or ::; ${maxIntricate} are allowed`
    : undefined;
}

/** On one line with the first of the file, so that line numbers stay. */
const prefix = 'local _ENV = (...) return function(...) ';
const suffix = '\nend';

export class Chunks {
  readonly #core: Core;
  readonly #tailCalls: TailCalls;
  /** The modules of lib-lua, by path: a part of the program, compiled once. */
  readonly #library = new Map<string, Compiled>();

  constructor(core: Core, tailCalls: TailCalls) {
    this.#core = core;
    this.#tailCalls = tailCalls;
  }

  /**
   * Pushes the function that `source` of at most `maxBytes` compiles to, or nil and a message; gives the number of values. `env` is a
   * stack index.
   */
  pushLoaded(L: State, source: string, chunkName: string, env: number, maxBytes: number): number {
    const message = tooMuch(source, maxBytes, 'the text') ?? this.#load(L, translate(source), chunkName);
    if (message !== undefined) {
      this.#core.api.lua_pushnil(L);
      this.#core.bridge.pushBytes(L, message);
      return 2;
    }
    this.#core.api.lua_pushvalue(L, env);
    this.#core.api.lua_setupvalue(L, -2, 1);
    return 1;
  }

  /** Pushes the compiled function, or gives the message. */
  #load(L: State, source: string, chunkName: string): string | undefined {
    const { api, memory, bridge } = this.#core;
    const name = api.malloc(chunkName.length + 1);
    memory.write(chunkName, name);
    const status = memory.with(source, (at, size) =>
      api.luaL_loadbufferx(L, at, size, name, memory.name('t')),
    );
    api.free(name);
    if (status === 0) {
      this.#tailCalls.mend(api.lua_topointer(L, -1));
      return undefined;
    }
    const message = bridge.pullString(L, -1);
    api.lua_settop(L, -2);
    return message;
  }

  /** The factory of Lua source of at most `maxBytes`, undefined: of any size; it must be released by the caller. */
  compile(source: string, chunkName: string, maxBytes?: number): Compiled {
    const problem = maxBytes === undefined ? undefined : tooMuch(source, maxBytes, chunkName.slice(1));
    if (problem !== undefined) return { kind: 'failed', message: problem };
    return this.#core.account.unlimited(() => {
      const { api, main, bridge } = this.#core;
      if (source.startsWith('\u001b')) {
        return {
          kind: 'failed',
          message: `${chunkName.slice(1)}: compiled Lua cannot be loaded, only its source`,
        };
      }
      const text = translate(source);
      // By itself first: errors must speak of the file's own text, not of what is put around it.
      let message = this.#load(main, text, chunkName);
      if (message === undefined) {
        api.lua_settop(main, -2);
        message = this.#load(main, `${prefix}${text}${suffix}`, chunkName);
      }
      if (message !== undefined) return { kind: 'failed', message };
      this.#tailCalls.markMain(api.lua_topointer(main, -1));
      return { kind: 'compiled', factory: bridge.anchor(main) };
    });
  }

  /** The factory of a module of lib-lua. Not to be released. */
  library(path: string): Compiled {
    const known = this.#library.get(path);
    if (known !== undefined) return known;
    const source = withoutFirstLineComment(readFileSync(Buffer.from(path, 'latin1')).toString('latin1'));
    const compiled = this.compile(source, `@${path}`);
    this.#library.set(path, compiled);
    return compiled;
  }
}

/** A byte order mark, and a first line that begins with `#`, are not Lua; the line's end stays for the line numbers. */
export function withoutFirstLineComment(source: string): string {
  const text = source.startsWith('\u00ef\u00bb\u00bf') ? source.slice(3) : source;
  if (!text.startsWith('#')) return text;
  const end = text.indexOf('\n');
  return end < 0 ? '' : text.slice(end);
}
