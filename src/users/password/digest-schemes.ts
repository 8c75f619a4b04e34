// Schemes that are one digest of the password, with or without a salt behind it (RFC 2307 names SHA, SSHA and MD5; the others follow them).
// They are quick, for whoever checks and for whoever guesses. Pure.
import { createHash } from 'node:crypto';
import { sameOctets } from './same.ts';
import { decodeData, type Encoding, type StoredPassword } from './stored-password.ts';

interface DigestScheme {
  readonly algorithm: 'md5' | 'sha1' | 'sha256' | 'sha512';
  /** Of the digest, octets. */
  readonly size: number;
  /** Octets behind the digest are a salt that was hashed behind the password. */
  readonly salted: boolean;
  readonly encoding: Encoding;
}

const md5 = { algorithm: 'md5', size: 16 } as const;
const sha1 = { algorithm: 'sha1', size: 20 } as const;
const sha256 = { algorithm: 'sha256', size: 32 } as const;
const sha512 = { algorithm: 'sha512', size: 64 } as const;
const plain = { salted: false, encoding: 'base64' } as const;
const salted = { salted: true, encoding: 'base64' } as const;

const schemes: ReadonlyMap<string, DigestScheme> = new Map<string, DigestScheme>([
  ['PLAIN-MD5', { ...md5, salted: false, encoding: 'hex' }],
  ['LDAP-MD5', { ...md5, ...plain }],
  ['SMD5', { ...md5, ...salted }],
  ['SHA', { ...sha1, ...plain }],
  ['SHA1', { ...sha1, ...plain }],
  ['SSHA', { ...sha1, ...salted }],
  ['SHA256', { ...sha256, ...plain }],
  ['SSHA256', { ...sha256, ...salted }],
  ['SHA512', { ...sha512, ...plain }],
  ['SSHA512', { ...sha512, ...salted }],
]);

export const digestSchemes: readonly string[] = [...schemes.keys()];

export type DigestVerdict =
  | { readonly kind: 'match' }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'invalid'; readonly cause: string };

/** Of data that does not say it: whatever the scheme has, where its length fits neither form of the digest. */
function encodingOf({ encoding, salted: isSalted, size }: DigestScheme, length: number): Encoding {
  if (isSalted) return encoding;
  if (length === size * 2) return 'hex';
  return length === Math.ceil(size / 3) * 4 ? 'base64' : encoding;
}

/** Compares `password` with a stored digest; undefined when the scheme is none of these. Without `.HEX` or `.B64` the length of the data tells. */
export function checkDigest(stored: StoredPassword, password: Buffer): DigestVerdict | undefined {
  const scheme = schemes.get(stored.scheme);
  if (scheme === undefined) return undefined;
  const { algorithm, size } = scheme;
  const decoded = decodeData(stored.data, stored.encoding ?? encodingOf(scheme, stored.data.length));
  if (decoded.kind === 'invalid') return decoded;
  const { octets } = decoded;
  if (octets.length < size || (!scheme.salted && octets.length > size)) {
    const wanted = scheme.salted ? `${size} or more` : String(size);
    return { kind: 'invalid', cause: `it has ${octets.length} octets, and not ${wanted}` };
  }
  const digest = createHash(algorithm).update(password).update(octets.subarray(size)).digest();
  return { kind: sameOctets(digest, octets.subarray(0, size)) ? 'match' : 'mismatch' };
}
