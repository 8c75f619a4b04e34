// The natives behind lib-lua/runtime/patterns.lua: string matching that can be stopped.
import type { Core } from '../run/core.ts';
import type { Native } from '../state/natives.ts';
import type { State } from '../state/wasm-api.ts';
import { type Pattern, parsePattern, quickLength } from './pattern.ts';
import { Matcher } from './pattern-match.ts';
import { PlainSearch } from './plain-find.ts';

/** Compiled patterns that are kept, and up to which length; longer ones may be text of a mail. */
const KEPT = 200;
const KEPT_LENGTH = 200;

const special = Uint8Array.from({ length: 256 }, (_, byte) =>
  '^$*+?.([%-'.includes(String.fromCharCode(byte)) ? 1 : 0,
);

/** Compiled patterns; all are forgotten when there are too many. */
class PatternCache {
  readonly #patterns = new Map<string, Pattern>();

  get(text: string): Pattern {
    const known = this.#patterns.get(text);
    if (known !== undefined) return known;
    const pattern = parsePattern(text);
    if (text.length > KEPT_LENGTH) return pattern;
    if (this.#patterns.size >= KEPT) this.#patterns.clear();
    this.#patterns.set(text, pattern);
    return pattern;
  }
}

export function patternNatives(core: Core): Record<string, Native> {
  const { api, bridge, memory } = core;
  const cache = new PatternCache();

  function pushCaptures(L: State, matcher: Matcher, base: number): void {
    api.lua_checkstack(L, matcher.starts.length + 4);
    for (let i = 0; i < matcher.starts.length; i++) {
      const start = matcher.starts[i] ?? 0;
      const end = matcher.ends[i] ?? 0;
      if (end < 0) bridge.pushNumber(L, start + 1);
      else api.lua_pushlstring(L, base + start, end - start);
    }
  }

  /** Works in portions and gives way between them; the strings stay on the stack of `L`, and so where they are. */
  function match(L: State, matcher: Matcher, base: number): number {
    let found = matcher.find(memory.bytes);
    while (found === 'pending') {
      if (core.look(L)) core.giveWay(L, (again) => match(again, matcher, base));
      found = matcher.find(memory.bytes);
    }
    if (found === 'none') {
      api.lua_pushnil(L);
      return 1;
    }
    bridge.pushNumber(L, found.start + 1);
    bridge.pushNumber(L, found.end);
    pushCaptures(L, matcher, base);
    return 2 + matcher.starts.length;
  }

  function search(L: State, plain: PlainSearch, length: number): number {
    let found = plain.find(memory.bytes);
    while (found === undefined) {
      if (core.look(L)) core.giveWay(L, (again) => search(again, plain, length));
      found = plain.find(memory.bytes);
    }
    if (found < 0) {
      api.lua_pushnil(L);
      return 1;
    }
    bridge.pushNumber(L, found + 1);
    bridge.pushNumber(L, found + length);
    return 2;
  }

  return {
    /** is_plain(pattern) -> whether nothing in it has a meaning of its own */
    is_plain: (L) => {
      const { at, length } = bridge.stringAt(L, 1);
      const { bytes } = memory;
      let i = at;
      while (i < at + length && special[bytes[i] ?? 0] === 0) i += 1;
      api.lua_pushboolean(L, i === at + length ? 1 : 0);
      return 1;
    },
    /** quick_length(pattern) */
    quick_length: (L) => {
      api.lua_pushnumber(L, quickLength(bridge.pullString(L, 1)));
      return 1;
    },
    /** match_from(subject, pattern, init) -> first, last, captures ...; nil when there is no match. 1 <= init <= #subject + 1 */
    match_from: (L) => {
      const pattern = cache.get(bridge.pullString(L, 2));
      const { at, length } = bridge.stringAt(L, 1);
      return match(L, new Matcher(pattern, at, length, api.lua_tonumberx(L, 3, 0) - 1), at);
    },
    /** find_plain(subject, text, init) -> first, last; 1 <= init <= #subject + 1 */
    find_plain: (L) => {
      const needle = bridge.stringAt(L, 2);
      const from = api.lua_tonumberx(L, 3, 0) - 1;
      return search(L, new PlainSearch(bridge.stringAt(L, 1), needle, from), needle.length);
    },
  };
}
