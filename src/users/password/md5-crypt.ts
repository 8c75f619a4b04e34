// The $1$ form of crypt(3), a thousand rounds of MD5 as FreeBSD introduced it. What it gives is known to be weak; databases still have it. A
// generator, which yields now and then so that others have their turn. Pure.
import { createHash } from 'node:crypto';
import { group } from './crypt-base64.ts';

const ROUNDS = 1000;
const MAX_SALT = 8;

const md5 = (...parts: readonly Buffer[]): Buffer => {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The 22 characters behind the salt. Octets of the salt beyond the eighth do not count. */
export function* md5Crypt(password: Buffer, wholeSalt: Buffer): Generator<undefined, string> {
  const salt = wholeSalt.subarray(0, MAX_SALT);
  const inner = md5(password, salt, password);
  const first: Buffer[] = [password, Buffer.from('$1$', 'latin1'), salt];
  for (let left = password.length; left > 0; left -= 16) first.push(inner.subarray(0, Math.min(16, left)));
  // A bit of the length each: a NUL for 1, the first octet of the password for 0. So it was written once, and so it stays.
  for (let bits = password.length; bits > 0; bits >>= 1) {
    first.push((bits & 1) === 1 ? Buffer.alloc(1) : password.subarray(0, 1));
  }
  let digest = md5(...first);
  for (let round = 0; round < ROUNDS; round++) {
    const odd = (round & 1) === 1;
    const parts = [odd ? password : digest];
    if (round % 3 !== 0) parts.push(salt);
    if (round % 7 !== 0) parts.push(password);
    parts.push(odd ? digest : password);
    digest = md5(...parts);
    if (round % 100 === 99) yield;
  }
  return (
    group(digest, 0, 6, 12) +
    group(digest, 1, 7, 13) +
    group(digest, 2, 8, 14) +
    group(digest, 3, 9, 15) +
    group(digest, 4, 10, 5) +
    group(digest, -1, -1, 11, 2)
  );
}
