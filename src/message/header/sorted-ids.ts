// Numbers in an order of their own: each has a key, and lists of them are kept sorted by it. Finding, inserting and removing cost a few hundred
// steps in a list of 100,000, wherever it is done. Used by header-list.ts for the headers of a message and for those of one name.

/** The most numbers in a block. */
const full = 512;

const nothing = new Float64Array(0);

/** The keys of numbers; one for all lists that are sorted by them. */
export class Keys {
  #keys: Float64Array<ArrayBuffer> = nothing;

  of(id: number): number {
    return this.#keys[id] as number;
  }

  set(id: number, key: number): void {
    if (id >= this.#keys.length) {
      const larger = new Float64Array(Math.max(id + 1, 32, this.#keys.length * 2));
      larger.set(this.#keys);
      this.#keys = larger;
    }
    this.#keys[id] = key;
  }
}

export class SortedIds {
  readonly keys: Keys;
  readonly #blocks: number[][] = [];
  #length = 0;

  constructor(keys: Keys) {
    this.keys = keys;
  }

  get length(): number {
    return this.#length;
  }

  /** The number at 0-based place `rank`. */
  at(rank: number): number | undefined {
    if (rank < 0 || rank >= this.#length) return undefined;
    if (this.#blocks.length === 1) return this.#blocks[0]?.[rank];
    let left = rank;
    for (const block of this.#blocks) {
      if (left < block.length) return block[left];
      left -= block.length;
    }
    return undefined;
  }

  /** Where `id`, which is in the list, stands. */
  rankOf(id: number): number {
    const key = this.keys.of(id);
    const index = this.#blockOf(key);
    let rank = 0;
    for (let i = 0; i < index; i++) rank += (this.#blocks[i] as number[]).length;
    return rank + this.#placeIn(this.#blocks[index] ?? [], key);
  }

  /** By its key, which none of the others has. */
  add(id: number): void {
    const key = this.keys.of(id);
    this.#length++;
    const last = this.#blocks.at(-1);
    if (last === undefined) {
      this.#blocks.push([id]);
      return;
    }
    const index = this.#blockOf(key);
    const block = this.#blocks[index] as number[];
    const place = this.#placeIn(block, key);
    if (place === block.length) block.push(id);
    else block.splice(place, 0, id);
    if (block.length > full)
      this.#blocks.splice(index + 1, 0, block.splice(index === this.#blocks.length - 1 ? full : full / 2));
  }

  remove(id: number): void {
    const key = this.keys.of(id);
    const index = this.#blockOf(key);
    const block = this.#blocks[index];
    if (block === undefined) return;
    const place = this.#placeIn(block, key);
    if (block[place] !== id) return;
    this.#length--;
    if (block.length === 1) this.#blocks.splice(index, 1);
    else if (place === block.length - 1) block.pop();
    else block.splice(place, 1);
  }

  *[Symbol.iterator](): Generator<number> {
    for (const block of this.#blocks) yield* block;
  }

  /** The last block that does not begin behind the key. */
  #blockOf(key: number): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.keys.of(this.#blocks[middle]?.[0] ?? 0) <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The first place whose key is not smaller. */
  #placeIn(block: readonly number[], key: number): number {
    let low = 0;
    let high = block.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.keys.of(block[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
