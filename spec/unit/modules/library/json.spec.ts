// json, cjson, cjson.safe and dkjson with what a stranger may send: it is a value or an error with its place, soon, and nothing else.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { linesOf, startElsewhere } from '../../../fakes/elsewhere-rig.ts';
import type { TestEngine } from '../../../fakes/lua-engine.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startElsewhere();
});
afterAll(() => engine.engine.close());

const all = (argument: string): string => `for _, decode in ipairs {
  require('json').decode, require('cjson').decode, function(s) return (require('dkjson').decode(s)) or error(select(3, require('dkjson').decode(s)), 0) end,
} do
  local ok, value = pcall(decode, ${argument})
  show(ok, ok and type(value) or (tostring(value):gsub('^.-%.lua:%d+: ', '')))
end`;

it.each([
  ['nested too deep', "('['):rep(200000)", /^false Found too many nested data structures \(1001\)/],
  [
    'objects nested too deep',
    `('{"a":'):rep(200000)`,
    /^false Found too many nested data structures \(1001\)/,
  ],
  [
    'a number that is too large',
    "'[1e999]'",
    /^false (Expected value but found a number that is too large|no valid)/,
  ],
  [
    'a number of many digits',
    "('1'):rep(100000)",
    /^false (Expected value but found invalid number|no valid JSON value)/,
  ],
  ['a leading zero', "'[012]'", /^false (Expected|no valid)/],
  [
    'a NUL in a string',
    '\'["a\\0b"]\'',
    /^false (Expected value but found unexpected end of string|no valid)/,
  ],
  ['a NUL behind it', "'[1]\\0'", /^(false Expected the end but found|true table)/],
  ['a lone surrogate', `'["\\\\udc00"]'`, /^(true table|false invalid unicode escape code)/],
  ['an escape that is none', `'["\\\\x"]'`, /^false (Expected value but found invalid escape code|no valid)/],
  ['no UTF-8', '\'["\\255\\254"]\'', /^true table$/],
  ['the end in a string', "'[\"abc'", /^false/],
  ['a comma too many', "'[1,]'", /^false/],
  ['nothing', "''", /^false/],
  ['white space only', "(' '):rep(100000)", /^false/],
  ['many open strings', `('["'):rep(50000)`, /^false/],
])('takes %s', async (_name, argument, expected) => {
  const lines = await linesOf(engine, all(argument));
  expect(lines.length).toBe(3);
  for (const line of lines)
    expect(line.replaceAll(/no valid JSON value.*/g, 'no valid JSON value')).toMatch(expected);
});

it('ends at the processor limit with what is long, and others run meanwhile', async () => {
  const slow = linesOf(
    engine,
    `show(pcall(require('dkjson').decode, '[' .. ('1,'):rep(2000000) .. '1]'))`,
  ).then(
    () => 'done',
    (error: unknown) => String(error),
  );
  expect(await engine.eval('return 1')).toEqual([1]);
  expect(await slow).toMatch(/limit/);
});

it('raises no other error for any octets, and what it reads it can write and read again', async () => {
  const instance =
    await engine.open(`local json, cjson, safe, dkjson = require 'json', require 'cjson', require 'cjson.safe', require 'dkjson'
    function hook.mail(text)
      local ok, value = pcall(json.decode, text)
      if not ok and not tostring(value):find 'character' then error('json: ' .. tostring(value)) end
      if ok and value ~= nil then
        -- The first time a number is written it loses what 14 digits cannot say.
        local once = json.encode(json.decode(json.encode(value)))
        assert(json.encode(json.decode(once)) == once)
      end
      local safe_value, message = safe.decode(text)
      if safe_value == nil and message == nil then error 'safe' end
      local _, place, why = dkjson.decode(text)
      if type(place) ~= 'number' or why and type(why) ~= 'string' then error 'dkjson' end
      return '250 ok'
    end`);
  const octets = fc.oneof(
    fc.json().map((text) => Buffer.from(text).toString('latin1')),
    fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0019eE+-.tfn \0\xff'.split('')), maxLength: 40 }),
  );
  await fc.assert(
    fc.asyncProperty(octets, async (text) => {
      expect(await instance.call('mail', [text])).toMatchObject({ kind: 'returned', reply: '250 ok' });
    }),
    { numRuns: 300 },
  );
  instance.close();
});

it('writes what it can, and says what it cannot', async () => {
  const lines = await linesOf(
    engine,
    `local json, cjson = require 'json', require 'cjson'
    local loop = {} loop[1] = loop
    show(pcall(json.encode, loop)) show(pcall(json.encode, print)) show(pcall(json.encode, 0/0))
    show(json.encode { 1, 'a', { x = json.null } }) show(json.encode {}) show(cjson.encode {}) show(cjson.encode(cjson.empty_array))
    show(json.encode(12345678901234567)) show(json.encode '\\0\\1\\127')
    cjson.decode_max_depth(2) show(pcall(cjson.decode, '[[[1]]]'))
    show(pcall(cjson.decode_max_depth, 5000))
    cjson.encode_sparse_array(true) show(cjson.encode { [1] = 1, [100] = 2 })
    show(_G.json == json, _G.cjson == cjson)`,
  );
  expect(
    lines.map((line) => line.replace(/\S+\.lua:\d+: /, '').replace(/^false spec:\d+: /, 'false ')),
  ).toEqual([
    'false Cannot serialise, excessive depth (1001)',
    'false Cannot serialise function: type not supported',
    'false Cannot serialise number: must not be NaN or Inf',
    ...['[1,"a",{"x":null}]', '[]', '{}', '[]', '1.2345678901235e+16', '"\\u0000\\u0001\\u007f"'],
    'false Found too many nested data structures (3) at character 3',
    "false bad argument #1 to 'decode_max_depth' (expected integer between 1 and 1000)",
    ...['{"1":1,"100":2}', 'true true'],
  ]);
});

it('dkjson reads quickly what it reads at a place, with the same tables, metatables and places', async () => {
  const instance = await engine.open(`local dkjson = require 'dkjson'
    local null = {}
    local function shape(value)
      if value == null then return 'null' end
      if type(value) ~= 'table' then return type(value) .. ':' .. tostring(value) end
      local metatable, out = getmetatable(value), {}
      for key, item in pairs(value) do out[#out + 1] = tostring(key) .. '=' .. shape(item) end
      table.sort(out)
      return (metatable and metatable.__jsontype or '?') .. '{' .. table.concat(out, ',') .. '}'
    end
    function hook.mail(text)
      for _, more in ipairs { { n = 0 }, { n = 1, null }, { n = 3, nil, nil, nil }, { n = 3, null, { __jsontype = 'o' }, { __jsontype = 'a' } } } do
        local quick, place = dkjson.decode(text, 1, table.unpack(more, 1, more.n))
        local slow, other = dkjson.decode('x' .. text, 2, table.unpack(more, 1, more.n))
        if shape(quick) ~= shape(slow) or place ~= other - 1 then
          error(shape(quick) .. ' ' .. place .. ' but ' .. shape(slow) .. ' ' .. other - 1)
        end
      end
      return '250 ok'
    end`);
  const check = async (text: string): Promise<void> => {
    const octets = Buffer.from(text).toString('latin1');
    expect(await instance.call('mail', [octets])).toMatchObject({ kind: 'returned', reply: '250 ok' });
  };
  for (const text of [
    'null',
    '[]',
    '{}',
    '[{}]',
    '[[],{}]',
    '[null]',
    '{"a":null}',
    ' [ ] ',
    '"[]"',
    '[1,null,"{}"] \n',
    '7',
    'x',
    '[1',
  ])
    await check(text);
  const wanted = fc.json({ maxDepth: 4 }).filter((text) => !/\d[.eE]|\d{15}|-0/.test(text));
  await fc.assert(fc.asyncProperty(wanted, check), { numRuns: 100 });
  instance.close();
});

it('writes what is simple outside of Lua as Lua itself writes it', async () => {
  // A metatable keeps it in Lua.
  const instance =
    await engine.open(`local json, cjson, dkjson = require 'json', require 'cjson', require 'dkjson'
    local function check(value)
      for _, digits in ipairs { 14, 3, 16, 1 } do
        cjson.encode_number_precision(digits)
        for _, encode in ipairs { json.encode, cjson.encode, dkjson.encode } do
          local quick, slow = encode(value), encode(setmetatable(value, {}))
          setmetatable(value, nil)
          if quick ~= slow then error(quick .. ' but ' .. slow) end
        end
      end
    end
    function hook.mail(text) check { (json.decode(text)) } return '250 ok' end
    function hook.rcpt(octets)
      check { octets, [octets] = { octets .. octets } } check { [octets] = 1, b = 0.1, ['\\200'] = -0.0, ['\\0'] = 2^53, A = 1e15, a = 1e15 - 1 }
      check { 1, nil, 3 } check {} check { {} } check { x = {} } check { [1] = 1, [20] = 2, y = 3 } check { 0.5, 2.5, 12345678901234.5, 0.15, 1e-5, 123456789012345680 }
      return '250 ok'
    end`);
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 3 },
      number,
      fc.integer(),
      fc.string(),
      fc.boolean(),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('json'), { maxLength: 4 }),
    object: fc.dictionary(fc.string({ maxLength: 5 }), tie('json'), { maxKeys: 4 }),
  }));
  await fc.assert(
    fc.asyncProperty(json, async (value) => {
      const text = Buffer.from(JSON.stringify(value)).toString('latin1');
      expect(await instance.call('mail', [text])).toMatchObject({ kind: 'returned', reply: '250 ok' });
    }),
    { numRuns: 150 },
  );
  const every = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('');
  for (const octets of [every, '/', 'x'.repeat(1000)])
    expect(await instance.call('rcpt', [octets])).toMatchObject({ kind: 'returned', reply: '250 ok' });
  instance.close();
});
