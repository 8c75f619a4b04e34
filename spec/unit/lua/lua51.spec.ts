// What a Lua 5.1 policy gets from our Lua: the same as from lua5.1, but for the list of differences.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { translate } from '../../../src/lua/run/lua51-source.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';

interface Case {
  readonly lua: string;
  /** What lua5.1 prints. */
  readonly lua51: string;
}

const cases = JSON.parse(
  readFileSync(join(import.meta.dirname, 'lua51-cases.json'), 'utf8'),
) as readonly Case[];

/** Where ours answers differently, and why. */
const differences: Readonly<Record<string, { readonly ours: string; readonly why: string }>> = {
  'return pcall(setfenv, print, {}), pcall(getfenv, 50), pcall(getfenv, -1), pcall(setfenv, 1)': {
    ours: "false|false|false|false|bad argument #2 to 'setfenv' (table expected, got no value)",
    why: 'the function is named',
  },
  'return pcall(string.rep), pcall(("x").rep, "x"), pcall(string.format, "%d", "x")': {
    ours: "false|false|false|bad argument #2 to 'format' (number expected, got string)",
    why: 'the function is named',
  },
  'return pcall(string.find, "a", "[a"), pcall(string.find, "a", "%"), pcall(string.gsub, "a", "a", "%2")': {
    ours: 'false|false|false|invalid capture index %2',
    why: 'Lua 5.4 says which',
  },
  'local a <const> = 1': { ours: '', why: 'syntax of Lua 5.4 is allowed' },
  'return 0x7fffffff + 1, 2147483647 * 2, 5 // 2': {
    ours: '2147483648|4294967294|2',
    why: 'syntax of Lua 5.4 is allowed',
  },
  'for i = 1, 2 do if i == 1 then goto continue end return i ::continue:: end': {
    ours: "SYNTAX case:1: 'end' expected near '::'",
    why: 'the words of Lua 5.4',
  },
};

const run = `
  local show = function(...)
    local out = {}
    for i = 1, select("#", ...) do
      local v = select(i, ...)
      local t = type(v)
      if t == "table" or t == "function" or t == "userdata" or t == "thread" then v = t end
      out[i] = tostring(v)
    end
    return table.concat(out, "|")
  end
  local f, e = loadstring([======[CASE]======], "=case")
  local text = f and show(coroutine.wrap(f)()) or "SYNTAX " .. tostring(e)
`;

const hasLua51 = (() => {
  try {
    execFileSync('lua5.1', ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe('Lua 5.1 in our Lua', () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await TestEngine.start();
  });
  for (const { lua, lua51 } of cases) {
    const difference = differences[lua];
    it(`${lua.replaceAll('\n', ' ')}${difference === undefined ? '' : ` (differs: ${difference.why})`}`, async () => {
      const [text] = await engine.eval(`${run.replace('CASE', () => lua)} return text`);
      expect(text).toBe(difference?.ours ?? lua51);
    });
  }
});

describe.skipIf(!hasLua51)('the expectations', () => {
  for (const { lua, lua51 } of cases) {
    it(`lua5.1: ${lua.replaceAll('\n', ' ')}`, () => {
      const program = `${run.replace('CASE', () => lua)} io.write(text)`;
      expect(
        execFileSync('lua5.1', ['-e', program], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] }),
      ).toBe(lua51);
    });
  }
});

describe('translate', () => {
  const same = [
    'return "\\n\\065\\\\ \\"" -- \\. goto arg',
    '--[[ "\\." goto ]] return [==[ \\. goto arg ]==]',
    'goto done ::done:: return 1',
    'local s = "\\x41\\u{48}\\z\n   end"',
    'return { args = 1, t.arg, t:arg() }',
    'local function f(...) local arg = {...} return arg[1] end',
    'local function f(arg) return arg end',
    'x = "unfinished \\',
    "x = 'unfinished",
    'x = [[unfinished \\.',
  ];
  for (const source of same) {
    it(`leaves ${JSON.stringify(source)} alone`, () => {
      expect(translate(source)).toBe(source);
    });
  }

  it.each([
    ['x = "a\\.b\\-c"', 'x = "a.b-c"'],
    ["x = '\\q' .. '\\\\q'", "x = 'q' .. '\\\\q'"],
    ['x = "\\xZZ"', 'x = "xZZ"'],
    ['goto = 1', '_goto51 = 1'],
    ['t.goto = { goto = 1 }', 't["goto"] = { ["goto"] = 1 }'],
    [
      'function f(...)\n  return arg.n\nend',
      'function f(...) local arg = {n = select("#", ...), ...} \n  return arg.n\nend',
    ],
    [
      'f = function(a, ...) if a then return function() return arg end end end',
      'f = function(a, ...) local arg = {n = select("#", ...), ...}  if a then return function() return arg end end end',
    ],
  ])('makes %j %j', (source, expected) => {
    expect(translate(source)).toBe(expected);
  });

  it('keeps the number of lines', () => {
    const source = 'a = "\\.\\\n"\n-- x\nfunction f(...)\n return arg\nend\n';
    expect(translate(source).split('\n')).toHaveLength(source.split('\n').length);
  });

  it('takes time in proportion to the source', () => {
    const source = `${'x = "\\." .. arg '.repeat(50_000)}`;
    expect(translate(source).length).toBeLessThan(source.length);
  });
});
