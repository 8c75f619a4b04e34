// LZMA as 7-Zip packs its list of names (the description of the format in the LZMA SDK). All of it is unpacked into one buffer, which is the dictionary as
// well; in steps, so that others get their turn. Pure.

const topValue = 0x1000000;
const half = 1024;
const startPosModel = 4;
const endPosModel = 14;

const probabilities = (count: number): Uint16Array => new Uint16Array(count).fill(half);

/** Lengths of matches: three trees, and which of them. */
class Lengths {
  readonly choice = probabilities(2);
  readonly low = probabilities(16 << 3);
  readonly mid = probabilities(16 << 3);
  readonly high = probabilities(256);
}

export interface LzmaPlan {
  /** The five octets that say how it was packed. */
  readonly properties: Buffer;
  /** Octets unpacked. */
  readonly size: number;
}

export class Lzma {
  readonly out: Buffer;
  /** So many are unpacked. */
  at = 0;
  /** It contradicts itself, or ends too early. */
  broken = false;
  readonly #packed: Buffer;
  #read = 0;
  #range = 0xffffffff;
  #code = 0;
  readonly #lc: number;
  readonly #lp: number;
  readonly #pb: number;
  readonly #literals: Uint16Array;
  readonly #isMatch = probabilities(12 << 4);
  readonly #isRep = probabilities(12);
  readonly #isRepG0 = probabilities(12);
  readonly #isRepG1 = probabilities(12);
  readonly #isRepG2 = probabilities(12);
  readonly #isRep0Long = probabilities(12 << 4);
  readonly #slots = probabilities(4 << 6);
  readonly #special = probabilities(128);
  readonly #align = probabilities(16);
  readonly #matches = new Lengths();
  readonly #repeats = new Lengths();
  #state = 0;
  #rep0 = 0;
  #rep1 = 0;
  #rep2 = 0;
  #rep3 = 0;

  constructor(packed: Buffer, { properties, size }: LzmaPlan) {
    this.#packed = packed;
    this.out = Buffer.alloc(size);
    const first = properties[0] ?? 255;
    this.#lc = first % 9;
    this.#lp = Math.floor(first / 9) % 5;
    this.#pb = Math.floor(first / 45);
    // 7-Zip writes none with more; the tables would be large.
    this.broken = first >= 225 || this.#lc + this.#lp > 4 || packed[0] !== 0;
    this.#literals = probabilities(this.broken ? 0 : 0x300 << (this.#lc + this.#lp));
    this.#read = 1;
    for (let i = 0; i < 4; i++) this.#code = ((this.#code << 8) | this.#next()) >>> 0;
  }

  get done(): boolean {
    return this.broken || this.at >= this.out.length;
  }

  /** Unpacks some `count` octets more: a match may be longer. */
  go(count: number): void {
    const until = Math.min(this.out.length, this.at + count);
    while (this.at < until && !this.broken) this.#symbol();
  }

  #next(): number {
    const octet = this.#packed[this.#read++];
    if (octet === undefined) {
      // A few octets behind the end are harmless; who reads on and on reads nothing.
      if (this.#read > this.#packed.length + 8) this.broken = true;
      return 0;
    }
    return octet;
  }

  #bit(table: Uint16Array, index: number): number {
    const probability = table[index] as number;
    const bound = (this.#range >>> 11) * probability;
    let bit = 0;
    if (this.#code < bound) {
      this.#range = bound;
      table[index] = probability + ((2048 - probability) >> 5);
    } else {
      this.#range -= bound;
      this.#code -= bound;
      table[index] = probability - (probability >> 5);
      bit = 1;
    }
    if (this.#range < topValue) {
      this.#range = (this.#range << 8) >>> 0;
      this.#code = ((this.#code << 8) | this.#next()) >>> 0;
    }
    return bit;
  }

  #direct(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      this.#range >>>= 1;
      let bit = 0;
      if (this.#code >= this.#range) {
        this.#code -= this.#range;
        bit = 1;
      }
      value = value * 2 + bit;
      if (this.#range < topValue) {
        this.#range = (this.#range << 8) >>> 0;
        this.#code = ((this.#code << 8) | this.#next()) >>> 0;
      }
    }
    return value;
  }

  #tree(table: Uint16Array, offset: number, bits: number): number {
    let index = 1;
    for (let i = 0; i < bits; i++) index = (index << 1) | this.#bit(table, offset + index);
    return index - (1 << bits);
  }

  #reverse(table: Uint16Array, offset: number, bits: number): number {
    let index = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.#bit(table, offset + index);
      index = (index << 1) | bit;
      value |= bit << i;
    }
    return value;
  }

  #symbol(): void {
    const posState = this.at & ((1 << this.#pb) - 1);
    const place = (this.#state << 4) + posState;
    if (this.#bit(this.#isMatch, place) === 0) {
      this.#literal();
      return;
    }
    if (this.#bit(this.#isRep, this.#state) === 0) {
      this.#match(posState);
      return;
    }
    if (this.#rep(place)) {
      this.#state = this.#state < 7 ? 9 : 11;
      this.#copy(1);
      return;
    }
    const length = this.#length(this.#repeats, posState);
    this.#state = this.#state < 7 ? 8 : 11;
    this.#copy(length + 2);
  }

  #literal(): void {
    const before = this.at > 0 ? (this.out[this.at - 1] as number) : 0;
    const context = ((this.at & ((1 << this.#lp) - 1)) << this.#lc) + (before >> (8 - this.#lc));
    const base = 0x300 * context;
    let symbol = 1;
    if (this.#state >= 7) {
      let match = this.out[this.at - this.#rep0 - 1] ?? 0;
      while (symbol < 0x100) {
        const wanted = (match >> 7) & 1;
        match <<= 1;
        const bit = this.#bit(this.#literals, base + ((1 + wanted) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (bit !== wanted) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(this.#literals, base + symbol);
    this.out[this.at++] = symbol & 255;
    this.#state = this.#state < 4 ? 0 : this.#state < 10 ? this.#state - 3 : this.#state - 6;
  }

  #match(posState: number): void {
    const length = this.#length(this.#matches, posState);
    this.#state = this.#state < 7 ? 7 : 10;
    const slot = this.#tree(this.#slots, Math.min(length, 3) << 6, 6);
    let distance = slot;
    if (slot >= startPosModel) {
      const bits = (slot >> 1) - 1;
      distance = (2 | (slot & 1)) * 2 ** bits;
      if (slot < endPosModel) distance += this.#reverse(this.#special, distance - slot, bits);
      else distance += this.#direct(bits - 4) * 16 + this.#reverse(this.#align, 0, 4);
    }
    this.#rep3 = this.#rep2;
    this.#rep2 = this.#rep1;
    this.#rep1 = this.#rep0;
    this.#rep0 = distance;
    this.#copy(length + 2);
  }

  /** Which of the last distances; true: one octet from the last of all. */
  #rep(place: number): boolean {
    const state = this.#state;
    if (this.#bit(this.#isRepG0, state) === 0) return this.#bit(this.#isRep0Long, place) === 0;
    let distance = this.#rep1;
    if (this.#bit(this.#isRepG1, state) === 1) {
      distance = this.#rep2;
      if (this.#bit(this.#isRepG2, state) === 1) {
        distance = this.#rep3;
        this.#rep3 = this.#rep2;
      }
      this.#rep2 = this.#rep1;
    }
    this.#rep1 = this.#rep0;
    this.#rep0 = distance;
    return false;
  }

  #length(lengths: Lengths, posState: number): number {
    if (this.#bit(lengths.choice, 0) === 0) return this.#tree(lengths.low, posState << 3, 3);
    if (this.#bit(lengths.choice, 1) === 0) return 8 + this.#tree(lengths.mid, posState << 3, 3);
    return 16 + this.#tree(lengths.high, 0, 8);
  }

  #copy(length: number): void {
    const from = this.at - this.#rep0 - 1;
    // The mark of an end, too: what is wanted is longer.
    if (from < 0) {
      this.broken = true;
      return;
    }
    const end = Math.min(this.out.length, this.at + length);
    for (let i = from; this.at < end; i++) this.out[this.at++] = this.out[i] as number;
  }
}
