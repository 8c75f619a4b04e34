// Tells whether octets are the same as before, when nobody has an interest in a collision (a policy that wrote to its own file).
import { createHash } from 'node:crypto';
import * as zlib from 'node:zlib';

type Crc = (data: Buffer, value: number) => number;

/** Node.js before 20.15 has none. */
const crc = (zlib as { readonly crc32?: Crc }).crc32;

export class Checksum {
  #crc = 0;
  readonly #hash = crc === undefined ? createHash('md5') : undefined;

  add(octets: Buffer): void {
    if (crc !== undefined) this.#crc = crc(octets, this.#crc);
    else this.#hash?.update(octets);
  }

  /** Of everything so far. */
  get value(): string | number {
    return this.#hash?.copy().digest('hex') ?? this.#crc;
  }
}
