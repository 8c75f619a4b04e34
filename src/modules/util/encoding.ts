// util: base64 (RFC 4648 4) and random octets.
import type { RandomInteger } from '../../base/clock.ts';
import { type FunctionSpec, luaFunction, type Param } from '../../lua-api/function-spec.ts';
import { bytes } from '../../lua-api/params.ts';
import { decodeBase64 } from '../../text/base64.ts';

/** Of one call. */
const mostRandom = 65_536;
/** Of one integer: the largest power of 256 that a RandomInteger may be asked for. */
const octetsAtOnce = 5;

const lineLength: Param<number | undefined> = {
  name: 'line_length',
  crossing: 'scalar',
  type: 'integer',
  fallback: 'nil',
  text: 'Characters of a line, a multiple of 4 from 4 to 996; lines end with CRLF, the last one too.',
  read(value) {
    if (value === undefined || value === null) return { ok: true, value: undefined };
    return typeof value === 'number' && value >= 4 && value <= 996 && value % 4 === 0
      ? { ok: true, value }
      : { ok: false, expected: 'multiple of 4 from 4 to 996' };
  },
};

const randomCount: Param<number> = {
  name: 'count',
  crossing: 'scalar',
  type: 'integer',
  fallback: undefined,
  text: `0 to ${mostRandom}.`,
  read: (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= mostRandom
      ? { ok: true, value }
      : { ok: false, expected: `integer from 0 to ${mostRandom}` },
};

const encode = luaFunction({
  name: 'base64_encode',
  params: [bytes('octets', 'Any octets.'), lineLength],
  results: [{ name: 'text', type: 'string', text: 'base64 with padding; empty for no octets' }],
  text: 'Base64, in one line or in lines as mail wants them (76). Does not suspend.',
  examples: [
    "assert(util.base64_encode('hello\\0') == 'aGVsbG8A')\nassert(util.base64_encode('') == '')\nassert(util.base64_encode('123456', 4) == 'MTIz\\r\\nNDU2\\r\\n')",
  ],
  call: (_context, octets, length) => {
    const text = Buffer.from(octets, 'latin1').toString('base64');
    if (length === undefined) return [text];
    const lines: string[] = [];
    for (let at = 0; at < text.length; at += length) lines.push(text.slice(at, at + length), '\r\n');
    return [lines.join('')];
  },
});

const decode = luaFunction({
  name: 'base64_decode',
  params: [bytes('text', 'Base64; white space in it does not count, padding may be missing.')],
  results: [{ name: 'octets', type: 'string?', text: 'nil when it is no base64' }],
  text:
    'Reads base64. A character that is none of it, a letter too many or wrong padding makes it none: half of a text is not given. (The ' +
    'parts of a message are decoded more leniently, as mail programs do it.) Does not suspend.',
  examples: [
    "assert(util.base64_decode('aGVsbG8A') == 'hello\\0')\nassert(util.base64_decode(' aGVs\\r\\nbG8 ') == 'hello')\nassert(util.base64_decode('aGVsbG8$') == nil and util.base64_decode('a') == nil)\nassert(util.base64_decode('') == '')",
  ],
  call: (_context, text) => [/^[ \t\r\n]*$/.test(text) ? '' : decodeBase64(text)],
});

export const encodingFunctions = (random: RandomInteger): readonly FunctionSpec[] => [
  encode,
  decode,
  luaFunction({
    name: 'random_bytes',
    params: [randomCount],
    results: [{ name: 'octets', type: 'string', text: 'as many octets' }],
    text: 'Octets that nobody can foretell, good for keys and tokens (`math.random` is not). Does not suspend.',
    examples: [
      'assert(#util.random_bytes(16) == 16)\nassert(util.random_bytes(16) ~= util.random_bytes(16))\nassert(not pcall(util.random_bytes, -1))',
    ],
    call: (_context, count) => {
      const octets = Buffer.alloc(count);
      for (let at = 0; at < count; at += octetsAtOnce) {
        const length = Math.min(octetsAtOnce, count - at);
        octets.writeUIntBE(random(256 ** length), at, length);
      }
      return [octets];
    },
  }),
];
