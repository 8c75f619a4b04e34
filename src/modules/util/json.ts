// util: JSON (RFC 8259).
import { type FunctionSpec, luaFunction, type Param } from '../../lua-api/function-spec.ts';
import { bytes, optionalFlag } from '../../lua-api/params.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { jsonLimits, readJson, writeJson } from './json-value.ts';

const anything = (name: string, text: string, fallback?: string): Param<LuaValue> => ({
  name,
  type: 'any',
  fallback,
  text,
  read: (value) => ({ ok: true, value }),
});

export const jsonFunctions: readonly FunctionSpec[] = [
  luaFunction({
    name: 'json_encode',
    params: [
      anything('value', 'nil, a boolean, a number, a string, or a table of such, at most 15 deep.'),
      optionalFlag('empty_is_array', 'True: an empty table is `[]`. False: `{}`.', false),
    ],
    results: [
      {
        name: 'text',
        type: 'string',
        text: 'JSON without white space, in UTF-8; the same value gives the same text',
      },
    ],
    text:
      'Writes a value as JSON. A table with the keys 1 to n is an array, one with strings as keys an object, in the order of the keys; any other ' +
      'mix raises an error, as does what JSON does not have (a function, NaN, infinity), with the place where it stands. In strings, octets ' +
      'that are no UTF-8 become U+FFFD. Does not suspend.',
    examples: [
      `assert(util.json_encode { to = { "a@example.com", "b@example.net" }, size = 12, spam = false } == '{"size":12,"spam":false,"to":["a@example.com","b@example.net"]}')
assert(util.json_encode(nil) == "null" and util.json_encode("line\\n") == '"line\\\\n"')
assert(util.json_encode({}) == "{}" and util.json_encode({}, true) == "[]")
local ok, message = pcall(util.json_encode, { a = { print } })
assert(not ok and message:find("value.a[1] is a function", 1, true))`,
    ],
    call: (_context, value, emptyIsArray) => [writeJson(value, emptyIsArray)],
  }),
  luaFunction({
    name: 'json_decode',
    params: [bytes('text', 'JSON in UTF-8.'), anything('null', 'What `null` becomes.', 'nil')],
    results: [
      { name: 'value', type: 'any', text: 'nil when it is no JSON' },
      { name: 'error', type: 'string?', text: 'why it is none; nil when it is' },
    ],
    text:
      `Reads JSON: at most ${jsonLimits.octets} octets, ${jsonLimits.values} values, ${jsonLimits.depth} tables deep; whatever is in the text, no error is raised. ` +
      'Arrays become tables with the keys 1 to n, objects tables with strings as keys (of a key that is there twice the last counts); a ' +
      '`null` in them is a hole, or what the second argument says. Numbers without a fraction are integers up to 2^53. Does not suspend.',
    examples: [
      `local found = util.json_decode('{"symbols":{"A":{"score":1.5}},"list":[1,null,3]}', false)
assert(found.symbols.A.score == 1.5 and found.list[2] == false and #found.list == 3)
local value, err = util.json_decode("{'a': 1}")
assert(value == nil and err == "no JSON")`,
    ],
    call: (_context, text, none) => {
      const read = readJson(text, none);
      return read.kind === 'value' ? [read.value] : [undefined, read.fault];
    },
  }),
];
