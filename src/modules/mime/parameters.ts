// Lua module mime: a structured header value taken apart, by the reader that the MIME parser has (message/mime/parameters.ts).
import { type FunctionSpec, luaFunction } from '../../lua-api/function-spec.ts';
import { bytes } from '../../lua-api/params.ts';
import { valueAndParameters } from '../../message/mime/parameter-text.ts';

const octets = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

export const parametersFunction: FunctionSpec = luaFunction({
  name: 'parameters',
  params: [
    bytes(
      'header_value',
      'What stands behind the colon of Content-Type, Content-Disposition and the like, folded or not.',
    ),
  ],
  results: [
    { name: 'value', type: 'string', text: 'what stands before the first semicolon, lower case' },
    {
      name: 'params',
      type: 'table<string, string>',
      text: 'the parameters by their names in lower case; text in UTF-8',
    },
  ],
  text: `Takes a structured header value apart: comments out, quotes undone, the pieces of RFC 2231 joined and their charset decoded, encoded words decoded as
mail programs do. Of several parameters of a name the last one counts, of a name in both forms that of RFC 2231. Lenient: missing semicolons and
closing quotes are no error. Only the first 200 parameters are read, and 65,536 octets of the value. For the names of files
\`mime.parts[i].filenames\` is better: it has every reading. RFC 2045 5.1, RFC 2231, RFC 2183.`,
  examples: [
    `local value, params = mime.parameters('Text/HTML (odd); charset="utf-8"; name*0=a; name*1=".txt"')
assert(value == 'text/html' and params.charset == 'utf-8' and params.name == 'a.txt')`,
    `local value, params = mime.parameters("attachment; filename*=iso-8859-1'de'%E4.txt")
assert(value == 'attachment' and params.filename == '\\u{e4}.txt')`,
  ],
  call(_context, text) {
    const { value, parameters } = valueAndParameters(text);
    const table = new Map<string, string>();
    for (const [name, found] of parameters) table.set(octets(name), octets(found));
    return [octets(value), table];
  },
});
