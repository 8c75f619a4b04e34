// The natives behind lib-lua/runtime/patterns.lua: string matching that can be stopped.
import type { Core } from './core.ts';
import type { Native } from './natives.ts';
import { type Pattern, parsePattern, quickLength } from './pattern.ts';
import { Matcher } from './pattern-match.ts';
import { findBytes } from './plain-find.ts';
import type { State } from './wasm-api.ts';

const keptPatterns = 500;

/** Compiled patterns; all are forgotten when there are too many. */
class PatternCache {
  readonly #patterns = new Map<string, Pattern>();

  get(text: string): Pattern {
    const known = this.#patterns.get(text);
    if (known !== undefined) return known;
    const pattern = parsePattern(text);
    if (this.#patterns.size >= keptPatterns) this.#patterns.clear();
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

  return {
    /** quick_length(pattern) */
    quick_length: (L) => {
      api.lua_pushnumber(L, quickLength(bridge.pullString(L, 1)));
      return 1;
    },
    /** match_from(subject, pattern, init) -> first, last, captures ...; nil when there is no match. 1 <= init <= #subject + 1 */
    match_from: (L) => {
      const pattern = cache.get(bridge.pullString(L, 2));
      const init = api.lua_tonumberx(L, 3, 0);
      const { at, length } = bridge.stringAt(L, 1);
      const matcher = new Matcher(pattern, memory.bytes, at, length, () => core.tick(L));
      const match = matcher.find(init - 1);
      if (match === undefined) {
        api.lua_pushnil(L);
        return 1;
      }
      bridge.pushNumber(L, match.start + 1);
      bridge.pushNumber(L, match.end);
      pushCaptures(L, matcher, at);
      return 2 + matcher.starts.length;
    },
    /** find_plain(subject, text, init) -> first, last */
    find_plain: (L) => {
      const { at, length } = bridge.stringAt(L, 1);
      const needle = bridge.stringAt(L, 2);
      const bytes = memory.bytes;
      const found = findBytes(
        bytes.subarray(at, at + length),
        bytes.subarray(needle.at, needle.at + needle.length),
        api.lua_tonumberx(L, 3, 0) - 1,
      );
      if (found < 0) {
        api.lua_pushnil(L);
        return 1;
      }
      bridge.pushNumber(L, found + 1);
      bridge.pushNumber(L, found + needle.length);
      return 2;
    },
  };
}
