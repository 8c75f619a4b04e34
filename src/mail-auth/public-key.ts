// Public keys out of p= of a key record: RSA as SubjectPublicKeyInfo, or as the bare RSAPublicKey that RFC 6376 3.6.1 speaks of; ed25519 as its
// 32 octets (RFC 8463 4). What a key can make us compute is bounded here: neither the modulus nor the exponent is of any size. Pure.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../text/base64.ts';

export type PublicKey =
  | { readonly kind: 'rsa'; readonly key: KeyObject; readonly bits: number }
  | { readonly kind: 'ed25519'; readonly key: KeyObject; readonly bits: 256 }
  /** Would cost too much. */
  | { readonly kind: 'too-big'; readonly bits: number | undefined }
  | { readonly kind: 'invalid' };

const invalid: PublicKey = { kind: 'invalid' };

export const maxRsaBits = 8192;
/** With an exponent of 64 bits a verification costs four times what it does with the usual one. */
const maxExponent = 1n << 64n;
/** A SubjectPublicKeyInfo of 8192 bits with the longest exponent above takes some 1,100. */
const maxOctets = 1200;

const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');
const rsaEncryption = Buffer.from('06092a864886f70d010101', 'hex');

/** `type` as in k= of the record: `rsa` or `ed25519`. */
export function readPublicKey(type: 'rsa' | 'ed25519', material: string): PublicKey {
  const octets = decodeBase64(material);
  if (octets === undefined) return invalid;
  return type === 'rsa' ? readRsa(octets) : readEd25519(octets);
}

function readRsa(octets: Buffer): PublicKey {
  if (octets.length > maxOctets) return { kind: 'too-big', bits: undefined };
  const key = octets.subarray(0, 32).includes(rsaEncryption) ? parse(octets, 'spki') : parse(octets, 'pkcs1');
  const bits = key?.asymmetricKeyDetails?.modulusLength;
  const exponent = key?.asymmetricKeyDetails?.publicExponent;
  if (key?.asymmetricKeyType !== 'rsa' || bits === undefined || exponent === undefined) return invalid;
  return bits > maxRsaBits || exponent > maxExponent ? { kind: 'too-big', bits } : { kind: 'rsa', key, bits };
}

function readEd25519(octets: Buffer): PublicKey {
  if (octets.length !== 32) return invalid;
  const key = parse(Buffer.concat([ed25519Prefix, octets]), 'spki');
  return key === undefined ? invalid : { kind: 'ed25519', key, bits: 256 };
}

function parse(key: Buffer, type: 'spki' | 'pkcs1'): KeyObject | undefined {
  try {
    return createPublicKey({ key, format: 'der', type });
  } catch {
    return undefined;
  }
}

/** Keys parsed before, by what they were parsed from: parsing costs three times what a verification does. Shared by all messages. */
export class KeyCache {
  readonly #keys = new Map<string, PublicKey>();
  readonly #size: number;

  /** `size`: keys that are kept; each costs a few kilobytes. */
  constructor(size = 1000) {
    this.#size = size;
  }

  get(type: 'rsa' | 'ed25519', material: string): PublicKey {
    // Longer than any key that is used.
    if (material.length > 2 * maxOctets) return readPublicKey(type, material);
    const name = `${type} ${material}`;
    const known = this.#keys.get(name);
    if (known !== undefined) {
      this.#keys.delete(name);
      this.#keys.set(name, known);
      return known;
    }
    const key = readPublicKey(type, material);
    if (this.#keys.size >= this.#size) {
      const oldest = this.#keys.keys().next();
      if (oldest.done !== true) this.#keys.delete(oldest.value);
    }
    this.#keys.set(name, key);
    return key;
  }
}
