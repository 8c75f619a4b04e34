// Private keys to sign with, out of PEM text: RSA of 1024 bits and more (RFC 8301 3.2), ed25519 (RFC 8463). Signing with RSA is done in the
// thread pool: with 4096 bits it takes 5 ms. Reading files is the caller's. Pure but for the thread pool.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { type Algorithm, algorithmOf } from './algorithm.ts';
import { maxRsaBits } from './public-key.ts';

export interface SigningKey {
  readonly key: KeyObject;
  readonly algorithm: Algorithm;
  /** 256 for ed25519. */
  readonly bits: number;
}

export type ReadSigningKey =
  | { readonly kind: 'key'; readonly key: SigningKey }
  /** `cause` holds nothing of the key. */
  | { readonly kind: 'unusable'; readonly cause: string };

const minSigningBits = 1024;
/** A longer text is no key. */
const maxPemOctets = 65_536;

/** `pem`: PKCS #1 or PKCS #8, without a pass phrase. */
export function readSigningKey(pem: string | Buffer): ReadSigningKey {
  if (pem.length > maxPemOctets) return { kind: 'unusable', cause: 'is no private key in PEM' };
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: 'pem' });
  } catch {
    return { kind: 'unusable', cause: 'is no private key in PEM, or has a pass phrase' };
  }
  const algorithm = algorithmOf(`${key.asymmetricKeyType}-sha256`);
  if (algorithm === undefined)
    return { kind: 'unusable', cause: `is of type ${key.asymmetricKeyType}: only rsa and ed25519 sign mail` };
  if (algorithm.key === 'ed25519') return { kind: 'key', key: { key, algorithm, bits: 256 } };
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < minSigningBits)
    return { kind: 'unusable', cause: `has ${bits} bits: fewer than ${minSigningBits} are worth nothing` };
  if (bits > maxRsaBits)
    return {
      kind: 'unusable',
      cause: `has ${bits} bits: more than ${maxRsaBits} are not verified everywhere`,
    };
  return { kind: 'key', key: { key, algorithm, bits } };
}

/** The TXT record that has to be published for a key. */
export function publishedKey({ key, algorithm }: SigningKey): string {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const octets = algorithm.key === 'ed25519' ? spki.subarray(-32) : spki;
  return `v=DKIM1; k=${algorithm.key}; p=${octets.toString('base64')}`;
}

/** The signature of these octets, in base64. Rejects when OpenSSL refuses. */
export function signOctets({ key, algorithm }: SigningKey, octets: Buffer): Promise<string> {
  if (algorithm.key === 'ed25519') {
    // It signs the SHA-256 of the input (RFC 8463 3).
    const digest = createHash(algorithm.hash).update(octets).digest();
    return Promise.resolve(sign(null, digest, key).toString('base64'));
  }
  return new Promise((resolve, reject) => {
    sign(algorithm.hash, octets, key, (error, signature) =>
      error === null ? resolve(signature.toString('base64')) : reject(error),
    );
  });
}
