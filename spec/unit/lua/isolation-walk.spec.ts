// Nothing that a policy can reach is shared with another connection and can be changed. Two connections walk through everything that can
// be reached from their globals, metatables, environments of functions, the libraries and the results of their functions, before and
// after each function of the libraries was called with what might tempt it to change something: they must never meet, and the engine's
// own tables must be what they were.

import { beforeAll, describe, expect, it } from 'vitest';
import { LuaEngine } from '../../../src/lua/engine.ts';
import { multipleResults } from '../../../src/lua/state/wasm-api.ts';
import type { PolicyInstance } from '../../../src/policy/instance.ts';
import { allModules } from '../../fakes/all-modules.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';

/** The walk of a policy: `address path` of all tables, userdata and threads, by what a policy can do. */
const policy = `
  local format, next, type, pcall, getmetatable, getfenv, tostring = string.format, next, type, pcall, getmetatable, getfenv, tostring
  local getinfo, concat, resume = debug.getinfo, table.concat, coroutine.resume
  results = {}
  function walk()
    local seen, found, todo = {}, {}, {}
    local function add(value, path)
      local kind = type(value)
      if (kind == 'table' or kind == 'userdata' or kind == 'thread' or kind == 'function') and not seen[value] then
        seen[value] = true
        todo[#todo + 1] = { value, path }
        if kind ~= 'function' then
          found[#found + 1] = format('%p', value) .. ' ' .. path
        end
      end
    end
    add(_G, '_G')
    add(getmetatable(''), 'strings')
    add(results, 'results')
    while #todo > 0 do
      local value, path = todo[#todo][1], todo[#todo][2]
      todo[#todo] = nil
      local kind = type(value)
      add(getmetatable(value), path .. '!')
      if kind == 'table' then
        pcall(function()
          for k, v in pairs(value) do
            add(k, path .. '.<key>')
            add(v, path .. '.' .. tostring(k):sub(1, 30))
          end
        end)
        pcall(function()
          for k, v in next, value do
            add(k, path .. '.<key>')
            add(v, path .. '.' .. tostring(k):sub(1, 30))
          end
        end)
      elseif kind == 'function' then
        local ok, environment = pcall(getfenv, value)
        if ok then add(environment, path .. '^') end
      end
    end
    for level = 0, 20 do
      local info = getinfo(level, 'f')
      if info == nil then break end
      local ok, environment = pcall(getfenv, level)
      if ok then add(environment, 'level' .. level) end
    end
    return concat(found, '\\n')
  end
  function keep(...)
    for i = 2, select('#', ...) do results[#results + 1] = (select(i, ...)) end
  end
  function hook.rcpt() end`;

/** What the engine keeps for all, as text: each table with what is in it. Connections must not be in there. */
const snapshot = `
  local runtime = ...
  local format, concat, type, next, getmetatable = string.format, table.concat, type, next, debug.getmetatable
  local seen, lines, todo = {}, {}, {}
  local function add(value, path)
    local kind = type(value)
    if (kind == 'table' or kind == 'function' or kind == 'userdata') and not seen[value] then
      seen[value] = true
      todo[#todo + 1] = { value, path }
    end
  end
  local function id(value)
    local kind = type(value)
    if kind == 'string' then return #value < 60 and value or #value end
    if kind == 'table' or kind == 'function' or kind == 'userdata' or kind == 'thread' then return format('%p', value) end
    return tostring(value)
  end
  add(runtime, 'runtime')
  while #todo > 0 do
    local value, path = todo[#todo][1], todo[#todo][2]
    todo[#todo] = nil
    local metatable = getmetatable(value)
    if metatable then add(metatable, path .. '!') end
    if type(value) == 'table' then
      local fields = {}
      for k, v in next, value do
        fields[#fields + 1] = id(k) .. '=' .. id(v)
        add(k, path .. '.<key>')
        add(v, path .. '.' .. id(k))
      end
      table.sort(fields)
      lines[#lines + 1] = format('%p', value) .. ' ' .. (metatable and format('%p', metatable) or '') .. ' ' .. concat(fields, ' ') .. '\\t' .. path
    elseif type(value) == 'function' then
      for i = 1, 255 do
        local name, up = debug.getupvalue(value, i)
        if name == nil then break end
        -- Caches of patterns and formats are bounded, and no policy sees them.
        if name ~= 'quick' and name ~= 'formats' then add(up, path .. '^' .. name) end
      end
    end
  end
  table.sort(lines)
  return concat(lines, '\\n')`;

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.start({ modules: allModules(), options: { 'hook-cpu-limit': '20000' } });
});

function engineTables(): string {
  const core = LuaEngine.coreOf(engine.engine);
  const { api, main, memory, bridge } = core;
  memory.with(snapshot, (at, size) =>
    api.luaL_loadbufferx(main, at, size, memory.name('=walk'), memory.name('t')),
  );
  core.pushRuntimeTable();
  core.mustCall(1, multipleResults);
  const text = bridge.pullString(main, -1);
  api.lua_settop(main, 0);
  return text;
}

async function lua(instance: PolicyInstance, source: string): Promise<unknown> {
  const outcome = await instance.run(source, '=spec');
  if (outcome.kind === 'returned') return outcome.values[0];
  return JSON.stringify(outcome);
}

async function walk(instance: PolicyInstance): Promise<ReadonlyMap<string, string>> {
  const text = String(await lua(instance, 'return walk()'));
  return new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  );
}

async function meetings(one: PolicyInstance, other: PolicyInstance): Promise<readonly string[]> {
  const [a, b] = [await walk(one), await walk(other)];
  expect(a.size).toBeGreaterThan(20);
  // Shared, and a policy cannot change them: the standard streams of the process.
  const streams = [...b]
    .filter(([, path]) => /^_G\.io\.(stdin|stdout|stderr)$/.test(path))
    .map(([address]) => address);
  expect(streams.length).toBe(3);
  return [...a].filter(([address]) => b.has(address) && !streams.includes(address)).map(([, path]) => path);
}

/** Arguments that tempt: things that all connections know, by every name they have. */
const tempting = [
  '_G',
  'string',
  'table',
  'client',
  'hook',
  'package',
  'package.loaded',
  'io.stdout',
  'getmetatable("")',
  '""',
  '"string"',
  '"_G"',
  '"client"',
  'print',
  'string.upper',
  'function() return _G end',
  'coroutine.create(print)',
  'newproxy(true)',
  '{}',
  'setmetatable({}, { __gc = print })',
  '1',
  '0',
  'true',
  'nil',
];

/** These end the run, or are for others than Lua. */
const left =
  /^(print$|io\.write|os\.exit|os\.execute|os\.tmpname|util\.mkpath|io\.open|io\.output|io\.popen|io\.lines|io\.read|dofile|os\.remove|os\.rename|smtp\.|service\.|dns\.)/;

describe('two connections', () => {
  it('never meet, before and after each function of the libraries', async () => {
    const [one, other] = [await engine.open(policy, 'one'), await engine.open(policy, 'other')];
    expect(await meetings(one, other)).toEqual([]);
    const names = String(
      await lua(
        one,
        `local names = {}
         for name, value in pairs(_G) do
           if type(value) == 'function' and name ~= 'walk' and name ~= 'keep' then names[#names + 1] = name
           elseif type(value) == 'table' and name ~= '_G' and name ~= 'results' then
             for inner, f in pairs(value) do if type(f) == 'function' then names[#names + 1] = name .. '.' .. inner end end
           end
         end
         table.sort(names)
         return table.concat(names, ' ')`,
      ),
    )
      .split(' ')
      .filter((name) => !left.test(name));
    expect(names.length).toBeGreaterThan(150);
    const wrong: string[] = [];
    let before = engineTables();
    for (const name of names) {
      const instance = await engine.open(policy, name);
      for (const first of tempting) {
        const outcome = await instance.run(
          `local f = ${name}
           local all = { ${tempting.map((text) => (text === 'nil' ? 'false' : text)).join(', ')} }
           for i = 1, #all do
             pcall(function() keep(pcall(f, ${first}, all[i])) end)
             pcall(function() keep(pcall(f, ${first}, all[i], all[(i * 7) % #all + 1])) end)
           end
           results[100] = nil for i = 60, #results do results[i] = nil end`,
          '=spec',
        );
        if (outcome.kind === 'limit') wrong.push(`${name}(${first}): ${outcome.message}`);
      }
      const after = engineTables();
      const changed = difference(before, after);
      if (changed !== '') wrong.push(`${name} changed ${changed}`);
      before = after;
      if (String(await lua(instance, 'return type(walk)')) === 'function') {
        for (const path of await meetings(instance, other)) wrong.push(`${name}: both reach ${path}`);
      }
      instance.close();
    }
    engine.log.lines.length = 0;
    expect(wrong).toEqual([]);
    expect(await meetings(one, other)).toEqual([]);
    for (const instance of [one, other]) instance.close();
  }, 180_000);

  it('have no table in the engine that leads to their globals', async () => {
    const instance = await engine.open(policy);
    const address = String(await lua(instance, 'return string.format("%p", _G)'));
    expect(engineTables()).not.toContain(address);
    instance.close();
  });
});

/** Tables of `after` that are new or were not as they are now; how a table is reached does not matter. */
function difference(before: string, after: string): string {
  const known = new Set(before.split('\n').map((line) => line.replace(/\t.*/, '')));
  return after
    .split('\n')
    .filter((line) => !known.has(line.replace(/\t.*/, '')))
    .slice(0, 3)
    .map((line) => line.slice(0, 300))
    .join(' | ');
}

describe('finalizers', () => {
  const ways: readonly string[] = [
    'setmetatable({}, { __gc = ran })',
    'local m = {} local t = setmetatable({}, m) m.__gc = ran setmetatable(t, m)',
    'local m = { __gc = true } setmetatable({}, m) m.__gc = ran',
    'for _, first in ipairs { false, 0, "", {} } do local m = { __gc = first } setmetatable({}, m) m.__gc = ran end local m = { __gc = false } setmetatable({}, m) m.__gc = ran',
    'local m = { __gc = false } debug.setmetatable({}, m) m.__gc = ran',
    'local m = { __gc = false, __metatable = false } debug.setmetatable(debug.setmetatable({}, m) and {}, m) m.__gc = ran',
    'local p = newproxy(true) local m = getmetatable(p) m.__gc = false newproxy(p) newproxy(newproxy(p)) m.__gc = ran',
    'local m = { __gc = ran } for i = 1, 3 do setmetatable(setmetatable({}, m), m) end',
    'local p = newproxy(true) getmetatable(p).__gc = ran',
    'local p = newproxy(true) getmetatable(p).__gc = ran newproxy(p) newproxy(newproxy(p))',
    'local t = setmetatable({}, { __metatable = 1 }) pcall(setmetatable, t, { __gc = ran })',
    'local m = setmetatable({ __gc = ran }, { __index = { __gc = ran } }) setmetatable({}, m)',
    'module("m", function(t) setmetatable(t, { __gc = ran }) end)',
    'local t = setmetatable({}, { __gc = ran }) package.seeall(t)',
    'local t = {} package.seeall(t) getmetatable(t).__gc = ran setmetatable(t, getmetatable(t)) t = nil',
    'string.__gc = ran setmetatable({}, string) setmetatable({}, getmetatable(""))',
    'setmetatable({}, setmetatable({}, { __index = function() return ran end }))',
    'coroutine.wrap(function() setmetatable({}, { __gc = ran }) coroutine.yield() end)()',
    'setmetatable(client, { __gc = ran }) setmetatable(string, { __gc = ran }) setmetatable(_G, { __gc = ran })',
    'pcall(function() io.stdout.__gc = ran end) local f = io.tmpfile() pcall(function() getmetatable(f).__gc = ran end)',
    'load("setmetatable({}, { __gc = ... })")(ran)',
    'xpcall(function() local t = setmetatable({}, { __gc = ran }) error(t) end, function(t) return setmetatable(t, { __gc = ran }) end)',
  ];
  for (const way of ways) {
    it(`never run: ${way}`, async () => {
      const instance = await engine.open(`
        local count = 0
        local function ran() count = count + 1 end
        function hook.mail() pcall(function() ${way} end) end
        function hook.rcpt() return tostring(count) end`);
      await instance.call('mail', []);
      engine.engine.collect();
      engine.engine.collect();
      const outcome = await instance.call('rcpt', []);
      expect(outcome).toMatchObject({ kind: 'returned', reply: '0' });
      instance.close();
      engine.engine.collect();
      expect(engine.log.lines).toEqual([]);
    });
  }

  it('are kept in the metatable, also when it is refused', async () => {
    const [kept] = await engine.eval(`
      local f = function() end
      local m = { __gc = f }
      setmetatable({}, m)
      local p = setmetatable({}, { __metatable = 1 })
      local ok = pcall(setmetatable, p, m)
      local ok2 = pcall(setmetatable, 1, m)
      return not ok and not ok2 and m.__gc == f`);
    expect(kept).toBe(true);
  });
});

describe('package.seeall', () => {
  for (const library of ['_G', 'string', 'client', 'table', 'io', 'package', 'mime', 'uri']) {
    it(`of ${library} changes nothing for other connections`, async () => {
      const [evil, other] = [await engine.open(policy), await engine.open(policy)];
      await lua(
        evil,
        `leak = 'A' secret = 'password' pcall(package.seeall, ${library}) pcall(module, '${library}', package.seeall)`,
      );
      expect(
        await lua(
          other,
          `return tostring(${library}.secret) .. tostring(rawget(_G, 'leak')) .. tostring(undefined_name)`,
        ),
      ).toBe('nilnilnil');
      expect(await lua(other, 'return ("x"):find("x")')).toBe(1);
      evil.close();
      const later = await engine.open(policy);
      expect(await lua(later, `return tostring(${library}.secret)`)).toBe('nil');
      for (const instance of [other, later]) instance.close();
    });
  }

  it('makes the globals visible in a library, and leaves what was there', async () => {
    const instance = await engine.open(policy);
    expect(
      await lua(
        instance,
        'marked = "m" module("string", package.seeall) return string.marked .. string.upper("x") .. tostring(("x").marked)',
      ),
    ).toBe('mXm');
    expect(await lua(instance, 'return select(2, pcall(package.seeall, ""))')).toMatch(
      /table expected, got string/,
    );
    instance.close();
  });
});
