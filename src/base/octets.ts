// Octets that arrive in any number of pieces and are needed in one: a line, a header block, a reply. They are copied together as they come,
// so that a sender who cuts them small makes us hold octets and not objects: never more than about twice what was added. What lies in one
// piece anyway, as most lines and header blocks do, is not copied. Pure.

const EMPTY = Buffer.alloc(0);
const SMALLEST = 256;
/** A piece is lent to us without a copy when the buffer that it is a part of is at most this much larger than twice the piece. */
const LENT = 4096;

export class Octets {
  /** Ours, with room behind #length; or, while #lent, the first piece itself, whose buffer goes on with the others. */
  #bytes: Buffer = EMPTY;
  #length = 0;
  #lent = false;
  readonly #copies: boolean;

  /** `copies`: what is added may change as soon as `add` has returned. */
  constructor(copies = false) {
    this.#copies = copies;
  }

  /** Octets added and not taken. */
  get length(): number {
    return this.#length;
  }

  /** What was added, not copied; good until the next call of any other method. */
  get view(): Buffer {
    const { buffer, byteOffset } = this.#bytes;
    return this.#lent ? Buffer.from(buffer, byteOffset, this.#length) : this.#bytes.subarray(0, this.#length);
  }

  /** Adds `source` from offset `start` to before `end`. */
  add(source: Buffer, start = 0, end = source.length): void {
    const more = end - start;
    if (more === 0) return;
    if (this.#length === 0 && !this.#copies && source.buffer.byteLength <= 2 * more + LENT) {
      this.#bytes = start === 0 ? source : source.subarray(start);
      this.#length = more;
      this.#lent = true;
      return;
    }
    const length = this.#length + more;
    if (this.#lent && this.#goesOn(source, start)) {
      this.#length = length;
      return;
    }
    if (this.#lent || length > this.#bytes.length) this.#grow(length);
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
    this.#lent = false;
  }

  /** True when `source` from `start` on lies right behind what was lent. */
  #goesOn(source: Buffer, start: number): boolean {
    const { buffer, byteOffset } = this.#bytes;
    return source.buffer === buffer && source.byteOffset + start === byteOffset + this.#length;
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#length, SMALLEST));
    this.view.copy(grown);
    this.#bytes = grown;
    this.#lent = false;
  }
}
