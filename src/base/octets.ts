// Octets that arrive in any number of pieces and are needed in one: a line, a header block, a reply. They are copied together as they come,
// so that a sender who cuts them small makes us hold octets and not objects: never more than about twice what was added. Pure.

const EMPTY = Buffer.alloc(0);
const SMALLEST = 64;

export class Octets {
  #bytes: Buffer = EMPTY;
  #length = 0;

  /** Octets added and not taken. */
  get length(): number {
    return this.#length;
  }

  /** What was added, not copied; good until the next call of any other method. */
  get view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Adds `source` from offset `start` to before `end`, by a copy. */
  add(source: Buffer, start = 0, end = source.length): void {
    const length = this.#length + end - start;
    if (length > this.#bytes.length) this.#grow(length);
    source.copy(this.#bytes, this.#length, start, end);
    this.#length = length;
  }

  /** Gives what was added, the caller's from now on, and is empty again. */
  take(): Buffer {
    const taken = this.view;
    this.clear();
    return taken;
  }

  clear(): void {
    this.#bytes = EMPTY;
    this.#length = 0;
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#length, SMALLEST));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
