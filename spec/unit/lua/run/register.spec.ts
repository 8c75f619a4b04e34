import { beforeAll, describe, expect, it } from 'vitest';
import { type ClassSpec, luaMethod } from '../../../../src/lua-api/class-spec.ts';
import { luaFunction } from '../../../../src/lua-api/function-spec.ts';
import { luaModule } from '../../../../src/lua-api/module-spec.ts';
import { bytes, integer, optionalFlag, strings } from '../../../../src/lua-api/params.ts';
import { LuaObject } from '../../../../src/lua-api/value.ts';
import { TestEngine } from '../../../fakes/lua-engine.ts';

const method = luaMethod<{ text: string }>();
const collector: ClassSpec = {
  name: 'collector',
  text: '',
  methods: [
    method({
      name: 'append',
      params: [bytes('text', '')],
      text: '',
      call: (_context, self, text) => {
        self.text += text;
        return [];
      },
    }),
    method({
      name: 'later',
      params: [],
      suspends: true,
      text: '',
      call: (_context, self) => ({
        kind: 'suspension',
        describe: () => '',
        done: Promise.resolve([self.text]),
        cancel() {},
      }),
    }),
  ],
};
const other: ClassSpec = { name: 'other', text: '', methods: [] };

const api = luaModule({
  name: 'api',
  text: '',
  functions: [
    luaFunction({ name: 'new', params: [], text: '', call: () => [new LuaObject(collector, { text: '' })] }),
    luaFunction({ name: 'other', params: [], text: '', call: () => [new LuaObject(other, 1)] }),
    luaFunction({
      name: 'add',
      params: [integer('a', ''), integer('b', '')],
      text: '',
      call: (_context, a, b) => [a + b],
    }),
    luaFunction({
      name: 'flag',
      params: [optionalFlag('on', '', true)],
      text: '',
      call: (_context, on) => [on],
    }),
    luaFunction({
      name: 'join',
      params: [strings('list', '')],
      text: '',
      call: (_context, list) => [list.join('+')],
    }),
    luaFunction({
      name: 'liar',
      params: [],
      text: '',
      call: () => ({ kind: 'suspension', describe: () => '', done: Promise.resolve([]), cancel() {} }),
    }),
  ],
  constants: [{ name: 'bin_version', value: '1.0', text: '' }],
  tables: [
    {
      name: 'code',
      text: '',
      reverse: true,
      constants: [
        { name: 'OK', value: 0, text: '' },
        { name: 'NOERROR', value: 0, text: '' },
        { name: 'FAIL', value: 2, text: '' },
      ],
    },
    { name: 'plain', text: '', reverse: false, constants: [{ name: 'X', value: 1, text: '' }] },
  ],
  classes: [collector, other],
  modules: [
    luaModule({
      name: 'inner',
      text: '',
      functions: [luaFunction({ name: 'f', params: [bytes('x', '')], text: '', call: (_context, x) => [x] })],
      tables: [{ name: 'code', text: '', reverse: false, constants: [{ name: 'Y', value: 2, text: '' }] }],
    }),
  ],
});

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.start({ modules: [api] });
});

describe('a module in Lua', () => {
  const cases: readonly [string, readonly unknown[]][] = [
    ['return api.add(1, "2"), api.add(1.0, "-2.0")', [3, -1]],
    [
      'return api.flag(), api.flag(nil), api.flag(0), api.flag(1), api.flag(false)',
      [true, true, false, true, false],
    ],
    ['return api.join({ "a", 1, "b" }), api.join({})', ['a+1+b', '']],
    ['return api.join({ "a", n = 1, nil }), api.join({ n = 0 })', ['a', '']],
    ['return api.bin_version, api.plain.X, api.plain[1]', ['1.0', 1, undefined]],
    ['return api.code.OK, api.code.NOERROR, api.code[0], api.code[2]', [0, 0, 'OK', 'FAIL']],
    ['return api.inner.f("x"), api.inner.code.Y', ['x', 2]],
    ['return api.add(1, 2, "more", {}, print)', [3]],
    ['local o = api.new() o:append("a") o:append(5) return o:later(), type(o)', ['a5', 'userdata']],
    ['return tostring(api.new()):match("^collector: ")', ['collector: ']],
    ['local a, b = api.new(), api.new() a:append("x") return a:later(), b:later(), a == b', ['x', '', false]],
  ];
  for (const [source, expected] of cases) {
    it(source, async () => expect(await engine.eval(source)).toEqual(expected));
  }

  it.each([
    ['api.add()', "bad argument #1 to 'api.add' (number expected, got no value)"],
    ['api.add(1, {})', "bad argument #2 to 'api.add' (number expected, got table)"],
    ['api.add(1, 1.5)', "bad argument #2 to 'api.add' (integer expected, got number)"],
    ['api.add("1.5", 1)', "bad argument #1 to 'api.add' (integer expected, got string)"],
    ['api.inner.f(nil)', "bad argument #1 to 'api.inner.f' (string expected, got nil)"],
    ...(
      [
        ['{ "a", nil, "c" }', '[2] is nil, [3] is not'],
        ['{ nil, "b" }', '[1] is nil, [2] is not'],
        ['{ [3] = "c" }', '[1] is nil, [3] is not'],
        ['{ "a", [0] = "b" }', '[2] is nil, [0] is no place in it'],
        ['{ "a", [1.5] = "b" }', '[2] is nil, [1.5] is no place in it'],
        ['{ "a", [-1] = "b" }', '[2] is nil, [-1] is no place in it'],
        ['{ n = 3, "a", nil, "c" }', '[2] is nil, [3] is not'],
      ] as const
    ).map(([list, holes]): [string, string] => [
      `api.join(${list})`,
      `bad argument #1 to 'api.join' (array without holes (${holes}) expected, got table)`,
    ]),
    ['api.join({ {} })', "bad argument #1 to 'api.join' (table of strings expected, got table)"],
    ['api.new():append()', "bad argument #1 to 'collector:append' (string expected, got no value)"],
    ['api.new().append("x")', "calling 'collector:append' on bad self (collector expected, got string)"],
    [
      'api.new().append(api.other(), "x")',
      "calling 'collector:append' on bad self (collector expected, got userdata)",
    ],
    ['api.new().later(1)', "calling 'collector:later' on bad self (collector expected, got number)"],
  ])('%s raises %j at the caller', async (source, message) => {
    expect(await engine.eval(`return pcall(function()\n${source} end)`)).toEqual([
      false,
      `spec:2: ${message}`,
    ]);
  });

  it('forgets objects that Lua has given up', async () => {
    await engine.eval('for i = 1, 100 do api.new() end');
    engine.engine.collect();
    expect(engine.engine.holdings().objects).toBe(0);
  });

  it('reports a function that waits without being declared so as a bug', async () => {
    engine.log.lines.length = 0;
    expect(await engine.eval('return (pcall(api.liar))')).toEqual([false]);
    expect(engine.log.short[0]).toMatch(
      /^crit bug in api\.liar: Error: api\.liar suspends but is not declared so/,
    );
  });
});
