// The three functions that Rumble's scripts find in `string`, and at strings as methods: behind lib-lua/rumble/strings.lua. Pure.
import { createHash } from 'node:crypto';
import { type FunctionSpec, luaFunction } from '../../lua-api/function-spec.ts';
import { bytes } from '../../lua-api/params.ts';

const LINE = 72;
const BLANK = /[ \t\r\n\v\f]+/g;
const OTHERS = /[^A-Za-z0-9+/]/;

/** Standard alphabet, lines of 72 characters with a line end between them. */
export function encode64(octets: string): string {
  const text = Buffer.from(octets, 'latin1').toString('base64');
  return text.length <= LINE ? text : (text.match(/.{1,72}/g)?.join('\n') ?? '');
}

/** What stands in front of the first character that is none of the alphabet; octets that are not complete are left out. */
export function decode64(text: string): Buffer {
  const bare = text.replace(BLANK, '');
  const end = bare.search(OTHERS);
  return Buffer.from(end < 0 ? bare : bare.slice(0, end), 'base64');
}

const octets = bytes('s', 'Any octets.');

/** By their names in `string`, behind `rumble_`. */
export const stringFunctions: readonly FunctionSpec[] = [
  luaFunction({
    name: 'rumble_SHA256',
    shown: 'string.SHA256',
    params: [octets],
    text: 'Hexadecimal digits.',
    call: (_context, text) => [createHash('sha256').update(Buffer.from(text, 'latin1')).digest('hex')],
  }),
  luaFunction({
    name: 'rumble_encode64',
    shown: 'string.encode64',
    params: [octets],
    text: 'Base64.',
    call: (_context, text) => [encode64(text)],
  }),
  luaFunction({
    name: 'rumble_decode64',
    shown: 'string.decode64',
    params: [octets],
    text: 'Octets.',
    call: (_context, text) => [decode64(text)],
  }),
];
