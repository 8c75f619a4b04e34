import { beforeAll, describe, expect, it } from 'vitest';
import { parsePattern, quickLength } from '../../../../src/lua/library/pattern.ts';
import { Matcher } from '../../../../src/lua/library/pattern-match.ts';
import { PlainSearch } from '../../../../src/lua/library/plain-find.ts';
import { TestEngine } from '../../../fakes/lua-engine.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.start();
});

/** What string.find gives for a short subject, where it is Lua's own. */
function findAll(pattern: string, subject: string): (number | string)[] | undefined {
  const bytes = Buffer.from(subject, 'latin1');
  const matcher = new Matcher(parsePattern(pattern), 0, bytes.length, 0);
  const match = matcher.find(bytes);
  if (match === 'none') return undefined;
  if (match === 'pending') throw new Error('not done in one portion');
  const captures = Array.from(matcher.starts, (start, i) => {
    const end = matcher.ends[i] ?? 0;
    return end < 0 ? start + 1 : subject.slice(start, end);
  });
  return [match.start + 1, match.end, ...captures];
}

/** A generator that gives the same numbers in each run (Park and Miller). */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
}

describe('our matcher', () => {
  it('answers as Lua does for 3000 patterns put together at random', async () => {
    const next = numbers(42);
    const pieces = [
      'a',
      'b',
      '.',
      '%a',
      '%d',
      '%W',
      '[ab]',
      '[^b]',
      '[a-c%d]',
      '(',
      ')',
      '()',
      '%1',
      '%b()',
      '%f[%a]',
    ];
    const repeats = ['', '', '*', '+', '-', '?'];
    const cases: [string, string][] = [];
    for (let i = 0; i < 3000; i++) {
      let pattern = next(5) === 0 ? '^' : '';
      for (let k = next(6); k >= 0; k--) pattern += `${pieces[next(pieces.length)]}${repeats[next(6)]}`;
      if (next(5) === 0) pattern += '$';
      let subject = '';
      for (let k = next(14); k > 0; k--) subject += 'aabbc1() ,'.charAt(next(10));
      cases.push([pattern, subject]);
    }
    const text = cases.map(([p, s]) => `{${JSON.stringify(p)},${JSON.stringify(s)}}`).join(',\n');
    const [answers] = await engine.eval(`
      local out = {}
      for i, case in ipairs { ${text} } do
        local result = { pcall(string.find, case[2], case[1]) }
        out[i] = result[1] and { found = result[2] ~= nil and { table.unpack(result, 2) } or nil } or { error = result[2] }
      end
      return out`);
    let matched = 0;
    for (const [i, [pattern, subject]] of cases.entries()) {
      const answer = (answers as Map<number, Map<string, unknown>>).get(i + 1);
      // Lua finds some errors only when the match gets there.
      let ours: (number | string)[] | undefined;
      try {
        ours = findAll(pattern, subject);
      } catch {
        continue;
      }
      const found = answer?.get('found') as Map<number, number | string> | undefined;
      expect(answer?.get('error'), `${pattern} on ${subject}`).toBeUndefined();
      expect(ours, `${pattern} on ${subject}`).toEqual(found === undefined ? undefined : [...found.values()]);
      if (ours !== undefined) matched += 1;
    }
    expect(matched).toBeGreaterThan(500);
  });

  for (const pattern of ['%', '[a', '[%', '(a', 'a)', '%b(', '%fa', '%1', '[]']) {
    it(`refuses the malformed pattern ${pattern} with Lua's text`, async () => {
      const [, message] = await engine.eval(`return pcall(string.match, "aaaa", ${JSON.stringify(pattern)})`);
      expect(() => parsePattern(pattern)).toThrow(
        String(message)
          .replace(/^.*?: /, '')
          .replace(/ in pattern .*/, ''),
      );
    });
  }

  it('handles every byte value in sets', () => {
    for (let byte = 0; byte < 256; byte++) {
      const character = String.fromCharCode(byte);
      expect(findAll('[\u0080-\u00ff]', character) !== undefined).toBe(byte >= 128);
      expect(findAll('%z', character) !== undefined).toBe(byte === 0);
    }
  });
});

describe('which matcher serves', () => {
  it('leaves patterns of linear time to Lua for subjects on which it is done in a few milliseconds', () => {
    for (const pattern of ['abc', '^%d+', '%.', '[^@]', '^From: ', 'x$']) {
      expect(quickLength(pattern), pattern).toBeGreaterThan(1_000_000);
      expect(quickLength(pattern), pattern).toBeLessThan(5_000_000);
    }
    expect(quickLength(`[${'a'.repeat(4000)}]`)).toBeLessThan(5000);
  });

  it('gives Lua only short subjects when repeats can multiply', () => {
    expect(quickLength('.-.-.-b')).toBeLessThan(200);
    expect(quickLength('(.-)@(.-)')).toBeLessThan(1000);
    expect(quickLength('x*y')).toBeLessThan(10_000);
  });
});

describe('string functions on subjects that are too long for the C matcher', () => {
  const long = '("k=v; "):rep(3000)';
  const cases: readonly [string, readonly unknown[]][] = [
    [`local s = ${long} return s:find("(%w+)=(%w+); (%w+)=", 7)`, [11, 17, 'k', 'v', 'k']],
    [`local s = ${long} return s:find("(%w-)=(%w-)!")`, [undefined]],
    [`local s = ${long} return s:match("^(%w+)=(%w*)")`, ['k', 'v']],
    [`local s = ${long} return (s:match("%w-=%w-; .-k"))`, ['k=v; k']],
    [`local n = 0 for k, v in (${long}):gmatch("(%w+)=(%w+)") do n = n + #k + #v end return n`, [6000]],
    [
      `local r, n = (${long}):gsub("(%w+)=(%w+)", "%2=%1") return #r, n, r:sub(1, 10)`,
      [15_000, 3000, 'v=k; v=k; '],
    ],
    [`local r, n = (${long}):gsub("(%w+)=(%w+)", { k = "K" }, 2) return n, r:sub(1, 10)`, [2, 'K; K; k=v;']],
    [
      `local r, n = (${long}):gsub("%w*=%w*", function(x) return x:upper() end) return n, r:sub(1, 5)`,
      [3000, 'K=V; '],
    ],
    ['return (("a"):rep(100000) .. "b"):find(("a"):rep(50000) .. "b", 1, true)', [50_001, 100_001]],
    ['return (("a"):rep(100000)):find(("a"):rep(50000) .. "b", 1, true)', [undefined]],
  ];
  for (const [source, expected] of cases) {
    it(source, async () => {
      expect(await engine.eval(source)).toEqual(expected);
    });
  }

  it('replaces empty matches as Lua does', async () => {
    for (const pattern of ['%w*', '%s*', '.-', 'x*', '()']) {
      const [short, slow] = await engine.eval(`
        local s = "hello world, x"
        local short = s:gsub(${JSON.stringify(pattern)}, "<%0>")
        local slow = s:gsub(${JSON.stringify(pattern)}, function(m) return "<" .. m .. ">" end)
        return short, slow`);
      if (pattern !== '()') expect(slow, pattern).toBe(short);
    }
  });
});

describe('a plain search', () => {
  it('finds what Buffer.indexOf finds', () => {
    const next = numbers(7);
    for (let i = 0; i < 2000; i++) {
      const haystack = Buffer.from(Array.from({ length: next(40) }, () => 97 + next(2)));
      const needle = Buffer.from(Array.from({ length: next(6) }, () => 97 + next(2)));
      const from = next(haystack.length + 1);
      const bytes = Buffer.concat([haystack, needle]);
      const search = new PlainSearch(
        { at: 0, length: haystack.length },
        { at: haystack.length, length: needle.length },
        from,
      );
      let found: number | undefined;
      while (found === undefined) found = search.find(bytes);
      expect(found).toBe(haystack.indexOf(needle, from));
    }
  });

  it('works in portions', () => {
    const bytes = Buffer.concat([Buffer.alloc(5_000_000, 97), Buffer.alloc(2_000_000, 97), Buffer.from('b')]);
    const search = new PlainSearch({ at: 0, length: bytes.length }, { at: 5_000_000, length: 2_000_001 }, 0);
    let portions = 1;
    let found: number | undefined;
    while (found === undefined) {
      found = search.find(bytes);
      portions += 1;
    }
    expect(found).toBe(5_000_000);
    expect(portions).toBeGreaterThan(5);
  });
});

describe('what is remembered of patterns', () => {
  it('is bounded: nothing of long patterns, and nothing of what is searched for as plain text', async () => {
    const one = async (k: number): Promise<void> => {
      await engine.eval(`for i = 1, 40 do
        pcall(string.find, "abc", ${k} .. "/" .. i .. ("y"):rep(100000), 1, true)
        pcall(string.find, "abc", ${k} .. "/" .. i .. ("y"):rep(100000))
        pcall(string.match, ("abc"):rep(3000), ${k} .. "/" .. i .. ("y*x"):rep(100))
        pcall(string.format, ${k} .. "/" .. i .. ("y"):rep(100000) .. "%d", 1)
        pcall(string.format, "%d" .. ("z"):rep(100) .. ${k} .. "/" .. i, 1)
      end`);
    };
    await one(0);
    engine.engine.collect();
    const before = engine.engine.memoryUse().lua;
    for (let k = 1; k < 20; k++) await one(k);
    engine.engine.collect();
    expect(engine.engine.memoryUse().lua - before).toBeLessThan(1_500_000);
  });

  it('does not let a plain search take long whatever it has for a pattern', async () => {
    const began = performance.now();
    const [found] = await engine.eval(
      'return (("a"):rep(5000000)):find(("a"):rep(1000000) .. ".", 1, true) == nil',
    );
    expect(found).toBe(true);
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});
