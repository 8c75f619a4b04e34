// The modules of lib-lua/compat and lib-lua/smtpe belong to the connection that has required them: nothing that a policy can reach from them, by fields, metatables or
// upvalues, is another connection's too.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { linesOf, startElsewhere } from '../../../fakes/elsewhere-rig.ts';
import { libLuaDirectory, type TestEngine } from '../../../fakes/lua-engine.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startElsewhere();
});
afterAll(() => engine.engine.close());

const modulesIn = (place: string, prefix: string): readonly string[] =>
  readdirSync(join(libLuaDirectory, place), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.lua'))
    .map((name) => prefix + name.replace('.lua', '').replaceAll('/', '.'));
// smtpe.test is for tests of policies, and nobody else gets it.
const names = [...modulesIn('compat', ''), ...modulesIn('smtpe', 'smtpe.')].filter(
  (name) => name !== 'smtpe.test',
);

/** `address path` of every table, userdata and thread. */
const walk = `
  local seen, found, todo = {}, {}, {}
  local function add(value, path)
    local kind = type(value)
    if (kind == 'table' or kind == 'userdata' or kind == 'thread' or kind == 'function') and not seen[value] then
      seen[value] = true
      todo[#todo + 1] = { value, path }
      if kind ~= 'function' then found[#found + 1] = ('%p'):format(value) .. ' ' .. path end
    end
  end
  for _, name in ipairs { ${names.map((name) => `'${name}'`).join(', ')} } do add(require(name), name) end
  local socket, ltn12 = require 'socket', require 'ltn12'
  add({ socket.tcp(), socket.unix(), socket.newtry(print), socket.protect(print), require 'lfs'.dir '/', ltn12.source.string 'x',
    ltn12.sink.table(), select(2, pcall(socket.try, nil, 'x')), require 'redis'.connect { socket = { close = print, send = print } },
    require 'redis'.command 'x', require 'cjson'.new(), require 'dkjson'.decode '{"a":[1]}', require 'socket.url'.parse 'http://x' }, 'made')
  while #todo > 0 do
    local value, path = todo[#todo][1], todo[#todo][2]
    todo[#todo] = nil
    add(debug.getmetatable(value), path .. '!')
    if type(value) == 'table' then
      for k, v in next, value do
        add(k, path .. '.<key>')
        add(v, path .. '.' .. tostring(k):sub(1, 30))
      end
    elseif type(value) == 'function' then
      for i = 1, 255 do
        local name, upvalue = debug.getupvalue(value, i)
        if name == nil then break end
        add(upvalue, path .. '^' .. name)
      end
    end
  end
  return table.concat(found, '\\n')`;

it('shares no table, no userdata and no thread', async () => {
  const places = async (): Promise<readonly [Map<string, string>, () => void]> => {
    const instance = await engine.open('');
    const outcome = await instance.run(walk, '=spec');
    if (outcome.kind !== 'returned') throw new Error(JSON.stringify(outcome));
    const lines = String(outcome.values[0]).split('\n');
    return [new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), line])), () => instance.close()];
  };
  const [first, closeFirst] = await places();
  const [second, closeSecond] = await places();
  expect(first.size).toBeGreaterThan(100);
  const both = [...first].flatMap(([address, path]) => (second.has(address) ? [path] : []));
  // Those of the process, which cannot be changed.
  expect(both.filter((path) => !/\.io\.std(?:in|out|err)$/.test(path))).toEqual([]);
  closeFirst();
  closeSecond();
});

it('keeps what one connection changes from all others', async () => {
  const change = `for _, name in ipairs { 'json', 'cjson', 'dkjson', 'socket', 'socket.http', 'redis', 'ltn12', 'lfs', 'socket.url' } do
      local module = require(name)
      for key in pairs(module) do module[key] = nil end
      module.mark = 'mine'
    end
    getmetatable(require 'socket.core').__index = nil`;
  await linesOf(engine, `pcall(function() ${change} end)`);
  await linesOf(
    engine,
    `require('cjson').encode_sparse_array(true) require('cjson').decode_max_depth(1) require('socket.http').TIMEOUT = 0
    require('ltn12').BLOCKSIZE = 0 require('redis').error = print require('redis').commands.get = print`,
  );
  expect(
    await linesOf(
      engine,
      `show(require('json').mark, require('socket').mark, require('json').encode { 1 }, require('cjson').decode '[[1]]' ~= nil)
      show(require('socket.http').TIMEOUT, require('ltn12').BLOCKSIZE, require('cjson').encode_sparse_array(), next(require('redis').commands))`,
    ),
  ).toEqual(['nil nil [1] true', 'nil 2048 false nil']);
});
