// What one connection does in Lua is never seen by another.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { luaFunction } from '../../../src/lua-api/function-spec.ts';
import { luaModule } from '../../../src/lua-api/module-spec.ts';
import { LuaObject } from '../../../src/lua-api/value.ts';
import { reply, TestEngine } from '../../fakes/lua-engine.ts';

const box = { name: 'box', text: '', methods: [] } as const;
const api = luaModule({
  name: 'api',
  text: '',
  functions: [
    luaFunction({ name: 'one', params: [], text: '', call: () => [1] }),
    luaFunction({ name: 'object', params: [], text: '', call: () => [new LuaObject(box, 1)] }),
  ],
  constants: [{ name: 'version', value: 'v1', text: '' }],
  tables: [
    {
      name: 'type',
      text: '',
      reverse: true,
      constants: [
        { name: 'A', value: 1, text: '' },
        { name: 'B', value: 2, text: '' },
      ],
    },
  ],
  classes: [box],
  modules: [
    luaModule({
      name: 'inner',
      text: '',
      functions: [luaFunction({ name: 'two', params: [], text: '', call: () => [2] })],
    }),
  ],
});

let engine: TestEngine;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'smtpe-isolation-'));
  writeFileSync(
    join(directory, 'counter.lua'),
    'local n = 0 shared_global = "set by counter" return { next = function() n = n + 1 return n end }',
  );
  writeFileSync(join(directory, 'part.lua'), 'part_local = (part_local or 0) + 1 return part_local');
  engine = await TestEngine.start({ modules: [api], luaPath: join(directory, '?.lua') });
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs `change` in one connection, then gives what `look` returns in it, in one that was open before, and in a new one. */
async function seen(change: string, look: string): Promise<readonly [string, string, string]> {
  const policy = await engine.load(`
    function hook.mail() ${change} end
    function hook.rcpt() return tostring((function() ${look} end)()) end`);
  const changed = await engine.open(policy);
  const before = await engine.open(policy);
  await reply(before, 'rcpt');
  const outcome = await changed.call('mail', []);
  if (outcome.kind !== 'returned') throw new Error(JSON.stringify(outcome));
  const after = await engine.open(policy);
  const answers = [
    await reply(changed, 'rcpt'),
    await reply(before, 'rcpt'),
    await reply(after, 'rcpt'),
  ] as const;
  for (const instance of [changed, before, after]) instance.close();
  return answers;
}

describe('one connection', () => {
  const cases: readonly [string, string, string, readonly [string, string, string]][] = [
    ['sets a global', 'x = 1', 'return x', ['1', 'nil', 'nil']],
    ['sets a global through _G', '_G.x = 1', 'return rawget(_G, "x")', ['1', 'nil', 'nil']],
    [
      'replaces a global function',
      'function tostring2() end type = function() return "mine" end',
      'return type(1)',
      ['mine', 'number', 'number'],
    ],
    ['removes a global function', 'loadstring = nil', 'return loadstring == nil', ['true', 'false', 'false']],
    ['removes a library', 'os = nil', 'return os == nil', ['true', 'false', 'false']],
    [
      'removes a library after using it',
      'local t = os.time() os = nil',
      'return os == nil',
      ['true', 'false', 'false'],
    ],
    [
      'removes a function of a library',
      'os.execute = nil',
      'return os.execute == nil and os.time ~= nil',
      ['true', 'false', 'false'],
    ],
    [
      'adds to string',
      'function string.trim(s) return (s:gsub("^%s+", "")) end',
      'return pcall(function() return ("  x"):trim() end)',
      ['true', 'false', 'false'],
    ],
    [
      'replaces a method of strings',
      'function string.upper() return "mine" end',
      'return ("x"):upper()',
      ['mine', 'X', 'X'],
    ],
    [
      'changes the metatable of strings',
      'getmetatable("").__add = function(a, b) return a .. "+" .. b end',
      'local ok, v = pcall(function() return "a" + "b" end) return ok and v',
      ['a+b', 'false', 'false'],
    ],
    [
      'indexes strings',
      'getmetatable("").__index = function(s, i) return type(i) == "number" and string.sub(s, i, i) or string[i] end',
      'return ("abc")[2]',
      ['b', 'nil', 'nil'],
    ],
    [
      'adds to table',
      'table.mine = 1 table.insert = nil',
      'return tostring(table.mine) .. tostring(table.insert == nil)',
      ['1true', 'nilfalse', 'nilfalse'],
    ],
    [
      'adds to math and replaces in it',
      'math.pi = 3 math.tau = 6',
      'return math.pi < 3.1',
      ['true', 'false', 'false'],
    ],
    [
      'changes an engine module',
      'api.one = function() return "mine" end api.extra = 1',
      'return api.one()',
      ['mine', '1', '1'],
    ],
    ['changes a constant', 'api.version = "v2"', 'return api.version', ['v2', 'v1', 'v1']],
    [
      'changes a table of constants',
      'api.type.A = 99 api.type[1] = "Z" api.type.C = 3',
      'return api.type.A .. api.type[1] .. tostring(api.type.C)',
      ['99Z3', '1Anil', '1Anil'],
    ],
    [
      'changes a nested module',
      'api.inner.two = nil',
      'return api.inner.two == nil',
      ['true', 'false', 'false'],
    ],
    [
      'makes _G strict',
      'setmetatable(_G, { __index = function(_, k) error("undeclared " .. k, 2) end, __newindex = function() error("no") end })',
      'return (pcall(function() return undeclared end))',
      ['false', 'true', 'true'],
    ],
    [
      'gives a library a metatable',
      'setmetatable(api, { __index = function(_, k) return k end })',
      'return api.anything',
      ['anything', 'nil', 'nil'],
    ],
    [
      'requires a module with state',
      'local c = require "counter" c.next() c.next()',
      'return require("counter").next()',
      ['3', '2', '1'],
    ],
    [
      'requires a module that sets globals',
      'require "counter"',
      'return shared_global',
      ['set by counter', 'nil', 'nil'],
    ],
    [
      'marks a module as loaded',
      'package.loaded.fake = "fake"',
      'return (pcall(require, "fake"))',
      ['true', 'false', 'false'],
    ],
    [
      'changes package.path',
      'package.path = "nowhere/?.lua"',
      'return (package.path:find("nowhere", 1, true))',
      ['1', 'nil', 'nil'],
    ],
    [
      'adds a preload function',
      'package.preload.pre = function() return "pre" end',
      'return (pcall(require, "pre"))',
      ['true', 'false', 'false'],
    ],
    [
      'loads a chunk that sets a global',
      'load("y = 1")() loadstring("z = 2")()',
      'return tostring(y) .. tostring(z)',
      ['12', 'nilnil', 'nilnil'],
    ],
    [
      'runs a file that sets a global',
      `dofile("${'DIR'}/part.lua") dofile("${'DIR'}/part.lua")`,
      'return part_local',
      ['2', 'nil', 'nil'],
    ],
    [
      'selects a default output',
      'io.output("/dev/null")',
      'return io.output() == io.stdout',
      ['false', 'true', 'true'],
    ],
    [
      'stops the collector',
      'collectgarbage("stop")',
      'return collectgarbage("isrunning")',
      ['true', 'true', 'true'],
    ],
    [
      'seeds the random numbers',
      'math.randomseed(1) a = math.random(1e9) math.randomseed(1) b = math.random(1e9)',
      'return a == nil or a ~= b',
      ['true', 'true', 'true'],
    ],
    [
      'defines a module the 5.1 way',
      'module("mine", package.seeall) _G.found = mine ~= nil',
      'return mine ~= nil',
      ['true', 'false', 'false'],
    ],
    ['adds a hook', 'hook.data = function() end', 'return hook.data ~= nil', ['true', 'false', 'false']],
    [
      'replaces its client table',
      'client = { address = "mine" }',
      'return client.address',
      ['mine', 'nil', 'nil'],
    ],
  ];
  for (const [name, change, look, expected] of cases) {
    it(name, async () => {
      expect(await seen(change.replaceAll('DIR', directory), look)).toEqual(expected);
    });
  }
});

describe('what a policy can lay hands on', () => {
  it.each([
    'getmetatable(_G)',
    'getmetatable(string)',
    'getmetatable(api)',
    'getmetatable(api.type)',
    'getmetatable(package.loaded)',
    'getmetatable(io.stdout)',
    'getmetatable(api.object())',
    'debug.getregistry',
    'package.loadlib',
  ])('does not include %s', async (expression) => {
    expect(await engine.eval(`return ${expression}`)).toEqual([undefined]);
  });

  it('does not include the globals of the engine, through getfenv', async () => {
    expect(
      await engine.eval('return getfenv(require) == _G, getfenv(string.format) == _G, getfenv(pcall) == _G'),
    ).toEqual([true, true, true]);
  });

  it('does not include finalizers: they run where no limit reaches', async () => {
    expect(
      await engine.eval(`
        local ran = false
        local mt = { __gc = function() ran = true end }
        for i = 1, 1000 do setmetatable({}, mt) end
        local p = newproxy(true) getmetatable(p).__gc = mt.__gc p = nil
        collectgarbage() collectgarbage()
        return ran, mt.__gc ~= nil`),
    ).toEqual([false, true]);
  });
});

describe('the globals', () => {
  it('are all there for pairs and next', async () => {
    const [names, viaNext] = await engine.eval(`
      local names, via = {}, {}
      for k in pairs(_G) do names[#names + 1] = k end
      for k in next, _G do via[#via + 1] = k end
      table.sort(names)
      return table.concat(names, " "), #via`);
    for (const name of [
      '_G',
      '_VERSION',
      'hook',
      'client',
      'api',
      'string',
      'print',
      'setfenv',
      'unpack',
      'require',
    ]) {
      expect(String(names).split(' ')).toContain(name);
    }
    expect(viaNext).toBe(String(names).split(' ').length);
  });

  it('of a library are all there for pairs', async () => {
    expect(
      await engine.eval(
        'local n = 0 for k, v in pairs(string) do if v == string[k] then n = n + 1 end end return n > 15, next(table) ~= nil',
      ),
    ).toEqual([true, true]);
  });

  it('keep their identity', async () => {
    expect(
      await engine.eval(
        'return _G._G == _G, string == _G.string, require "string" == string, package.loaded.api == api, api.type == api.type, getmetatable("").__index == string',
      ),
    ).toEqual([true, true, true, true, true, true]);
  });
});

describe('file-level locals', () => {
  it('belong to a connection', async () => {
    const policy = await engine.load('local n = 0 function hook.mail() n = n + 1 return n end');
    const [a, b] = [await engine.open(policy), await engine.open(policy)];
    expect([
      await reply(a, 'mail'),
      await reply(a, 'mail'),
      await reply(b, 'mail'),
      await reply(a, 'mail'),
    ]).toEqual(['1', '2', '1', '3']);
    a.close();
    b.close();
  });
});
