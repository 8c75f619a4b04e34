// Bytes that arrive in pieces and are needed as a whole (a header line, a URI cut by the end of a chunk). Grows by doubling, so that
// feeding single octets costs no more than feeding all at once.

const EMPTY = Buffer.alloc(0);

export class ByteAccumulator {
  #bytes: Buffer = EMPTY;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(source: Buffer, start: number, end: number): void {
    const needed = this.#length + end - start;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(256, needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    source.copy(this.#bytes, this.#length, start, end);
    this.#length = needed;
  }

  /** What is there, without copying; good until the next append. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
    // A single huge line must not keep its memory until the end of the message.
    if (this.#bytes.length > 65_536) this.#bytes = EMPTY;
  }
}
