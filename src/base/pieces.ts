// Octets in order that are kept for a while and need not stand in one piece: a message in memory, input that waits. A buffer is kept as it is
// when that costs little more than its octets; a small one, or a small part of a large one, is copied into a block together with its
// neighbours. So what is held is at most about twice the octets, however a stranger cuts what he sends. Pure.

/** Memory that a Buffer costs besides its octets, measured with Node 20 and rounded up. */
const PRICE = 512;
const LARGEST_BLOCK = 65_536;
const SMALLEST_BLOCK = 64;

export class Pieces {
  #list: Buffer[] = [];
  #length = 0;
  /** The block being filled: from #from on its octets are not in the list yet, behind #filled it is free. */
  #block: Buffer | undefined;
  #from = 0;
  #filled = 0;

  /** Octets added and not taken. */
  get length(): number {
    return this.#length;
  }

  /** Adds a piece, whose octets must not change any more. */
  add(piece: Buffer): void {
    const { length } = piece;
    this.#length += length;
    if (piece.buffer.byteLength + PRICE <= 2 * length) {
      this.#seal();
      this.#list.push(piece);
      return;
    }
    for (let copied = 0; copied < length; ) {
      const block = this.#room(length - copied);
      const taken = piece.copy(block, this.#filled, copied);
      this.#filled += taken;
      copied += taken;
    }
  }

  /** All of it in order. Only grows at its end; what is added later may not be in it. */
  get list(): readonly Buffer[] {
    this.#seal();
    return this.#list;
  }

  /** Gives all of it, the caller's from now on, and is empty again. */
  take(): Buffer[] {
    this.#seal();
    const taken = this.#list;
    this.clear();
    return taken;
  }

  clear(): void {
    this.#list = [];
    this.#length = 0;
    this.#block = undefined;
    this.#from = this.#filled = 0;
  }

  /** The block to copy into, with room for at least one octet. A new one is no larger than what there is already. */
  #room(wanted: number): Buffer {
    if (this.#block !== undefined && this.#filled < this.#block.length) return this.#block;
    this.#seal();
    const size = Math.max(wanted, this.#length, SMALLEST_BLOCK);
    this.#block = Buffer.allocUnsafe(Math.min(size, LARGEST_BLOCK));
    this.#from = this.#filled = 0;
    return this.#block;
  }

  #seal(): void {
    if (this.#block === undefined || this.#from === this.#filled) return;
    this.#list.push(this.#block.subarray(this.#from, this.#filled));
    this.#from = this.#filled;
  }
}
