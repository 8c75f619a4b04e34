// What json/text.lua of lib-lua/compat writes simple values with.
import { luaFunction } from '../../lua-api/function-spec.ts';
import { anything, flag, integer } from '../../lua-api/params.ts';
import { jsonText } from './json-text.ts';

export const jsonFunction = luaFunction({
  name: 'json_text',
  params: [
    anything('value', 'any', 'A boolean, a number, a string or a table of such.'),
    integer('precision', 'Digits of a number that is not whole, 1 to 16.'),
    flag('escapes_slash', 'Whether `/` is written as `\\/`.'),
    flag('empty_is_object', 'Whether a table without anything is `{}`.'),
  ],
  text: 'JSON, or nil when Lua has to write it.',
  call: (_context, value, precision, escapesSlash, emptyIsObject) => [
    jsonText(value, { precision, escapesSlash, empty: emptyIsObject ? '{}' : '[]' }),
  ],
});
