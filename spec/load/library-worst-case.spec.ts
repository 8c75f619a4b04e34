// Every function of the libraries of Lua with arguments that are made to take long: none lets the event loop stand still, whatever the
// policy does with the time that it has.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LuaEngine } from '../../src/lua/engine.ts';
import type { PolicyInstance } from '../../src/policy/instance.ts';
import { TestEngine } from '../fakes/lua-engine.ts';
import { allowed } from '../fakes/pace.ts';
import { standstill } from '../fakes/standstill.ts';

/**
 * The bound, in times of what string.upper needs for a text of 24 MiB at that moment (30 ms on a quiet machine): a busy machine is slower, for
 * both. 50 ms are meant, which such a text alone may need; where it is taken for a number it is three times as much as here.
 */
const TIMES = 5;
/** Milliseconds of processor time that are always allowed, on a quiet machine: memory may have to be collected in between. */
const ALWAYS = 100;
/** Milliseconds that a policy has: more than the bound is at rest, and no more than it takes to see what a function does. */
const LIMIT = '200';

/** A policy with values that a function may be called with; `long` has 24 MiB. */
const policy = `
  mib = ("x"):rep(1048576)
  long = mib:rep(24)
  longer = long .. "y"
  digits = ("1"):rep(1048576):rep(24)
  blanks = (" "):rep(1048576):rep(24)
  marks = ("%d"):rep(30000)
  many = {}
  for i = 1, 200000 do many[i] = "" end
  numbers = {}
  for i = 1, 100000 do numbers[i] = (i * 7919) % 100003 end
  liar = setmetatable({}, { __len = function() return 2 ^ 52 | 0 end, __index = function(_, i) return i end, __newindex = function() end })
  c_liar = setmetatable({}, { __len = function() return 2 ^ 31 - 2 | 0 end, __index = rawlen, __newindex = rawequal })
  local asked = 0
  turncoat = setmetatable({}, { __len = function() asked = asked + 1 return asked % 2 == 1 and 3 or 2 ^ 31 - 2 | 0 end, __index = rawlen, __newindex = rawequal })
  long_liar = setmetatable({}, { __len = function() return 90000000 end, __index = rawlen, __newindex = rawequal })
  spinner = setmetatable({}, { __tostring = function() while true do end end, __index = function() while true do end end,
    __lt = function() while true do end end, __concat = function() while true do end end, __len = function() while true do end end,
    __eq = function() while true do end end, __pairs = function() while true do end end, __call = function() while true do end end,
    __close = function() while true do end end, __name = long, __unm = function() while true do end end })
  sparse = {}
  for i = 1, 200000 do sparse[i * 3] = i end
  for i = 1, 200000 do sparse[i * 3] = nil end
  function endless() while true do end end
  values = { long, longer, digits, blanks, marks, many, numbers, liar, c_liar, turncoat, long_liar, spinner, sparse, endless, 2 ^ 31 | 0, 2 ^ 52 | 0, -(2 ^ 52) | 0,
    math.mininteger, math.maxinteger, 0 / 0, 1 / 0, -1 / 0, 25000000, 1000000, -1, 0, 1, "", "x", ".-.-.-y", "x*x*x*y", "%f[x]", "%b()", "(x)%1", true, false,
    coroutine.create(endless), "%s", "%q", "%99.99f", "z", "s4", "i16", "*a", "r" }
`;

/** Not called: they end in the operating system, are tested elsewhere, or change what the test itself uses. */
const left = new Set([
  'io',
  'os.execute',
  'os.exit',
  'os.remove',
  'os.rename',
  'os.tmpname',
  'require',
  'dofile',
  'loadfile',
  'module',
  'print',
]);

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.start({ options: { 'hook-cpu-limit': LIMIT, 'lua-max-memory': '600' } });
});
beforeAll(async () => {
  // What the policies below need at most: the first time that memory is touched it takes the kernel ten times as long as Lua needs for it.
  engine.options.set('hook-cpu-limit', '10000', 'spec');
  await engine.eval('local t = {} for i = 1, 14 do t[i] = ("x"):rep(1048576):rep(24) end');
  engine.options.set('hook-cpu-limit', LIMIT, 'spec');
  engine.engine.collect();
});
afterAll(() => expect(LuaEngine.coreOf(engine.engine).broken).toBe(false));

async function names(): Promise<readonly string[]> {
  engine.options.set('hook-cpu-limit', '5000', 'spec');
  const [text] = await engine.eval(`
    local found = {}
    for library, functions in pairs(_G) do
      if type(functions) == "function" then found[#found + 1] = library
      elseif type(functions) == "table" and library ~= "_G" and library ~= "hook" then
        for name, f in pairs(functions) do if type(f) == "function" then found[#found + 1] = library .. "." .. name end end
      end
    end
    table.sort(found)
    return table.concat(found, " ")`);
  return String(text)
    .split(' ')
    .filter((name) => !left.has(name) && !left.has(name.replace(/\..*/, '')));
}

let instance: PolicyInstance | undefined;
afterAll(() => instance?.close());

/** Milliseconds of processor time that nothing may use in one piece, now. */
async function bound(): Promise<number> {
  engine.options.set('hook-cpu-limit', '5000', 'spec');
  const calibrated = await standstill(async () => {
    expect(await engine.eval('return #("x"):rep(1048576):rep(24):upper()')).toEqual([25_165_824]);
  });
  return Math.max(allowed(ALWAYS), TIMES * calibrated);
}

/** Runs Lua once; it may be stopped. The most milliseconds of processor time in one piece. */
async function longestPiece(source: string): Promise<number> {
  engine.options.set('hook-cpu-limit', '5000', 'spec');
  instance ??= await engine.open(policy);
  engine.options.set('hook-cpu-limit', LIMIT, 'spec');
  const lua = instance;
  const longest = await standstill(async () => {
    const outcome = await lua.run(source, '=spec');
    expect(outcome.kind, JSON.stringify(outcome)).toMatch(/returned|error|limit/);
    if (outcome.kind !== 'limit') return;
    // What it has done to the values does not matter to the next one.
    lua.close();
    instance = undefined;
  });
  engine.engine.collect();
  engine.log.lines.length = 0;
  return longest;
}

/**
 * Runs Lua; nothing may stand still. Gives how far beyond the bound it was, as text; '' when it was not. Six times at most, as what a function does
 * with the same arguments it does each time, and what the machine or a collection of memory adds it does not.
 */
async function runs(source: string): Promise<string> {
  let beyond = '';
  for (let round = 0; round < 6; round++) {
    const before = await bound();
    const longest = await longestPiece(source);
    if (longest <= before) return '';
    const allowed = Math.max(before, await bound());
    if (longest <= allowed) return '';
    beyond = `${Math.round(longest)} ms, ${Math.round(allowed)} are allowed`;
  }
  return beyond;
}

describe('no function of the libraries lets the event loop stand still', () => {
  it('with any two or three of the hostile values', async () => {
    const slow: string[] = [];
    for (const name of await names()) {
      const beyond = await runs(`
        local f = ${name}
        local seed = ${name.length * 7919 + 13}
        local function any() seed = (seed * 48271) % 2147483647 return values[seed % #values + 1] end
        local till = os.clock() + 0.08
        while os.clock() < till do
          pcall(f, any(), any(), any(), any())
          pcall(f, any(), any())
          pcall(f, any())
        end`);
      if (beyond !== '') slow.push(`${name}: ${beyond}`);
    }
    expect(slow).toEqual([]);
  }, 300_000);

  const cases: readonly string[] = [
    'while true do string.rep("ab", 12000000) end',
    'while true do string.rep("", 2^40 | 0, "") end',
    'while true do string.rep("x", 12000000, ",") end',
    'while true do long:upper() end',
    'while true do long:lower() end',
    'while true do long:reverse() end',
    'while true do local _ = long < longer end',
    'while true do local _ = long == longer:sub(1, -2) end',
    'while true do local _ = long .. "x" end',
    'local t = {} while true do t[longer] = 1 t[longer .. "z"] = 2 end',
    'while true do local _ = digits + 1 end',
    'while true do tonumber(digits) end',
    'while true do tonumber(blanks) end',
    'while true do tonumber(digits, 36) end',
    'while true do long:find("[^x]z") end',
    'while true do long:find("y", 1, true) end',
    'while true do long:find(mib .. "y", 1, true) end',
    'while true do long:match("x-y") end',
    'while true do long:gsub("x", "y") end',
    'while true do long:gsub("", "y") end',
    'while true do long:gsub(".", { x = "y" }) end',
    'while true do long:gsub("x", function() end) end',
    'for _ in long:gmatch("x") do end',
    'while true do ("x"):gsub("x", ("%%1"):rep(1000000)) end',
    'while true do pcall(string.find, "x", ("[%%a-z]"):rep(100000)) end',
    'while true do long:gsub(longer, "y") end',
    'while true do long:gsub(longer, function() end) end',
    'while true do long:match(longer) end',
    'for _ in long:gmatch(longer) do end',
    'while true do long:byte(1, -1) end',
    'while true do string.char(table.unpack(numbers, 1, 7000)) end',
    'while true do string.format("%q", long) end',
    'while true do pcall(string.format, marks, table.unpack(numbers, 1, 7000)) end',
    'while true do pcall(string.pack, "c25000000", "") end',
    'while true do pcall(string.packsize, ("b"):rep(20000000)) end',
    'while true do string.pack("z", long) end',
    'while true do utf8.len(long) end',
    'while true do utf8.offset(long, 24000000) end',
    'for _ in utf8.codes(long) do end',
    'while true do table.concat(many) end',
    'while true do table.concat(many, mib) end',
    'while true do table.insert(many, 1, "") end',
    'while true do table.remove(many, 1) end',
    'while true do table.move(many, 1, #many, 2) end',
    'table.move(setmetatable({}, { __index = rawlen }), 1, 99999999, 1, setmetatable({}, { __newindex = rawequal }))',
    'table.sort(c_liar)',
    ...[
      'insert(turncoat, 1, "")',
      'insert(turncoat, "")',
      'remove(turncoat, 1)',
      'remove(turncoat)',
      'concat(turncoat)',
      'unpack(turncoat)',
      'sort(turncoat)',
      'move(turncoat, 1, #turncoat, 2)',
    ].map((call) => `while true do pcall(function() table.${call} end) end`),
    'table.sort(numbers)',
    'while true do table.sort(many) end',
    'table.sort(numbers, function(a, b) return true end)',
    'local t = {} for i = 1, 1000 do t[i] = i % 2 == 0 and long or longer end table.sort(t)',
    'local t = {} for i = 1, 90 do t[i] = i % 2 == 0 and long or longer end table.sort(t)',
    'while true do pcall(table.unpack, many) end',
    'while true do pcall(table.unpack, c_liar, 1, 7000) end',
    'while true do select("#", table.unpack(many, 1, 7000)) end',
    'local function f(n, ...) if n > 0 then return f(n - 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...) end while true do select("#", ...) end end f(6000)',
    'while true do next(sparse) end',
    'while true do local _ = #sparse end',
    'while true do pcall(os.date, "%c", digits) end',
    'while true do pcall(os.difftime, digits, blanks) end',
    'while true do pcall(os.time, { year = digits, month = blanks, day = digits }) end',
    'while true do pcall(os.getenv, long) end',
    'while true do os.execute(long) end',
    'while true do io.popen(long) end',
    'while true do pcall(io.lines, long) end',
    'while true do pcall(require, long) end',
    'while true do pcall(module, long) end',
    'while true do package.searchpath(long, long) end',
    'while true do package.searchpath("x", ("?"):rep(1048576):rep(24)) end',
    'while true do pcall(string.gsub, "x", "x", ("%1"):rep(524288):rep(24)) end',
    'while true do pcall(string.find, "x", spinner) end',
    'while true do pcall(coroutine.create, spinner) end',
    'local keys, all, weak = {}, {}, { __mode = "k" } for i = 1, 30001 do keys[i] = {} end for i = 1, 30000 do all[i] = setmetatable({ [keys[i]] = keys[i + 1] }, weak) end keys = { keys[1] } while true do collectgarbage() end',
    'local t = {} for i = 1, 1000000 do t["k" .. i] = i end for k in pairs(t) do t[k] = nil end while true do next(t) end',
    'while true do os.date(("%c"):rep(400)) end',
    'while true do pcall(os.date, ("%c"):rep(1000000)) end',
    'local t = setmetatable({}, nil) for i = 1, 1900 do t = setmetatable({}, { __index = t }) end while true do local _ = t.x end',
    'local function f(d) if d == 0 then return end for i = 1, 5 do coroutine.wrap(f)(d - 1) end end f(40)',
    'while true do coroutine.close(coroutine.create(endless)) end',
    'while true do local t = {} for i = 1, 100000 do t[i] = { i } end end',
    'local t = {} for i = 1, 1e7 do t[i + 0.5] = i end',
    'local t = {} for i = 1, 1e7 do t["k" .. i] = i end',
    'while true do pcall(string.rep, "x", 2^31 | 0) end',
    'local kept = {} while true do pcall(function() kept[#kept + 1] = long .. #kept end) end',
    'while true do pcall(load, ("x = 1 "):rep(80000)) end',
    'while true do collectgarbage() collectgarbage("step", 1000000) end',
    'goto again ::again:: goto again',
    'while true do tostring(spinner) end',
    'while true do pcall(error, spinner) end',
    'while true do local c <close> = spinner end',
    'xpcall(error, endless)',
  ];
  for (const source of cases) {
    it(source, async () => {
      expect(await runs(source)).toBe('');
    });
  }
});
