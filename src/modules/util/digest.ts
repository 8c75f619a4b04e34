// util: digests and keyed digests (FIPS 180-4, RFC 2104), by node:crypto. A long text is read in pieces, with a turn of the event loop between them.
import { createHash, createHmac } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type FunctionSpec,
  type LuaResults,
  luaFunction,
  type Param,
  type Suspension,
} from '../../lua-api/function-spec.ts';
import { bytes, optionalFlag } from '../../lua-api/params.ts';

/** What a digest is fed with. */
interface Digest {
  update(octets: Buffer): unknown;
  digest(): Buffer;
}

const pieceOctets = 1_048_576;

/** Feeds a digest with a text; waits for a long one. */
export function digestOf(digest: Digest, text: string, raw: boolean, name: string): LuaResults | Suspension {
  const done = (): LuaResults => {
    const octets = digest.digest();
    return [raw ? octets : octets.toString('hex')];
  };
  if (text.length <= pieceOctets) {
    digest.update(Buffer.from(text, 'latin1'));
    return done();
  }
  let given = false;
  const inPieces = async (): Promise<LuaResults> => {
    for (let at = 0; at < text.length && !given; at += pieceOctets) {
      digest.update(Buffer.from(text.slice(at, at + pieceOctets), 'latin1'));
      await nextTurn();
    }
    return done();
  };
  return {
    kind: 'suspension',
    describe: () => `${name} (${text.length} octets)`,
    done: inPieces(),
    cancel: () => {
      given = true;
    },
  };
}

const rawFlag = optionalFlag(
  'raw',
  'True: the octets of the digest. False: hexadecimal digits, lower case.',
  false,
);
const result = [{ name: 'digest', type: 'string', text: 'hexadecimal digits, or octets' }];
const waits = 'Suspends for a string of more than 1 MiB.';

const plain = (name: 'sha1' | 'sha256', what: string, example: string): FunctionSpec =>
  luaFunction({
    name,
    params: [bytes('octets', 'Any octets.'), rawFlag],
    results: result,
    suspends: true,
    text: `${what} of a string. ${waits}`,
    examples: [example],
    call: (_context, text, raw) => digestOf(createHash(name), text, raw, `util.${name}`),
  });

const algorithms = ['md5', 'sha1', 'sha256', 'sha512'] as const;

const algorithm: Param<(typeof algorithms)[number]> = {
  name: 'algorithm',
  crossing: 'text',
  type: 'string',
  fallback: undefined,
  text: '`md5`, `sha1`, `sha256` or `sha512`.',
  read(value) {
    const found = algorithms.find((name) => name === value);
    return found === undefined ? { ok: false, expected: algorithms.join(', ') } : { ok: true, value: found };
  },
};

export const digestFunctions: readonly FunctionSpec[] = [
  plain(
    'sha1',
    'The SHA-1 digest (20 octets; good for names of things, not against who wants two texts with the same one)',
    "assert(util.sha1('abc') == 'a9993e364706816aba3e25717850c26c9cd0d89d')\nassert(#util.sha1('abc', true) == 20)",
  ),
  plain(
    'sha256',
    'The SHA-256 digest (32 octets)',
    "assert(util.sha256('') == 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')",
  ),
  luaFunction({
    name: 'hmac',
    params: [algorithm, bytes('key', 'Any octets.'), bytes('octets', 'Any octets.'), rawFlag],
    results: result,
    suspends: true,
    text: `The keyed digest (HMAC, RFC 2104) of a string: only who has the key can make it, or tell that it is right. ${waits}`,
    examples: [
      "assert(util.hmac('md5', 'Jefe', 'what do ya want for nothing?') == '750c783e6ab0b503eaa86e310a5db738')",
      "-- A sender address that only we can have made (as BATV has it).\nlocal function signed(user)\n  return util.hmac('sha256', 'a long secret', user):sub(1, 10) .. '=' .. user\nend\nassert(signed('bob') == signed('bob') and signed('bob') ~= signed('eve'))",
    ],
    call: (_context, name, key, text, raw) =>
      digestOf(createHmac(name, Buffer.from(key, 'latin1')), text, raw, 'util.hmac'),
  }),
];
