// A function of the API may wait wherever a policy calls it. `gate.wait(x)` returns x a turn later.

import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LuaEngine } from '../../../src/lua/engine.ts';
import { LuaError } from '../../../src/lua-api/function-spec.ts';
import { Gate } from '../../fakes/gate-module.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';

let engine: TestEngine;
let gate: Gate;
beforeAll(async () => {
  gate = new Gate();
  engine = await TestEngine.start({ modules: [gate.module] });
});
beforeEach(() => {
  gate.automatic = true;
  engine.log.lines.length = 0;
});

describe('waiting', () => {
  const cases: readonly [string, string, readonly unknown[]][] = [
    ['at top level', 'return gate.wait("a"), gate.wait("b")', ['a', 'b']],
    ['in an expression', 'return gate.wait("a") .. gate.wait("b") .. "c"', ['abc']],
    ['when the answer is there, without suspending', 'return gate.ready(5)', [5]],
    ['inside pcall', 'return pcall(function() return gate.wait("a"), 2 end)', [true, 'a', 2]],
    ['directly in pcall', 'return pcall(gate.wait, "a")', [true, 'a']],
    [
      'inside pcall inside pcall, with an error after it',
      'return pcall(function() local ok, e = pcall(function() gate.wait("a") error("x", 0) end) return ok, e, gate.wait("b") end)',
      [true, false, 'x', 'b'],
    ],
    ['inside xpcall', 'return xpcall(function() return gate.wait("a") end, print)', [true, 'a']],
    [
      'inside the function of xpcall that then fails',
      'return xpcall(function() gate.wait("a") error("x", 0) end, function(m) return m .. "!" end)',
      [false, 'x!'],
    ],
    [
      'in a coroutine of the policy, between its own yields',
      `local co = coroutine.create(function(a)
         local b = coroutine.yield(a .. gate.wait("1"))
         return b .. gate.wait("2")
       end)
       local _, first = coroutine.resume(co, "x")
       local _, second = coroutine.resume(co, "y")
       return first, second, coroutine.status(co)`,
      ['x1', 'y2', 'dead'],
    ],
    [
      'in coroutine.wrap',
      'local f = coroutine.wrap(function() coroutine.yield(gate.wait("a")) return gate.wait("b") end) return f(), f()',
      ['a', 'b'],
    ],
    [
      'three coroutines deep, with pcall between them',
      `local function deep(n)
         if n == 0 then return gate.wait("deep") end
         local ok, value = pcall(coroutine.wrap(function() return deep(n - 1) end))
         return value
       end
       return deep(3)`,
      ['deep'],
    ],
    [
      'in __index',
      'return setmetatable({}, { __index = function(_, k) return gate.wait(k) end }).field',
      ['field'],
    ],
    [
      'in __newindex and __call',
      `local seen
       local t = setmetatable({}, { __newindex = function(_, k) seen = gate.wait(k) end, __call = function(_, x) return gate.wait(x) end })
       t.key = 1
       return seen, t("called")`,
      ['key', 'called'],
    ],
    [
      'in arithmetic, concatenation and comparison',
      `local mt = { __add = function() return gate.wait("+") end, __concat = function() return gate.wait("..") end,
         __lt = function() return gate.wait("<") end, __eq = function() return gate.wait("=") end }
       local a, b = setmetatable({}, mt), setmetatable({}, mt)
       return a + 1, a .. "x", a < b, a == b`,
      ['+', '..', true, true],
    ],
    [
      'in the iterator of a generic for',
      'local s = "" for x in function(_, x) return not x and gate.wait("1") or x == "1" and gate.wait("2") or nil end do s = s .. x end return s',
      ['12'],
    ],
    [
      'in __close',
      'local s do local c <close> = setmetatable({}, { __close = function() s = gate.wait("closed") end }) end return s',
      ['closed'],
    ],
    [
      'in __pairs',
      'local t = setmetatable({}, { __pairs = function(t) gate.wait("p") return next, { x = 1 } end }) for k in pairs(t) do return k end',
      ['x'],
    ],
    [
      'in a function called by gsub',
      'return (("a-b"):gsub("%a", function(c) return gate.wait(c:upper()) end))',
      ['A-B'],
    ],
    [
      'in the comparison of table.sort',
      'local t = { "b", "c", "a" } table.sort(t, function(a, b) return gate.wait(a) < gate.wait(b) end) return table.concat(t)',
      ['abc'],
    ],
    ['in a vararg tail call', 'local function f(...) return gate.wait(...) end return f("t")', ['t']],
    ['in a chunk loaded by the policy', 'return load("return gate.wait(...)")("l")', ['l']],
    ['when a lazy field is first read', 'return gate.lazy, gate.lazy', ['lazy', 'lazy']],
    [
      'a hundred times in a loop',
      'local n = 0 for i = 1, 100 do n = n + #gate.wait("x") end return n',
      [100],
    ],
    [
      "in the policy's own yield at top level, which only lets others run",
      'coroutine.yield() return gate.wait("z")',
      ['z'],
    ],
  ];
  for (const [name, source, expected] of cases) {
    it(name, async () => {
      expect(await engine.eval(source)).toEqual(expected);
    });
  }

  it('gives all values of the answer, nil among them, in order', async () => {
    gate.automatic = false;
    const running = engine.eval('return select("#", gate.wait("many")), gate.wait("again")');
    await gate.arrival('many');
    gate.open('many', undefined, 1, undefined);
    await gate.arrival('again');
    gate.open('again', 'x', undefined, 'y');
    expect(await running).toEqual([3, 'x', undefined, 'y']);
  });

  it('raises an error at the caller when the wait fails', async () => {
    gate.automatic = false;
    const running = engine.eval('local ok, e = pcall(function()\n  gate.wait("x")\nend) return ok, e');
    await gate.arrival('x');
    gate.fail('x', new LuaError('no answer'));
    expect(await running).toEqual([false, 'spec:2: no answer']);
  });

  it('raises an error at the caller that is raised before any wait', async () => {
    expect(await engine.eval('return pcall(function()\n\nlocal x = gate.refuse("not so") end)')).toEqual([
      false,
      'spec:3: not so',
    ]);
  });

  it('names function, position and types when an argument is wrong', async () => {
    expect(await engine.eval('return pcall(function() gate.wait({}) end)')).toEqual([
      false,
      "spec:1: bad argument #1 to 'gate.wait' (string expected, got table)",
    ]);
  });

  it('logs an unexpected exception as a bug and raises a Lua error', async () => {
    gate.automatic = false;
    const running = engine.eval('local ok, e = pcall(gate.wait, "x") return ok, e, pcall(gate.bug)');
    await gate.arrival('x');
    gate.fail('x', new RangeError('oops'));
    expect(await running).toEqual([
      false,
      'internal error in gate.wait',
      false,
      expect.stringMatching(/internal error in gate\.bug$/),
    ]);
    expect(engine.log.short).toEqual([
      expect.stringMatching(/^crit bug in gate\.wait: RangeError: oops/),
      expect.stringMatching(/^crit bug in gate\.bug: TypeError: an exception that nobody expected/),
    ]);
    expect(LuaEngine.coreOf(engine.engine).broken).toBe(false);
  });

  for (const [name, source] of [
    ['__tostring', 'tostring(setmetatable({}, { __tostring = function() return gate.wait("t") end }))'],
    [
      '__tostring that string.format calls',
      'string.format("%s", setmetatable({}, { __tostring = function() return gate.wait("t") end }))',
    ],
    [
      'a coroutine inside a function that a C function calls',
      'string.format("%s", setmetatable({}, { __tostring = coroutine.wrap(function() gate.wait("t") return "x" end) }))',
    ],
    ['a handler of xpcall', 'error((select(2, xpcall(error, function() gate.wait("h") end))))'],
  ]) {
    it(`cannot happen in ${name}: a Lua error, and nothing stays pending`, async () => {
      gate.automatic = false;
      const [ok, message] = await engine.eval(`return pcall(function() ${source} end)`);
      expect(ok).toBe(false);
      expect(message).toMatch(
        /would have to wait, which is not possible|attempt to yield across a C-call boundary|error in error handling/,
      );
      expect(gate.waiting).toEqual([]);
    });
  }

  it('of fifty connections at once never mixes their answers', async () => {
    gate.automatic = false;
    const policy = await engine.load(`
      local mine
      function hook.helo(name)
        mine = name
        local got = {}
        for i = 1, 5 do
          got[i] = gate.wait(name .. i)
          assert(mine == name and client.id == name)
        end
        return table.concat(got, ",")
      end`);
    const names = Array.from({ length: 50 }, (_, i) => `c${i}-`);
    const instances = await Promise.all(names.map((name) => engine.open(policy, name)));
    const outcomes = instances.map((instance, i) => {
      instance.setClient({ id: names[i] });
      return instance.call('helo', [names[i]]);
    });
    for (let round = 1; round <= 5; round++) {
      for (const name of names) await gate.arrival(`${name}${round}`);
      for (const one of gate.waiting.toReversed()) gate.open(one.name, one.name.toUpperCase());
    }
    for (const [i, outcome] of outcomes.entries()) {
      const name = String(names[i]).toUpperCase();
      expect(await outcome).toMatchObject({ reply: [1, 2, 3, 4, 5].map((k) => name + k).join(',') });
    }
    for (const instance of instances) instance.close();
  });
});
