// Lua module md5: MD5 digests and the ixHash body hashes. The filters are in text/ixhash.ts.
import { createHash, type Hash } from 'node:crypto';
import { type ClassSpec, luaMethod } from '../lua-api/class-spec.ts';
import { type FunctionSpec, luaFunction } from '../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../lua-api/module-spec.ts';
import { optionalBytes } from '../lua-api/params.ts';
import { LuaObject } from '../lua-api/value.ts';
import {
  filterIxhash1,
  filterIxhash2,
  filterIxhash3,
  usesIxhash1,
  usesIxhash2,
  usesIxhash3,
} from '../text/ixhash.ts';

/** The value of an md5 object. */
class Md5 {
  readonly hash: Hash = createHash('md5');
}

const piece = optionalBytes('string', 'any octets; nil adds nothing', '');

const method = luaMethod<Md5>();

const append = method({
  name: 'append',
  params: [piece],
  text: 'Adds the octets to what is hashed. Does not suspend.',
  examples: [
    `local sum = md5.new()
sum:append("a")
sum:append("bc")
assert(sum:done() == "900150983cd24fb0d6963f7d28e17f72")`,
  ],
  call: (_, md5, text) => {
    md5.hash.update(text, 'latin1');
    return [];
  },
});

const done = method({
  name: 'done',
  params: [],
  results: [{ name: 'digest', type: 'string', text: '32 lower-case hexadecimal digits' }],
  text:
    'The MD5 of everything added so far. The object can be used on: a second `done` gives the same digest, or that of more text when ' +
    'more was added. Does not suspend.',
  examples: [
    `local sum = md5.new()
assert(sum:done() == "d41d8cd98f00b204e9800998ecf8427e")
assert(sum:done() == sum:done())`,
  ],
  call: (_, md5) => [md5.hash.copy().digest('hex')],
});

function ixhash(
  number: 1 | 2 | 3,
  filter: (text: string) => Buffer,
  keeps: string,
  example: string,
): FunctionSpec {
  return method({
    name: `ixhash${number}`,
    params: [piece],
    text:
      `Adds what the filter of ixHash number ${number} leaves of the string: ${keeps} Runs are squeezed within one call only, so the same ` +
      'text gives the same hash only when it is given in the same pieces. Does not suspend.',
    examples: [example],
    call: (_, md5, text) => {
      md5.hash.update(filter(text));
      return [];
    },
  });
}

function useIxhash(
  number: 1 | 2 | 3,
  applies: (text: string) => boolean,
  when: string,
  example: string,
): FunctionSpec {
  return method({
    name: `use_ixhash${number}`,
    params: [piece],
    results: [{ name: 'applies', type: 'boolean', text: 'true when the hash is worth taking' }],
    text:
      `Is ixHash number ${number} meant for this text? True when it has ${when} Looks at the string only, not at what was added. ` +
      'Does not suspend.',
    examples: [example],
    call: (_, __, text) => [applies(text)],
  });
}

const md5Class: ClassSpec = {
  name: 'md5_obj',
  text: 'A digest in the making. An ixHash is taken of a message body without its headers: the first of 1, 2 and 3 that applies, or none.',
  methods: [
    append,
    done,
    useIxhash(
      1,
      usesIxhash1,
      'at least 2 line feeds (a last line without one does not count) and at least 20 blanks and tabs.',
      `local body = ("some words in a line\\n"):rep(10)
assert(md5.new():use_ixhash1(body))
assert(not md5.new():use_ixhash1("one line\\n"))`,
    ),
    useIxhash(
      2,
      usesIxhash2,
      "at least 3 of these, counted together: any of the characters `< > ( ) | @ * ' ! ? ,`, and the pair `:/`.",
      `assert(md5.new():use_ixhash2("<b>Hello!</b>"))
assert(not md5.new():use_ixhash2("Hello"))`,
    ),
    useIxhash(
      3,
      usesIxhash3,
      'at least 8 octets.',
      `assert(md5.new():use_ixhash3("12345678"))
assert(not md5.new():use_ixhash3("1234567"))`,
    ),
    ixhash(
      1,
      filterIxhash1,
      'white space (the same character in a row once, CR LF as LF) with control and 8-bit octets.',
      `local sum = md5.new()
sum:ixhash1("buy  now\\r\\n")
local plain = md5.new()
plain:append(" \\n")
assert(sum:done() == plain:done())`,
    ),
    ixhash(
      2,
      filterIxhash2,
      'blanks, 8-bit octets, and punctuation but for `% & # ; =`; the same character in a row once, `_` as `.` (as the published method has ' +
        'it, so that digests can be looked up in public lists).',
      `local sum = md5.new()
sum:ixhash2("Free!!! <b>a_b</b>")
local plain = md5.new()
plain:append("! <>.</>")
assert(sum:done() == plain:done())`,
    ),
    ixhash(
      3,
      filterIxhash3,
      'everything but white space, control characters and `=`, the same graphic character in a row once.',
      `local sum = md5.new()
sum:ixhash3("Hello == World")
local plain = md5.new()
plain:append("HeloWorld")
assert(sum:done() == plain:done())`,
    ),
  ],
};

const create = luaFunction({
  name: 'new',
  params: [],
  results: [{ name: 'md5_obj', type: 'md5_obj', text: 'an empty digest' }],
  text: 'A new digest, to which octets are added with its methods. Does not suspend.',
  examples: [
    `local sum = md5.new()
sum:append("abc")
assert(sum:done() == "900150983cd24fb0d6963f7d28e17f72")`,
  ],
  call: () => [new LuaObject(md5Class, new Md5())],
});

export const md5Module: ModuleSpec = luaModule({
  name: 'md5',
  text:
    'MD5 (RFC 1321) of any octets, taken piece by piece, and the three ixHash fuzzy hashes of message bodies. MD5 recognises text that was ' +
    'seen before; it proves nothing about who wrote it.',
  functions: [create],
  classes: [md5Class],
});
