// The decoded octets of a part for whoever reads them at any place: forward in one pass, from the beginning again for what stands before. Its first and
// last octets are kept from the pass that finds out how many there are.

import type { Source } from '../archive/source.ts';
import { detectOctets } from '../file-type/detect.ts';
import type { PartPlace } from '../mime/part.ts';
import type { Pace } from './pace.ts';
import { type IndexedMessage, readPart } from './part-octets.ts';

/** The directory of most archives is in it. */
const tailOctets = 131_072;
const keptOctets = 65_536;

export class PartSource implements Source {
  readonly size: number;
  readonly #head: Buffer;
  readonly #tail: Buffer;
  readonly #open: (from: number) => AsyncGenerator<Buffer>;
  #reading: AsyncGenerator<Buffer> | undefined;
  /** Where `#rest`, what was read last, begins. */
  #at = 0;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(
    size: number,
    head: Buffer,
    tail: Buffer,
    open: (from: number) => AsyncGenerator<Buffer>,
  ) {
    this.size = size;
    this.#head = head;
    this.#tail = tail;
    this.#open = open;
  }

  static async open(indexed: IndexedMessage, place: PartPlace, pace: Pace): Promise<PartSource> {
    const head: Buffer[] = [];
    let tail: Buffer[] = [];
    let size = 0;
    let held = 0;
    for await (const piece of readPart(indexed, place, pace)) {
      const copy = Buffer.from(piece);
      if (size < detectOctets) head.push(copy.subarray(0, detectOctets - size));
      size += copy.length;
      tail.push(copy);
      held += copy.length;
      if (held > 2 * tailOctets) {
        tail = [Buffer.from(Buffer.concat(tail).subarray(-tailOctets))];
        held = tailOctets;
      }
    }
    return new PartSource(size, Buffer.concat(head), Buffer.concat(tail).subarray(-tailOctets), (from) =>
      readPart(indexed, place, pace, from),
    );
  }

  async read(start: number, length: number): Promise<Buffer> {
    const end = Math.min(start + length, this.size);
    if (start < 0 || start >= end) return Buffer.alloc(0);
    if (end <= this.#head.length) return this.#head.subarray(start, end);
    const tailAt = this.size - this.#tail.length;
    if (start >= tailAt) return this.#tail.subarray(start - tailAt, end - tailAt);
    if (this.#reading === undefined || start < this.#at) {
      await this.close();
      this.#reading = this.#open(start);
      this.#at = start;
      this.#rest = Buffer.alloc(0);
    }
    return this.#forward(this.#reading, start, end);
  }

  /** Closes the file. */
  async close(): Promise<void> {
    const reading = this.#reading;
    this.#reading = undefined;
    await reading?.return(undefined);
  }

  async #forward(reading: AsyncGenerator<Buffer>, start: number, end: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let need = start;
    for (;;) {
      const skip = Math.min(need - this.#at, this.#rest.length);
      const part = this.#rest.subarray(skip, skip + end - need);
      if (this.#at + skip === need && part.length > 0) {
        pieces.push(Buffer.from(part));
        need += part.length;
      }
      if (need >= end) return Buffer.concat(pieces);
      const next = await reading.next();
      if (next.done === true) return Buffer.concat(pieces);
      // A little of what was read stays: readers go back by a header.
      const kept = this.#rest.subarray(Math.max(0, this.#rest.length - keptOctets));
      this.#at += this.#rest.length - kept.length;
      this.#rest = Buffer.concat([kept, next.value]);
    }
  }
}
