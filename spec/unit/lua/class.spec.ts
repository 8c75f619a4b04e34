// What objects and functions of the API can be beyond methods: the layers for scripts of other programs need it.
import { beforeAll, expect, it } from 'vitest';
import { type ClassSpec, luaMethod } from '../../../src/lua-api/class-spec.ts';
import { LuaError, luaFunction } from '../../../src/lua-api/function-spec.ts';
import { luaModule } from '../../../src/lua-api/module-spec.ts';
import { bytes, integer } from '../../../src/lua-api/params.ts';
import { LuaFunction, LuaObject } from '../../../src/lua-api/value.ts';
import { Gate } from '../../fakes/gate-module.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';

const user: ClassSpec = {
  name: 'user',
  text: '',
  methods: [
    luaMethod<number>()({ name: 'hello', params: [], text: '', call: (_context, id) => [`hello ${id}`] }),
  ],
  attributes: [
    { name: 'id', type: 'integer', text: '', read: (id) => id as number },
    { name: 'mails', type: 'string[]', text: '', read: () => ['a', 'b'] },
  ],
  toText: (id) => `user ${id as number}`,
  same: (a, b) => a === b,
};
const other: ClassSpec = { name: 'other', text: '', methods: [] };

/** Gives 1, 2 ... up to `last`, then nothing; as the iterator over the rows of a query. */
function countTo(last: number): LuaFunction {
  let n = 0;
  return new LuaFunction(
    luaFunction({ name: 'rows', params: [], text: '', call: () => (n < last ? [++n] : []) }),
  );
}

let engine: TestEngine;
beforeAll(async () => {
  const later = luaFunction({
    name: 'later',
    params: [bytes('what', '')],
    suspends: true,
    text: '',
    call: (_context, what) => ({
      kind: 'suspension' as const,
      describe: () => 'later',
      done:
        what === 'fail' ? Promise.reject(new LuaError('it failed')) : Promise.resolve([what, what.length]),
      cancel: () => undefined,
    }),
  });
  const module = luaModule({
    name: 'api',
    text: '',
    classes: [user, other],
    functions: [
      luaFunction({
        name: 'user',
        params: [integer('id', '')],
        text: '',
        call: (_context, id) => [new LuaObject(user, id)],
      }),
      luaFunction({ name: 'other', params: [], text: '', call: () => [new LuaObject(other, 1)] }),
      luaFunction({
        name: 'rows',
        params: [integer('last', '')],
        text: '',
        call: (_context, last) => [countTo(last)],
      }),
      luaFunction({ name: 'waiting', params: [], text: '', call: () => [new LuaFunction(later)] }),
    ],
  });
  engine = await TestEngine.start({ modules: [module, new Gate().module] });
});

it.each<readonly [string, readonly unknown[]]>([
  ['local u = api.user(7) return u.id, u.mails[2], u:hello(), u.nothing', [7, 'b', 'hello 7', undefined]],
  ['return tostring(api.user(7)), tostring(api.other()):match("^other: ") ~= nil', ['user 7', true]],
  [
    'return api.user(1) == api.user(1), api.user(1) == api.user(2), api.user(1) == api.other(), api.other() == api.other()',
    [true, false, false, false],
  ],
  ['return pcall(function() api.user(1).id = 2 end)', [false, 'spec:1: user cannot be changed (id)']],
  ['return getmetatable(api.user(1))', [undefined]],
  ['local sum = 0 for n in api.rows(4) do sum = sum + n end return sum', [10]],
  ['local f = api.rows(1) return type(f), f(), f()', ['function', 1]],
  ['return api.waiting()("abc")', ['abc', 3]],
  [
    'local f = api.waiting() return coroutine.wrap(function() return (f("x")), select(2, f("yy")) end)()',
    ['x', 2],
  ],
  [
    'local f = api.waiting() return pcall(function()\nlocal x = f("fail") return x end)',
    [false, 'spec:2: it failed'],
  ],
  [
    'return pcall(function()\nlocal x = api.waiting()() return x end)',
    [false, "spec:2: bad argument #1 to 'later' (string expected, got no value)"],
  ],
])('%s', async (source, values) => {
  expect(await engine.eval(source)).toEqual(values);
});

it('leaves no function and no object behind', async () => {
  await engine.eval('for i = 1, 200 do api.rows(1)() api.user(i) end');
  engine.engine.collect();
  engine.engine.collect();
  expect(engine.engine.holdings().objects).toBe(0);
  expect(engine.log.lines).toEqual([]);
});
