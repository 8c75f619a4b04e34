// What md5, sha1 and sha2 of lib-lua/compat are made of: digests by name, more than util has.
import { createHash, createHmac } from 'node:crypto';
import { type FunctionSpec, luaFunction, type Param } from '../../lua-api/function-spec.ts';
import { bytes, flag } from '../../lua-api/params.ts';
import { digestOf } from '../util/digest.ts';

const names = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const;

const algorithm: Param<(typeof names)[number]> = {
  name: 'name',
  crossing: 'text',
  type: 'string',
  fallback: undefined,
  text: `One of ${names.join(', ')}.`,
  read(value) {
    const found = names.find((name) => name === value);
    return found === undefined ? { ok: false, expected: names.join(', ') } : { ok: true, value: found };
  },
};

const raw = flag('raw', 'Octets, not hexadecimal digits.');

export const digestFunctions: readonly FunctionSpec[] = [
  luaFunction({
    name: 'digest',
    params: [algorithm, bytes('octets', 'Any.'), raw],
    suspends: true,
    text: 'The digest of a string.',
    call: (_context, name, octets, isRaw) => digestOf(createHash(name), octets, isRaw, name),
  }),
  luaFunction({
    name: 'hmac',
    params: [algorithm, bytes('key', 'Any.'), bytes('octets', 'Any.')],
    suspends: true,
    text: 'The keyed digest of a string, hexadecimal digits.',
    call: (_context, name, key, octets) =>
      digestOf(createHmac(name, Buffer.from(key, 'latin1')), octets, false, `hmac ${name}`),
  }),
];
