// Pure Lua libraries that people have, as Debian brings them (spec/real/install-packages.sh unpacks them): each loads by lua-path and does what
// it is for. Penlight's path, dir, file and app stand on our lfs; LuaSocket's own socket.lua, socket.http and mime.lua on our socket.core.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpReply, startHttp } from '../../src/bench/ports/http-server.ts';
import { linesOf, startElsewhere } from '../fakes/elsewhere-rig.ts';
import type { TestEngine } from '../fakes/lua-engine.ts';
import { hasLuaFiles, luaPackages } from './lua-packages.ts';

const there = hasLuaFiles(
  'pl/init.lua',
  'inspect.lua',
  'argparse.lua',
  'luaunit.lua',
  'redis.lua',
  'socket.lua',
);
const name = there
  ? 'libraries of others'
  : 'libraries of others (skipped: not unpacked, see install-packages.sh)';

/** A script that shows something of the library, and what. */
const smokes: readonly (readonly [library: string, script: string, shown: readonly string[]])[] = [
  ['inspect', `show(((require 'inspect' { 1, { a = 'x' } }):gsub('%s+', ' ')))`, ['{ 1, { a = "x" } }']],
  [
    'argparse',
    `local p = require 'argparse'('x') p:argument 'in' p:option '-o --out' local r = p:parse { 'file', '-o', 'y' } show(r['in'], r.out)`,
    ['file y'],
  ],
  [
    'basexx',
    `local b = require 'basexx' show(b.to_base64 'hello', b.from_base32 'NBUQ====', b.to_hex 'ab')`,
    ['aGVsbG8= hi 6162'],
  ],
  [
    'luaunit',
    `local lu = require 'luaunit' lu.assertEquals({ 1 }, { 1 }) show(pcall(lu.assertEquals, 1, 2) == false)
    TestX = {} function TestX:testOne() lu.assertTrue(true) end function TestX:testTwo() lu.assertEquals(1, 2) end
    local runner = lu.LuaUnit.new() runner:setOutputType 'nil' show(runner:runSuite('TestX'))`,
    ['true', '1'],
  ],
  ['say', `local s = require 'say' s:set('a', 'b %s') show(s('a', { 'c' }))`, ['b c']],
  [
    'mediator',
    `local m, got = require 'mediator'() m:subscribe({ 'a' }, function(x) got = x end) m:publish({ 'a' }, 5) show(got)`,
    ['5'],
  ],
  ['ansicolors', `show(#require 'ansicolors' '%{red}x')`, ['14']],
  [
    'cliargs',
    `local c = require 'cliargs' c:set_name 'x' c:argument('A', 'desc') show((c:parse { 'v' }).A)`,
    ['v'],
  ],
  [
    'luassert',
    `local a = require 'luassert' a.are.same({ 1 }, { 1 }) show(pcall(a.are.equal, 1, 2) == false)
    local spy = require 'luassert.spy' local s = spy.new(function() end) s(1) a.spy(s).was.called_with(1)`,
    ['true'],
  ],
  [
    'MessagePack',
    `local mp = require 'MessagePack' show(mp.unpack(mp.pack { 1, 'a', 2.5 })[3], #mp.pack(('x'):rep(300)))`,
    ['2.5 303'],
  ],
  [
    'logging',
    `local got local g = require 'logging'.new(function(self, level, text) got = level .. text return true end) g:info 'hi' show(got)`,
    ['INFOhi'],
  ],
  ['markdown', `show(((require 'markdown' '# x *y*'):gsub('%s+', '')))`, ['<h1>x<em>y</em></h1>']],
  [
    'fifo, binaryheap',
    `local f = require 'fifo'() f:push(1) f:push(2) local h = require 'binaryheap'.minHeap() h:insert(3) h:insert(1) show(f:pop(), h:pop())`,
    ['1 1'],
  ],
  [
    'lemock',
    `local mc = require 'lemock'.controller() local m = mc:mock() m.x = 1 mc:replay() m.x = 1 mc:verify() show 'ok'`,
    ['ok'],
  ],
  ['dkjson', `show(require 'dkjson'.version, require 'dkjson'.encode { 1, 'a' })`, ['dkjson 2.6 [1,"a"]']],
  [
    'redis-lua',
    `show(require 'redis'._VERSION, (pcall(require 'redis'.connect, '127.0.0.1', 1)))`,
    ['redis-lua 2.0.5-dev false'],
  ],
  [
    'penlight data',
    `local List, tablex, stringx, pretty = require 'pl.List', require 'pl.tablex', require 'pl.stringx', require 'pl.pretty'
    show(tostring(List { 3, 1, 2 }:sort())) show(tablex.deepcompare({ 1, { 2 } }, { 1, { 2 } })) show(stringx.strip ' x ', #stringx.split('a b c'))
    show(pretty.write(pretty.read '{1,2,a="x"}', '')) show((require 'pl.template'.substitute('$(a)', { a = 5 }))) show(tostring(require 'pl.xml'.parse '<a><b/></a>'))
    show(tostring(require 'pl.OrderedMap' { { a = 1 }, { b = 2 } })) show(require 'pl.Set' { 1, 2 } * require 'pl.Set' { 2, 3 })
    local Animal = require 'pl.class'() function Animal:_init(n) self.n = n end local Cat = require 'pl.class'(Animal) show(Cat 'x'.n, Cat 'x':is_a(Animal))`,
    ['{1,2,3}', 'true', 'x 3', '{1,2,a="x"}', '5', '<a><b/></a>', '{a=1,b=2}', '[2]', 'x true'],
  ],
  [
    'penlight text',
    `show(require 'pl.sip'.match('$d-$d', '1-2', {})) show(require 'pl.lexer'.lua 'x = 1'()) show(require 'pl.data'.read(require 'pl.stringio'.open 'a,b\\n1,2\\n')[1][2])
    show(require 'pl.config'.read(require 'pl.stringio'.open 'a=1\\n').a) show(require 'pl.url'.quote 'a b') show(require 'pl.seq'.sum { 1, 2, 3 })`,
    ['true', 'iden x', '2', '1', 'a%20b', '6 3'],
  ],
  [
    'penlight files',
    `local path, dir, file = require 'pl.path', require 'pl.dir', require 'pl.file'
    local d = os.tmpname() os.remove(d) show((path.mkdir(d))) show(file.write(d .. '/a.txt', 'text')) show(file.read(d .. '/a.txt'), path.isfile(d .. '/a.txt'), path.getsize(d .. '/a.txt'))
    show(path.basename(dir.getfiles(d, '*.txt')[1])) dir.makepath(d .. '/x/y') show(path.isdir(d .. '/x/y')) show(#dir.getallfiles(d)) show(dir.rmtree(d)) show(path.exists(d))`,
    ['true', 'true', 'text true 4', 'a.txt', 'true', '1', 'true', 'false'],
  ],
  [
    'penlight strict',
    `require 'pl.strict' show(pcall(function() return undeclared_name end) == false)`,
    ['true'],
  ],
  [
    'the pure part of LuaSocket',
    `show(require 'mime'.encode('base64')('abc')) show(require 'socket.url'.parse 'http://h/p'.host)
    show(require 'ltn12'._VERSION, require 'socket'.protect ~= nil)`,
    ['YWJj', 'h', 'LTN12 1.0.3 true'],
  ],
];

describe.runIf(there)(name, () => {
  let engine: TestEngine;
  const path = `${luaPackages.share}/5.1/?.lua;${luaPackages.share}/5.1/?/init.lua`;
  beforeAll(async () => {
    engine = await startElsewhere({ luaPath: path, options: { 'hook-cpu-limit': '20000' } });
  });
  afterAll(() => engine.engine.close());

  it.each(smokes)('%s', async (_library, script, shown) => {
    expect(await linesOf(engine, script)).toEqual(shown);
  });

  it('LuaSocket’s own socket.http asks over our connections', async () => {
    const web = await startHttp(() => httpReply(200, 'OK', ['Connection: close'], 'hello'));
    const lines = await linesOf(
      engine,
      `local body, code = require 'socket.http'.request '${web.origin}/x' show(body, code)`,
    );
    await web.close();
    expect(lines).toEqual(['hello 200']);
  });

  it('what stands on LPeg says what it lacks', async () => {
    const [line] = await linesOf(
      engine,
      `show((select(2, pcall(require, 'json'))):match 'lpeg is one: [^;]*')`,
    );
    expect(line).toMatch(/LuLPeg/);
  });
});
