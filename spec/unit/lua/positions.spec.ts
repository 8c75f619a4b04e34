// Errors of library functions have file and line, however the function was called, as in Lua's own libraries.
import { beforeAll, describe, expect, it } from 'vitest';
import { netModule } from '../../../src/modules/net.ts';
import { Gate } from '../../fakes/gate-module.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';
import { utilModule } from '../../fakes/util-module.ts';

let engine: TestEngine;
beforeAll(async () => {
  const gate = new Gate();
  gate.automatic = true;
  engine = await TestEngine.start({ modules: [gate.module, netModule, utilModule] });
});

/** A wrong call of each function, and what the error must be about. */
const calls: readonly (readonly [string, RegExp])[] = [
  ["string.format('%d', 'x')", /bad argument #2 to 'format' \(number expected, got string\)/],
  ['string.rep({}, 2)', /bad argument #1 to 'rep' \(string expected, got table\)/],
  ['string.find({})', /bad argument #1 to 'find'/],
  ["string.find('a')", /bad argument #2 to 'find'/],
  ["string.match('a', '[')", /malformed pattern/],
  ["string.gsub('a', 'a')", /bad argument #3 to 'gsub'/],
  ["string.gsub('a', 'a', function() return {} end)", /invalid replacement value \(a table\)/],
  ["string.gsub(('a'):rep(50000), '(a*)a', '%2')", /invalid capture index %2 in replacement string/],
  ["string.gmatch('a')", /bad argument #2 to 'gmatch'/],
  ["string.byte('a', {})", /./],
  ['string.char(256)', /bad argument #1 to 'char' \(value out of range\)/],
  ["string.sub('a', {})", /./],
  ["('x'):rep({})", /bad argument #1 to 'rep'/],
  ['table.insert(nil, 1)', /bad argument #1 to 'insert' \(table expected, got (nil|no value)\)/],
  ['table.insert({}, 1, 2, 3)', /wrong number of arguments to 'insert'/],
  ['table.remove(1)', /bad argument #1 to 'remove'/],
  ['table.concat({ {} })', /invalid value .* in table for 'concat'/],
  ['table.concat(1)', /bad argument #1 to 'concat'/],
  ['table.sort(1)', /bad argument #1 to 'sort'/],
  ['table.unpack()', /bad argument #1 to .unpack./],
  ['unpack()', /bad argument #1 to .unpack./],
  ['table.foreach(1)', /bad argument #1 to 'foreach'/],
  ['table.foreachi({})', /bad argument #2 to 'foreachi'/],
  ['table.maxn(1)', /bad argument #1 to 'maxn'/],
  ['table.getn(1)', /bad argument #1 to 'getn'/],
  ["math.fmod('x', 1)", /bad argument #1 to 'fmod' \(number expected, got string\)/],
  ['math.pow(1)', /bad argument #2 to 'pow'/],
  ['math.ldexp({}, 1)', /bad argument #1 to 'ldexp'/],
  ['math.frexp()', /bad argument #1 to 'frexp'/],
  ['math.log10({})', /bad argument #1 to 'log10'/],
  ["math.cosh('x')", /bad argument #1 to 'cosh'/],
  ['math.sinh()', /bad argument #1 to 'sinh'/],
  ['math.tanh({})', /bad argument #1 to 'tanh'/],
  ['math.floor({})', /bad argument #1 to 'floor'/],
  ["math.random('x')", /bad argument #1 to 'random'/],
  ['math.random(0, -1)', /bad argument #\d to 'random' \(interval is empty\)/],
  ["os.date('%c', 'x')", /bad argument #2 to 'date'/],
  ["os.date('%c', 2 ^ 53)", /bad argument|cannot be represented/],
  ['os.time(1)', /bad argument #1 to 'time'/],
  ['os.time({})', /field '\w+' missing in date table/],
  ['os.rename({})', /bad argument #1 to 'rename'/],
  ['os.remove()', /bad argument #1 to 'remove'/],
  ['os.getenv()', /bad argument #1 to 'getenv'/],
  ["os.difftime('x')", /bad argument #1 to 'difftime'/],
  ['io.open()', /bad argument #1 to 'open' \(string expected, got \w/],
  ["io.open('x', 'q')", /bad argument #2 to 'open' \(invalid mode\)/],
  ["io.lines('/nowhere')", /'\/nowhere' \(No such file or directory\)/],
  ["io.input('/nowhere')", /\/nowhere: No such file or directory/],
  ["io.popen('x', 'q')", /bad argument #2 to 'popen' \(invalid mode\)/],
  ['io.popen({})', /bad argument #1 to 'io\.popen'|bad argument #1 to 'popen'/],
  ['os.execute({})', /bad argument #1 to/],
  ["io.open('/dev/null', 'w'):write({})", /bad argument #1 to 'write' \(string expected, got table\)/],
  ["io.open('/dev/null'):read('q')", /bad argument #1 to 'read' \(invalid format\)/],
  ["io.open('/dev/null'):seek('q')", /bad argument #1 to 'seek' \(invalid option 'q'\)/],
  ['setmetatable(nil, {})', /bad argument #1 to 'setmetatable' \(table expected, got (nil|no value)\)/],
  ['setmetatable({}, 1)', /bad argument #2 to 'setmetatable' \(nil or table expected/],
  ['getmetatable()', /bad argument #1 to 'getmetatable' \(value expected\)/],
  ['next(nil)', /bad argument #1 to 'next' \(table expected, got (nil|no value)\)/],
  ['ipairs(nil)', /bad argument #1 to 'ipairs' \(table expected, got (nil|no value)\)/],
  ['ipairs()', /bad argument #1 to 'ipairs' \(table expected, got no value\)/],
  ['rawget(nil, 1)', /bad argument #1 to 'rawget' \(table expected, got (nil|no value)\)/],
  ['rawset(1, 1, 1)', /bad argument #1 to 'rawset' \(table expected, got number\)/],
  ["select('x')", /bad argument #1 to 'select'/],
  ['tonumber()', /bad argument #1 to 'tonumber' \(value expected\)/],
  ['tonumber(1, 99)', /bad argument #/],
  ["require('nowhere.at.all')", /module 'nowhere\.at\.all' not found/],
  ["dofile('/nowhere')", /cannot open \/nowhere/],
  ['loadstring()', /bad argument #1 to 'loadstring'/],
  ['load()', /bad argument #1 to 'load'/],
  ['setfenv(1)', /bad argument #2 to 'setfenv'/],
  ["getfenv('x')", /bad argument #1 to 'getfenv'/],
  ['module()', /bad argument #1 to 'module'/],
  ['newproxy(1)', /bad argument #1 to 'newproxy'/],
  ["collectgarbage('x')", /bad argument #1 to 'collectgarbage' \(invalid option 'x'\)/],
  ['coroutine.create(1)', /bad argument #1 to 'create'/],
  ['coroutine.resume(1)', /bad argument #1 to 'resume'/],
  ['coroutine.wrap()', /bad argument #1 to 'wrap'/],
  ['coroutine.status(1)', /bad argument #1 to 'status'/],
  ['net.contains_ip({}, {})', /bad argument #1 to 'net\.contains_ip'/],
  ['util.md5({})', /bad argument #1 to 'util\.md5'|nil value \(field 'md5'\)/],
  ['gate.wait({})', /bad argument #1 to 'gate\.wait'/],
];

describe.each([
  ['called for its value', (call: string) => `local x = ${call}\nreturn x`, 2],
  ['called last', (call: string) => `return ${call}`, 2],
] as const)('an error of a function %s', (_how, body, line) => {
  it.each(calls)('%s has file and line, and no name of ours', async (call, about) => {
    const instance = await engine.open(`function hook.mail()\n${body(call)}\nend`);
    const outcome = await instance.call('mail', []);
    instance.close();
    const message = 'message' in outcome ? outcome.message : outcome.kind;
    expect(message).toMatch(new RegExp(`^test\\.lua:${line}: `));
    expect(message).toMatch(about);
    expect(message).not.toMatch(/smtpe\]|'raw(?!get|set)|raw_|checked_|local '/);
  });

  it.each(calls)('%s has it in pcall, xpcall and coroutines', async (call, about) => {
    const [a, b, c, d] = await engine.eval(`
      local function f()\n${body(call)}\nend
      local _, a = pcall(f)
      local _, b = xpcall(f, function(m) return m end)
      local _, c = coroutine.resume(coroutine.create(f))
      local _, d = pcall(coroutine.wrap(f))
      return a, b, c, d`);
    const place = new RegExp(`^spec:${line + 1}: `);
    for (const message of [a, b, c]) {
      expect(message).toMatch(place);
      expect(message).toMatch(about);
      expect(message).not.toMatch(/smtpe\]|'raw(?!get|set)|raw_|checked_/);
    }
    expect(d).toMatch(about);
  });
});

it('an error of a library function while a module is loaded has the place in the module', async () => {
  const answers = await engine.eval(`
    package.preload.faulty = loadstring('\\n\\nlocal x = string.rep({})', '=faulty')
    local _, a = pcall(require, 'faulty')
    local _, b = pcall(function() local x = require('faulty') return x end)
    local _, c = coroutine.resume(coroutine.create(function() return require('faulty') end))
    return a, b, c`);
  for (const answer of answers) expect(answer).toMatch(/^faulty:3: bad argument #1 to 'rep'/);
});

describe('a call of a library function under another name', () => {
  it.each([
    ['a local', 'local fmt = string.format\nlocal function f()\nreturn fmt("%d", "x")\nend', 3],
    [
      'a local among others',
      'local a, fmt, b = string.rep, string.format, 1\nlocal function f()\nreturn fmt("%d", "x")\nend',
      3,
    ],
    [
      'a local of its own',
      'local function f()\nlocal s = string local fmt = s.format\nreturn fmt("%d", "x")\nend',
      3,
    ],
    [
      'one two functions out',
      'local fmt = string.format\nlocal f = (function() return function()\nreturn fmt("%d", "x")\nend end)()',
      3,
    ],
    ['a method', 'local function f()\nlocal s = "%d"\nreturn s:format("x")\nend', 3],
    [
      'a library function in a text that makes a field of that name',
      'local M = {} function M.format(...)\nlocal x = 1\nreturn string.format(...) end local function f() return M.format("%d", "x") end',
      3,
    ],
    [
      'a field',
      'local t = { format = string.format }\nlocal function f(...)\nreturn t.format("%d", "x", ...)\nend',
      3,
    ],
  ])('as %s keeps its place', async (_what, text, line) => {
    const [message] = await engine.eval(`${text} return select(2, pcall(f))`);
    expect(message).toMatch(new RegExp(`^spec:${line}: bad argument`));
  });
});

describe('tail calls', () => {
  it.each([
    [
      'a local function',
      'local function loop(n) if n == 0 then return "done" end return loop(n - 1) end return loop(3e6)',
    ],
    ['a global', 'function loop(n) if n == 0 then return "done" end return loop(n - 1) end return loop(1e6)'],
    [
      'two functions',
      'local a, b function a(n) if n == 0 then return "done" end return b(n - 1) end function b(n) return a(n) end return a(1e6)',
    ],
    [
      'a method',
      'local t = {} function t:step(n) if n == 0 then return "done" end return self:step(n - 1) end return t:step(1e6)',
    ],
    [
      'a local with the name of a library function',
      'local function find(n) if n == 0 then return "done" end return find(n - 1) end return find(1e6)',
    ],
    [
      'a function with varargs',
      'local function f(n, ...) if n == 0 then return "done" end return f(n - 1, ...) end return f(1e6, 1, 2)',
    ],
    [
      'a global with the name of a library function',
      'function next(n) if n == 0 then return "done" end return next(n - 1) end return next(1e6)',
    ],
    [
      'a field with the name of a library function',
      'local M = {} function M.find(n) if n == 0 then return "done" end return M.find(n - 1) end return M.find(1e6)',
    ],
    [
      'a method with the name of a library function',
      'local M = {} function M:read(n) if n == 0 then return "done" end return self:read(n - 1) end return M:read(1e6)',
    ],
  ])('of %s need no room', async (_what, text) => {
    engine.options.set('hook-cpu-limit', '20000', 'spec');
    expect(await engine.eval(text)).toEqual(['done']);
  });

  it('of library functions give all results', async () => {
    expect(
      await engine.eval(`
        local function f(...) return string.byte(...) end
        local function g(s) local x <close> = setmetatable({}, { __close = function() end }) return s:find('(b)(c)') end
        local function h() return table.unpack({ 1, nil, 3 }, 1, 3) end
        local t = { f('abc', 1, 3) }
        return #t, select('#', g('abc')), select('#', h()), select('#', string.gsub('a', 'a', 'b')), (h())`),
    ).toEqual([3, 4, 3, 2, 1]);
  });
});
