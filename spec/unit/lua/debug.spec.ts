// The debug library shows and changes what is the policy's own, and nothing else.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { netModule } from '../../../src/modules/net.ts';
import { reply, TestEngine } from '../../fakes/lua-engine.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.start({ modules: [netModule] });
});

describe('debug', () => {
  it.each([
    ['local x = 1 local function f() return x end return debug.getupvalue(f, 1)', ['x', 1]],
    ['local x = 1 local function f() return x end return debug.setupvalue(f, 1, 5), x', ['x', 5]],
    ['local a, b = 1, 2 return debug.getlocal(1, 1)', ['a', 1]],
    ['local a, b = 1, 2 return debug.setlocal(1, 2, 9), b', ['b', 9]],
    ['local function f(p, q) end return debug.getlocal(f, 2)', ['q']],
    [
      'local co = coroutine.create(function(p) coroutine.yield() end) coroutine.resume(co, 7) return debug.getlocal(co, 1, 1)',
      ['p', 7],
    ],
    [
      "local mt = { __metatable = 'no' } local t = setmetatable({}, mt) return debug.getmetatable(t) == mt, getmetatable(t)",
      [true, 'no'],
    ],
    [
      'local t = setmetatable({}, { __metatable = false }) debug.setmetatable(t, { __index = { x = 3 } }) return t.x',
      [3],
    ],
    [
      "local mt = getmetatable('') debug.setmetatable('', nil) local s = ('x'):rep(2) return debug.setmetatable('', mt), s",
      [true, 'xx'],
    ],
    [
      'local x = 1 local function f() return x end local function g() return x end return debug.upvalueid(f, 1) == debug.upvalueid(g, 1)',
      [true],
    ],
    [
      'local x, y = 1, 2 local function f() return x end local function g() return y end debug.upvaluejoin(f, 1, g, 1) return f()',
      [2],
    ],
    ["debug.sethook(function() end, 'l') return debug.gethook()", []],
    [
      "return debug.getinfo(string.format, 'S').what, debug.getinfo(string.format).short_src, debug.getinfo(print, 'S').what",
      ['C', '[C]', 'C'],
    ],
    ["return debug.getinfo(1, 'l').currentline, debug.getinfo(1, 'l').what", [1, undefined]],
    ["local function f() return debug.getinfo(1, 'n').name end local s = f() return s", ['f']],
    [
      "local function f() local i = debug.getinfo(2, 'Sl') return i.what, i.currentline end local a, b = f() return a, b",
      ['main', 1],
    ],
    ['return debug.getinfo(99)', [undefined]],
    ["return debug.getinfo(function() end, 'u').nups", [0]],
    ["return (pcall(debug.getinfo, 1, 'X')), (pcall(debug.getinfo, 1, {}))", [false, false]],
    ['return (pcall(debug.getlocal, 99, 1)), (pcall(debug.getupvalue, 1, 1))', [false, false]],
  ])('%s', async (text, expected) => {
    expect(await engine.eval(text)).toEqual(expected);
  });

  it('knows the main chunk of a file, with its lines', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'smtpe-debug-'));
    const path = join(directory, 'p.lua');
    writeFileSync(
      join(directory, 'm.lua'),
      '\nlocal i = debug.getinfo(1, "Sl")\nreturn i.what .. i.linedefined .. i.currentline',
    );
    writeFileSync(
      path,
      'local i = debug.getinfo(1, "Sl")\nlocal m = require "m" function hook.mail()\nreturn i.what .. i.linedefined .. i.currentline .. m\nend function hook.rcpt()\n\nerror("x") end',
    );
    const instance = await engine.open(await engine.load({ path }));
    expect(await reply(instance, 'mail')).toBe('main01main02');
    expect(await instance.call('rcpt', [])).toMatchObject({ message: expect.stringMatching(/p\.lua:6: x/) });
    instance.close();
    rmSync(directory, { recursive: true });
  });

  /** All functions that a policy can lay hands on, those of the API and of metatables too. */
  const everything = `
    local seen, list = {}, {}
    local function walk(value)
      if (type(value) ~= 'table' and type(value) ~= 'function') or seen[value] then return end
      seen[value] = true
      if type(value) == 'function' then list[#list + 1] = value return end
      for k, v in pairs(value) do walk(k) walk(v) end
      walk(getmetatable(value))
    end
    walk(_G) walk(debug.getmetatable('')) walk(debug.getmetatable(io.stdout))`;

  it('shows no upvalue and no local of a function that is not of the policy', async () => {
    expect(
      await engine.eval(`${everything}
        local shown = {}
        for _, f in ipairs(list) do
          if debug.getinfo(f, 'S').what == 'C' then
            for i = 1, 50 do
              if debug.getupvalue(f, i) ~= nil then shown[#shown + 1] = 'upvalue' end
              if debug.setupvalue(f, i, 1) ~= nil then shown[#shown + 1] = 'set' end
              if debug.upvalueid(f, i) ~= nil then shown[#shown + 1] = 'id' end
              if pcall(debug.upvaluejoin, f, i, function() return shown end, 1) then shown[#shown + 1] = 'join' end
              if pcall(debug.upvaluejoin, function() return shown end, 1, f, i) then shown[#shown + 1] = 'joined' end
            end
          end
        end
        return #list > 150, table.concat(shown, ' ')`),
    ).toEqual([true, '']);
  });

  it('shows no frame of the engine, wherever it is asked', async () => {
    expect(
      await engine.eval(`
        local shown = {}
        local function look(where)
          for level = 0, 30 do
            local info = debug.getinfo(level, 'S')
            if info == nil then break end
            for i = -5, 20 do
              local name = debug.getlocal(level, i)
              if name and info.what == 'C' then shown[#shown + 1] = where .. name end
            end
          end
          return 1
        end
        look('direct ')
        pcall(look, 'pcall ')
        xpcall(look, print, 'xpcall ')
        table.sort({ 3, 2, 1 }, function(a, b) look('sort ') return a < b end)
        string.gsub('abc', '%a', function() look('gsub ') end)
        tostring(setmetatable({}, { __tostring = function() look('tostring ') return '' end }))
        coroutine.wrap(function() look('wrap ') end)()
        for line in coroutine.wrap(function() look('iterator ') end) do end
        local t = setmetatable({}, { __index = function(_, k) look('index ') return 1 end }) local x = t.a + 1
        pcall(error, setmetatable({}, { __tostring = look }))
        xpcall(string.rep, function() look('handler ') end)
        return table.concat(shown, ', ')`),
    ).toEqual(['']);
  });

  it('changes no metatable that others use', async () => {
    expect(
      await engine.eval(`
        local results = {}
        for _, value in ipairs { 'x', 1, true, print, io.stdout, coroutine.create(print), newproxy(true) } do
          results[#results + 1] = tostring((pcall(debug.setmetatable, value, { __index = {} })))
        end
        results[#results + 1] = tostring((pcall(debug.setmetatable, nil, {})))
        results[#results + 1] = tostring(debug.getmetatable(io.stdout))
        results[#results + 1] = tostring(debug.getmetatable(print))
        return table.concat(results, ' ')`),
    ).toEqual(['false false false false false false false false nil nil']);
    const instance = await engine.open(
      "string.x = 1 debug.setmetatable(string, { __index = { y = 2 } }) function hook.mail() return tostring(string.y) .. tostring(('').y) end",
    );
    expect(await reply(instance, 'mail')).toBe('22');
    instance.close();
    expect(await engine.eval("return string.y, (''):rep(2), string.x")).toEqual([undefined, '', undefined]);
  });
});
