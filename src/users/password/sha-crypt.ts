// The $5$ and $6$ forms of crypt(3), by the description "Unix crypt using SHA-256 and SHA-512" (U. Drepper, version 0.6; public domain). A
// generator, which yields now and then so that others have their turn. Pure.
import { createHash } from 'node:crypto';
import { group } from './crypt-base64.ts';

const MAX_SALT = 16;
/** Rounds between two yields: well below a millisecond. */
const PIECE = 100;

interface Form {
  readonly algorithm: 'sha256' | 'sha512';
  readonly size: number;
  /** Which octets of the digest make the text, in threes; the last group is shorter. */
  readonly text: (digest: Buffer) => string;
}

/** The groups go round three thirds of the digest; `step` says who comes first in the next one. */
function turned(digest: Buffer, groups: number, step: 1 | 2): string {
  let text = '';
  for (let n = 0; n < groups; n++) {
    const places = [n, n + groups, n + 2 * groups];
    const start = (n * step) % 3;
    const at = (k: number): number => places[(start + k) % 3] ?? 0;
    text += group(digest, at(0), at(1), at(2));
  }
  return text;
}

const forms: Readonly<Record<'5' | '6', Form>> = {
  '5': {
    algorithm: 'sha256',
    size: 32,
    text: (digest) => turned(digest, 10, 2) + group(digest, -1, 31, 30, 3),
  },
  '6': {
    algorithm: 'sha512',
    size: 64,
    text: (digest) => turned(digest, 21, 1) + group(digest, -1, -1, 63, 2),
  },
};

/** `length` octets of `digest` again and again. */
function repeated(digest: Buffer, length: number): Buffer {
  const octets = Buffer.alloc(length);
  for (let at = 0; at < length; at += digest.length) digest.copy(octets, at);
  return octets;
}

/** The characters behind the last `$`. Octets of the salt beyond the sixteenth do not count. `rounds` is taken as it is. */
export function* shaCrypt(
  form: '5' | '6',
  password: Buffer,
  wholeSalt: Buffer,
  rounds: number,
): Generator<undefined, string> {
  const { algorithm, size, text } = forms[form];
  const sha = (parts: readonly Buffer[]): Buffer => {
    const hash = createHash(algorithm);
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const salt = wholeSalt.subarray(0, MAX_SALT);
  const second = sha([password, salt, password]);
  const first: Buffer[] = [password, salt, repeated(second, password.length)];
  for (let bits = password.length; bits > 0; bits >>= 1) first.push((bits & 1) === 1 ? second : password);
  let digest = sha(first);
  const ofPassword = createHash(algorithm);
  for (let n = 0; n < password.length; n++) ofPassword.update(password);
  const ofSalt = createHash(algorithm);
  for (let n = 0; n < 16 + (digest[0] ?? 0); n++) ofSalt.update(salt);
  const p = repeated(ofPassword.digest(), password.length);
  const s = repeated(ofSalt.digest(), salt.length);
  for (let round = 0; round < rounds; round++) {
    const odd = (round & 1) === 1;
    const parts = [odd ? p : digest];
    if (round % 3 !== 0) parts.push(s);
    if (round % 7 !== 0) parts.push(p);
    parts.push(odd ? digest : p);
    digest = sha(parts);
    if (round % PIECE === PIECE - 1) yield;
  }
  return text(digest.subarray(0, size));
}
