// Text given to load is bounded, and what the compiler and the translation of Lua 5.1 do with it is linear: nothing can interrupt them.
import { beforeAll, describe, expect, it } from 'vitest';
import { TestEngine } from '../fakes/lua-engine.ts';
import { allowed } from '../fakes/pace.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.start();
});

/** Texts of up to 512 KiB, each made of one thing again and again. */
const texts: readonly (readonly [string, string])[] = [
  ['names', "('a = 1 '):rep(80000)"],
  ['names, with the word arg', "('a = 1 '):rep(80000) .. 'x = arg'"],
  ['functions in functions', "('function f(...) '):rep(190) .. ('x = arg '):rep(60000)"],
  ['functions in functions, too deep', "('function f(...) '):rep(15000) .. ('arg '):rep(15000)"],
  ['open parentheses', "('('):rep(500000) .. ' arg'"],
  ['functions without a parenthesis', "('function '):rep(50000) .. ' arg'"],
  ['open long brackets', "('[==[ arg '):rep(50000)"],
  ['open comments', "('--[==[ arg '):rep(45000)"],
  ['quotes', "('\"'):rep(500000) .. ' arg'"],
  ['odd escapes', "'x = \"' .. ('\\\\.'):rep(250000) .. '\"'"],
  ['gotos', "('goto x '):rep(70000) .. '::x::'"],
  [
    'labels',
    "(('::a%d:: '):rep(40000)):gsub('%%d', (function() local n = 0 return function() n = n + 1 return n end end)())",
  ],
  ['breaks', "'while x do ' .. ('if x then break end '):rep(25000) .. 'end'"],
  ['elseifs', "'if x then ' .. ('elseif x then '):rep(36000) .. 'end'"],
  ['ands and ors', "'x = ' .. ('a and b or '):rep(45000) .. 'c'"],
  ['table items', "'x = {' .. ('1,'):rep(250000) .. '}'"],
  ['strings', "'x = {' .. ('\"abc\",'):rep(80000) .. '}'"],
  ['calls', "('f() '):rep(120000)"],
  ['small functions', "('f = function(...) return arg end '):rep(15000)"],
];

describe('load', () => {
  it.each(texts)('of many %s takes no more than a moment', { timeout: 60_000 }, async (_what, text) => {
    engine.options.set('hook-cpu-limit', '60000', 'spec');
    const [size, seconds] = await engine.eval(`
      local text = ${text}
      text = text:sub(1, 512 * 1024)
      local from = os.clock()
      load(text)
      return #text, os.clock() - from`);
    expect(size).toBeGreaterThan(100_000);
    // About 0.2 s at most when nobody else is at work.
    expect(1000 * Number(seconds)).toBeLessThan(allowed(1000));
  });

  it.each([
    ["load(('a '):rep(300000))", /the text has 600000 bytes; 524288 are allowed \(lua-max-source\)/],
    ["loadstring(('a '):rep(300000))", /the text has 600000 bytes/],
    [
      "load(function() return ('a '):rep(1000) end)",
      /the text has more than 524288 bytes \(lua-max-source\)/,
    ],
    [
      "load(('goto x '):rep(9000) .. '::x::')",
      /the text has 9002 times and, or, goto, break, elseif or ::; 5000 are allowed/,
    ],
  ])('%s is an error that names the limit', async (call, message) => {
    expect(await engine.eval(`return ${call}`)).toEqual([undefined, expect.stringMatching(message)]);
  });

  it('does not take words in strings and comments for code', async () => {
    const text = "'x = {' .. ('\"this and that or ::1\", -- goto or break\\n'):rep(6000) .. '}'";
    expect(await engine.eval(`return type(load(${text}))`)).toEqual(['function']);
  });

  it('may be given more', async () => {
    engine.options.set('lua-max-source', '1024', 'spec');
    expect(await engine.eval("return type(load(('a = 1 '):rep(100000)))")).toEqual(['function']);
    engine.options.set('lua-max-source', '512', 'spec');
  });
});
