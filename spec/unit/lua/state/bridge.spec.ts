import { describe, expect, it } from 'vitest';
import { luaFunction } from '../../../../src/lua-api/function-spec.ts';
import { luaModule } from '../../../../src/lua-api/module-spec.ts';
import { anything, bytes, number, strings } from '../../../../src/lua-api/params.ts';
import { LuaTable, type LuaValue } from '../../../../src/lua-api/value.ts';
import { TestEngine } from '../../../fakes/lua-engine.ts';

async function withValue(value: LuaValue): Promise<{ engine: TestEngine; seen: LuaValue[] }> {
  const seen: LuaValue[] = [];
  const module = luaModule({
    name: 'box',
    text: '',
    functions: [
      luaFunction({ name: 'get', params: [], text: '', call: () => [value] }),
      luaFunction({
        name: 'put',
        params: [anything('value', 'any', '')],
        text: '',
        call: (_context, given) => {
          seen.push(given);
          return [];
        },
      }),
    ],
  });
  return { engine: await TestEngine.start({ modules: [module] }), seen };
}

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

describe('bytes between TypeScript and Lua', () => {
  for (const size of [0, 1, 256, 65_535, 65_536, 300_000]) {
    const bytes = Buffer.concat(new Array(Math.ceil(size / 256)).fill(everyByte)).subarray(0, size);

    it(`carries ${size} bytes of a Buffer to Lua and back unchanged`, async () => {
      const { engine, seen } = await withValue(bytes);
      expect(await engine.eval('local s = box.get() box.put(s) return #s')).toEqual([size]);
      expect(Buffer.from(String(seen[0]), 'latin1').equals(bytes)).toBe(true);
    });

    it(`carries ${size} bytes of a latin1 string to Lua and back unchanged`, async () => {
      const { engine, seen } = await withValue(bytes.toString('latin1'));
      await engine.eval('box.put(box.get())');
      expect(Buffer.from(String(seen[0]), 'latin1').equals(bytes)).toBe(true);
    });
  }

  it('gives Lua the byte values themselves', async () => {
    const { engine } = await withValue(everyByte);
    expect(
      await engine.eval('local s = box.get() for i = 0, 255 do assert(s:byte(i + 1) == i) end return #s'),
    ).toEqual([256]);
  });
});

describe('names of fields', () => {
  it('are what they were however many there are, however long, and whatever octets are in them', async () => {
    const names = Array.from({ length: 5000 }, (_, i) => `${'x'.repeat(i % 40)}${i}`);
    for (let octet = 0; octet < 256; octet++) names.push(String.fromCharCode(octet, 0, octet));
    // Those that were there before are asked for again.
    const twice = [...names, ...names.slice(0, 50)];
    const { engine, seen } = await withValue(twice.map((name) => ({ [name]: name })));
    const [count] = await engine.eval(`
      local n = 0
      for _, record in ipairs(box.get()) do
        for name, value in pairs(record) do assert(name == value) n = n + 1 end
      end
      box.put(box.get())
      return n`);
    expect(count).toBe(twice.length);
    const back = seen[0] as ReadonlyMap<number, ReadonlyMap<string, string>>;
    expect([...back.values()].map((record) => [...record][0])).toEqual(twice.map((name) => [name, name]));
  });
});

describe('values for Lua', () => {
  const cases: readonly [string, LuaValue, string][] = [
    ['undefined as nil', undefined, 'v == nil'],
    ['null as nil', null, 'v == nil'],
    ['true', true, 'v == true'],
    ['a safe integer as an integer', 4_294_967_296, 'math.type(v) == "integer" and v == 4294967296'],
    ['a negative integer', -5, 'math.type(v) == "integer" and v == -5'],
    ['a fraction as a float', 1.5, 'math.type(v) == "float" and v == 1.5'],
    ['an array as a sequence', ['a', 'b'], '#v == 2 and v[1] == "a" and v[2] == "b"'],
    ['a record without its undefined fields', { a: 1, b: undefined }, 'v.a == 1 and v.b == nil'],
    [
      'a Map with its keys',
      new Map<LuaValue, LuaValue>([
        [7, 'x'],
        ['k', [1]],
      ]),
      'v[7] == "x" and v.k[1] == 1',
    ],
    ['sequence and fields in one table', new LuaTable(['x'], { rcode: 0 }), 'v[1] == "x" and v.rcode == 0'],
    [
      'an object both in the sequence and in a field as one table',
      ((record) => new LuaTable(['x', record], { key: record, other: { a: 1 } }))({ a: 1 }),
      'v.key == v[2] and v.key.a == 1 and v.other ~= v[2] and v.other.a == 1',
    ],
    ['tables in tables', { a: [{ b: Buffer.from('c') }] }, 'v.a[1].b == "c"'],
  ];
  for (const [name, value, check] of cases) {
    it(name, async () => {
      const { engine } = await withValue(value);
      expect(await engine.eval(`local v = box.get() return ${check}`)).toEqual([true]);
    });
  }
});

describe('values from Lua', () => {
  async function given(expression: string): Promise<LuaValue> {
    const { engine, seen } = await withValue(undefined);
    await engine.eval(`box.put(${expression})`);
    return seen[0];
  }

  it('gives tables as Maps, nested ones too', async () => {
    expect(await given('{ 1, "x", k = { true } }')).toEqual(
      new Map<LuaValue, LuaValue>([
        [1, 1],
        [2, 'x'],
        ['k', new Map([[1, true]])],
      ]),
    );
  });

  it('gives functions as references', async () => {
    expect(await given('function() end')).toMatchObject({ kind: 'ref' });
  });

  it('gives a number key as a number, not as its text', async () => {
    expect([...((await given('{ [10] = 1, [2.5] = 2 }')) as Map<LuaValue, LuaValue>).keys()]).toEqual(
      expect.arrayContaining([10, 2.5]),
    );
  });

  it('refuses a table that contains itself with a Lua error', async () => {
    const { engine } = await withValue(undefined);
    const [ok, message] = await engine.eval('local t = {} t.t = t return pcall(box.put, t)');
    expect(ok).toBe(false);
    expect(message).toMatch(/table nested more than 16 deep/);
  });
});

describe('what a policy hands over', () => {
  const started = async (): Promise<TestEngine> => {
    const module = luaModule({
      name: 'take',
      text: '',
      functions: [
        luaFunction({
          name: 'text',
          params: [bytes('text', '')],
          text: '',
          call: (_context, text) => [text],
        }),
        luaFunction({ name: 'number', params: [number('n', '')], text: '', call: (_context, n) => [n] }),
        luaFunction({ name: 'strings', params: [strings('list', '')], text: '', call: (_c, list) => [list] }),
        luaFunction({ name: 'any', params: [anything('value', 'any', '')], text: '', call: () => [true] }),
      ],
    });
    return TestEngine.start({ modules: [module] });
  };

  it.each([
    ['0.1 + 0.2'],
    ['1e15'],
    ['1e100'],
    ['1 / 0'],
    ['-1 / 0'],
    ['2 ^ 63'],
    ['2 ^ 53'],
    ['math.mininteger'],
    ['math.maxinteger'],
    ['10 / 2'],
    ['-0.0'],
    ['1e-5'],
    ['123456789012345678'],
    ['1.5'],
  ])('the number %s becomes text as in Lua', async (expression) => {
    const engine = await started();
    const [a, b, c] = await engine.eval(
      `local n = ${expression} return take.text(n) == n .. '', take.strings({ n })[1] == n .. '', take.text(n)`,
    );
    expect([a, b]).toEqual([true, true]);
    expect(c).not.toBe('');
  });

  const huge = 'local t = { 1 } for i = 1, 13 do t = { t, t, t, t } end ';
  const long = 'local t = {} for i = 1, 2e5 do t[i] = i end ';
  const fat = "local s = ('x'):rep(1e6) local t = {} for i = 1, 1000 do t[i] = s end ";
  const round = 'local t = {} t[1] = t t[t] = t ';
  it.each([
    [`${huge} take.text(t)`, /string expected, got table/],
    [`${huge} take.number(t)`, /number expected, got table/],
    [`${huge} take.strings(t)`, /table of strings expected/],
    [`${huge} take.any(t)`, /table of more than 100000 entries/],
    [`${long} take.text(t)`, /string expected, got table/],
    [`${long} take.strings(t)`, /table of more than 100000 entries/],
    [`${long} take.any(t)`, /table of more than 100000 entries/],
    [`${fat} take.strings(t)`, /table of more than 33554432 octets/],
    [`${fat} take.any(t)`, /table of more than 33554432 octets/],
    [`${round} take.any(t)`, /nested more than 16 deep/],
    [`${round} take.strings(t)`, /table of strings expected/],
    ['local t = {} t[{}] = {} t[{ {} }] = 1 take.any(t) error("fine")', /fine/],
  ])('%s is refused in time', async (text, message) => {
    const engine = await started();
    const from = performance.now();
    const [ok, why] = await engine.eval(`return pcall(function() ${text} end)`);
    expect([ok, why]).toEqual([false, expect.stringMatching(message)]);
    expect(performance.now() - from).toBeLessThan(20_000);
    expect(engine.log.lines).toEqual([]);
  });
});
