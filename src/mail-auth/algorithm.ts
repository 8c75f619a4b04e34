// The algorithms of a= (RFC 6376 3.3, 8301, 8463), and whether a signature over a digest is right. Pure.
import { constants, type KeyObject, publicDecrypt, verify } from 'node:crypto';
import type { HashName } from './body-hash.ts';
import type { PublicKey } from './public-key.ts';

export type AlgorithmName = 'rsa-sha256' | 'rsa-sha1' | 'ed25519-sha256';

export interface Algorithm {
  readonly name: AlgorithmName;
  /** As k= of a key record names it. */
  readonly key: 'rsa' | 'ed25519';
  readonly hash: HashName;
}

const algorithms: readonly Algorithm[] = [
  { name: 'rsa-sha256', key: 'rsa', hash: 'sha256' },
  { name: 'ed25519-sha256', key: 'ed25519', hash: 'sha256' },
  { name: 'rsa-sha1', key: 'rsa', hash: 'sha1' },
];

export function algorithmOf(name: string): Algorithm | undefined {
  return algorithms.find((algorithm) => algorithm.name === name);
}

/** What stands before the digest in a signature of PKCS #1 v1.5 (RFC 8017 9.2, note 1). */
const digestInfo: Readonly<Record<HashName, Buffer>> = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha1: Buffer.from('3021300906052b0e03021a05000414', 'hex'),
};

/** Whether `signature` is that of this digest. The digest is given, not what it is of: seals of a chain share the beginning of theirs. */
export function isSigned(
  key: PublicKey & { kind: 'rsa' | 'ed25519' },
  hash: HashName,
  digest: Buffer,
  signature: Buffer,
): boolean {
  switch (key.kind) {
    case 'rsa':
      return isRsaSigned(key.key, key.bits, hash, digest, signature);
    case 'ed25519':
      return signature.length === 64 && verify(null, digest, key.key, signature);
  }
}

function isRsaSigned(
  key: KeyObject,
  bits: number,
  hash: HashName,
  digest: Buffer,
  signature: Buffer,
): boolean {
  if (signature.length !== Math.ceil(bits / 8)) return false;
  try {
    // The padding is checked by OpenSSL; what is left has to be exactly this, so that nothing can hide behind the digest.
    const signed = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
    return signed.equals(Buffer.concat([digestInfo[hash], digest]));
  } catch {
    return false;
  }
}
