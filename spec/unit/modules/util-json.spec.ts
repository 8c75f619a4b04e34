// util.json_encode and util.json_decode in Lua: what a stranger wrote never raises an error, what comes back is what was written.
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LuaValue } from '../../../src/lua-api/value.ts';
import { jsonLimits, readJson, writeJson } from '../../../src/modules/util/json-value.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';
import { utilModule } from '../../fakes/util-module.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.start({ modules: [utilModule] });
});

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

describe('json_decode', () => {
  it.each([
    ['null', 'nil nil'],
    ['true', 'true nil'],
    [' 12 ', '12 nil'],
    ['1.5e1', '15 nil'],
    ['1e400', 'nil a number that is too large'],
    ['9007199254740991', '9007199254740991 nil'],
    ['12345678901234567890', '1.2345678901235e+19 nil'],
    ['"a\\u0000b"', 'a\0b nil'],
    ['"\\u00fc"', `${latin1('ü')} nil`],
    ['"\\ud83d\\ude00"', `${latin1('😀')} nil`],
    ['"\\ud83d"', `${latin1('\ufffd')} nil`],
    ['', 'nil no JSON'],
    ['{', 'nil no JSON'],
    ['[1,]', 'nil no JSON'],
    ['"\xff"', 'nil no UTF-8'],
    [latin1('\ufeff1'), 'nil no JSON'],
    ['"tab\there"', 'nil no JSON'],
    ['"x" y', 'nil no JSON'],
    ['NaN', 'nil no JSON'],
    ["'x'", 'nil no JSON'],
    ['['.repeat(jsonLimits.depth + 1) + ']'.repeat(jsonLimits.depth + 1), 'nil nested more than 15 deep'],
  ])('%j', async (text, expected) => {
    const [given] = await engine.eval(
      `local value, err = util.json_decode(${luaText(text)}) return tostring(value) .. ' ' .. tostring(err)`,
    );
    expect(String(given).replace(/(no JSON) at character 4000\d\d$/, '$1')).toBe(expected);
  });

  it.each([
    ['brackets', '['.repeat(400_000), 'no JSON'],
    ['values', `[${'1,'.repeat(jsonLimits.values)}1]`, 'more than 100000 values'],
    ['octets', ' '.repeat(jsonLimits.octets + 1), 'more than 1048576 octets'],
  ])('too many %s', (_what, text, fault) => {
    expect(readJson(text, undefined)).toEqual({ kind: 'fault', fault });
  });

  it('gives keys as they are, the last of two, and what null becomes', async () => {
    expect(
      await engine.eval(`
        local found = util.json_decode('{"__proto__":1,"constructor":2,"a":1,"a":[null,{}],"":3,"10":4,"n":null}', false)
        assert(found.__proto__ == 1 and found.constructor == 2 and found[''] == 3 and found['10'] == 4 and found.n == false)
        assert(found.a[1] == false and next(found.a[2]) == nil and #found.a == 2)
        assert(util.json_decode('[1,null,3]')[3] == 3 and util.json_decode('[1,null,3]')[2] == nil)
        local marker = {}
        return util.json_decode('[null]', print)[1] == print`),
    ).toEqual([true]);
  });
});

describe('json_encode', () => {
  it.each([
    ['0 / 0', 'the value is no number of JSON: NaN'],
    ['{ x = { 1 / 0 } }', 'value.x[1] is no number of JSON: Infinity'],
    [
      '{ [1.5] = 1 }',
      'the value has a key that is a number: those of an object are strings, those of an array 1, 2, 3 ...',
    ],
    ['{ 1, 2, a = 3 }', 'the value has other keys beside 1 to 2: neither an array nor an object'],
    ['{ 1, nil, 3 }', 'the value has other keys beside 1 to 1: neither an array nor an object'],
    ['{ [true] = 1 }', 'has a key that is a boolean'],
    ['{ f = print }', 'value.f is a function, which JSON does not have'],
    ['(function() local t = {} t.t = t return t end)()', 'nested more than 16 deep'],
  ])('%s', async (value, message) => {
    const [given] = await engine.eval(`return select(2, pcall(util.json_encode, ${value}))`);
    expect(String(given)).toContain(message);
  });

  it('makes U+FFFD of what is no UTF-8, and the same text of the same value', async () => {
    expect(
      await engine.eval(
        `return util.json_encode { b = "\\255x", a = "\\195\\188", ['c"'] = { {}, 1.0, -0.5, 2^53 } }`,
      ),
    ).toEqual([latin1('{"a":"ü","b":"\ufffdx","c\\"":[{},1,-0.5,9007199254740992]}')]);
  });
});

it('what was written is read again', () => {
  const text = fc.string({ unit: 'binary' }).map((value) => latin1(value));
  const value: fc.Arbitrary<LuaValue> = fc.letrec<{ value: LuaValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.boolean(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
      text,
      fc
        .array(tie('value'), { maxLength: 4 })
        .map((items) => new Map(items.map((item, i) => [i + 1, item] as const))),
      fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((items) => new Map(items)),
    ),
  })).value;
  fc.assert(
    fc.property(value, (given) => {
      const written = writeJson(given, false);
      expect(readJson(written, undefined)).toEqual({ kind: 'value', value: given });
      expect(JSON.parse(Buffer.from(written, 'latin1').toString('utf8'))).toBeDefined();
    }),
    { numRuns: 500 },
  );
});

it('any octets are read without an error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.json(),
        fc.json().map((json) => json.slice(0, -1)),
      ),
      (text) => {
        const read = readJson(Buffer.from(text, 'utf8').toString('latin1'), undefined);
        expect(['value', 'fault']).toContain(read.kind);
      },
    ),
    { numRuns: 1000 },
  );
});

const luaText = (text: string): string =>
  `"${text.replace(/[^ !#-[\]-~]/g, (octet) => `\\${String(octet.charCodeAt(0)).padStart(3, '0')}`)}"`;
