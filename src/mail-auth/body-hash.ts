// The digests of a body that the signatures of a message ask for, while the body comes in in chunks of any size: one for each canonicalisation,
// algorithm and length, however many signatures share it. Holds no octet of the body. Pure.
import { createHash, type Hash } from 'node:crypto';
import { CanonicalBody, type CanonicalSink } from './canonical-body.ts';
import type { Canonicalization } from './canonical-header.ts';

export type HashName = 'sha256' | 'sha1';

export interface BodyHashKey {
  readonly canonicalization: Canonicalization;
  readonly hash: HashName;
  /** l=: octets of the canonical body that are signed; undefined for all. */
  readonly length: number | undefined;
}

export interface BodyDigest {
  readonly digest: Buffer;
  /** Octets of the canonical body behind `length`; 0 without it. */
  readonly unsignedBytes: number;
  /** False when the body is shorter than `length`. */
  readonly isWhole: boolean;
}

/** A digest being made, and what it was at the mark. */
class Tap {
  readonly key: BodyHashKey;
  #hash: Hash;
  #left: number;
  #marked: Hash | undefined;
  #leftAtMark = 0;

  constructor(key: BodyHashKey) {
    this.key = key;
    this.#hash = createHash(key.hash);
    this.#left = key.length ?? Number.POSITIVE_INFINITY;
  }

  put(octets: Buffer, start: number, end: number): void {
    const length = Math.min(end - start, this.#left);
    if (length === 0) return;
    this.#left -= length;
    this.#hash.update(octets.subarray(start, start + length));
  }

  mark(): void {
    this.#marked = this.#hash.copy();
    this.#leftAtMark = this.#left;
  }

  back(): void {
    if (this.#marked !== undefined) this.#hash = this.#marked;
    this.#left = this.#leftAtMark;
  }

  keep(): void {
    this.#marked = undefined;
  }

  end(bodyLength: number): BodyDigest {
    const { length } = this.key;
    return {
      digest: this.#hash.digest(),
      unsignedBytes: length === undefined ? 0 : Math.max(0, bodyLength - length),
      isWhole: length === undefined || this.#left === 0,
    };
  }
}

/** One canonicalisation and the digests over it. */
class Branch implements CanonicalSink {
  readonly taps: Tap[] = [];
  readonly body: CanonicalBody;

  constructor(form: Canonicalization) {
    this.body = new CanonicalBody(form, this);
  }

  put(octets: Buffer, start: number, end: number): void {
    for (const tap of this.taps) tap.put(octets, start, end);
  }
  mark(): void {
    for (const tap of this.taps) tap.mark();
  }
  back(): void {
    for (const tap of this.taps) tap.back();
  }
  keep(): void {
    for (const tap of this.taps) tap.keep();
  }
}

export class BodyHashes {
  readonly #branches = new Map<Canonicalization, Branch>();
  readonly #pairs = new Set<string>();
  readonly #digests = new Map<string, BodyDigest>();

  /** Asks for a digest, before the first octet. False, and none is made, when it would be a pair of canonicalisation and length beyond `maxPairs`. */
  want(key: BodyHashKey, maxPairs: number): boolean {
    const pair = pairOf(key);
    if (!this.#pairs.has(pair)) {
      if (this.#pairs.size >= maxPairs) return false;
      this.#pairs.add(pair);
    }
    let branch = this.#branches.get(key.canonicalization);
    if (branch === undefined) {
      branch = new Branch(key.canonicalization);
      this.#branches.set(key.canonicalization, branch);
    }
    if (!branch.taps.some((tap) => tap.key.hash === key.hash && tap.key.length === key.length))
      branch.taps.push(new Tap(key));
    return true;
  }

  /** The next octets of the body. */
  feed(chunk: Buffer): void {
    for (const branch of this.#branches.values()) branch.body.feed(chunk);
  }

  end(): void {
    for (const { body, taps } of this.#branches.values()) {
      body.end();
      for (const tap of taps) this.#digests.set(nameOf(tap.key), tap.end(body.length));
    }
  }

  /** Undefined before the end, and for what was not wanted. */
  digest(key: BodyHashKey): BodyDigest | undefined {
    return this.#digests.get(nameOf(key));
  }
}

const pairOf = (key: BodyHashKey): string => `${key.canonicalization} ${key.length ?? 'all'}`;
const nameOf = (key: BodyHashKey): string => `${key.hash} ${pairOf(key)}`;
