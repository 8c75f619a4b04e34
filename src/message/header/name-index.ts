// Which headers have a name. A table of hashes for all of them, and sorted lists for the names that were asked for. Used by header-list.ts.
import { type Keys, SortedIds } from './sorted-ids.ts';

/** Lists that are kept; a policy asks for few names, or for each once. */
const maxLists = 256;
const none = -1;

export class NameIndex {
  readonly #keys: Keys;
  readonly #nameOf: (id: number) => string;
  #heads = new Int32Array(64).fill(none);
  #next = new Int32Array(64);
  #hashes = new Int32Array(64);
  #count = 0;
  readonly #removed = new Set<number>();
  readonly #lists = new Map<string, SortedIds>();

  /** `nameOf` gives '' for a header without name. */
  constructor(keys: Keys, nameOf: (id: number) => string) {
    this.#keys = keys;
    this.#nameOf = nameOf;
  }

  add(id: number): void {
    const name = this.#nameOf(id);
    if (name === '') return;
    this.#lists.get(name)?.add(id);
    if (id >= this.#next.length) {
      this.#next = larger(this.#next, id);
      this.#hashes = larger(this.#hashes, id);
    }
    this.#hashes[id] = hashOf(name);
    this.#link(id);
    if (++this.#count > this.#heads.length) this.#rehash();
  }

  remove(id: number): void {
    this.#removed.add(id);
    if (this.#lists.size > 0) this.#lists.get(this.#nameOf(id))?.remove(id);
  }

  /** Those of the name (lower case), in order. */
  of(name: string): SortedIds {
    const known = this.#lists.get(name);
    if (known !== undefined) return known;
    if (this.#lists.size >= maxLists) this.#lists.clear();
    const list = this.#collect(name);
    this.#lists.set(name, list);
    return list;
  }

  #collect(name: string): SortedIds {
    const hash = hashOf(name);
    const slot = hash & (this.#heads.length - 1);
    const found: number[] = [];
    let before = none;
    for (let id = this.#heads[slot] as number; id !== none; ) {
      const next = this.#next[id] as number;
      if (this.#removed.delete(id)) {
        if (before === none) this.#heads[slot] = next;
        else this.#next[before] = next;
        this.#count--;
      } else {
        if (this.#hashes[id] === hash && this.#nameOf(id) === name) found.push(id);
        before = id;
      }
      id = next;
    }
    const list = new SortedIds(this.#keys);
    found.sort((a, b) => this.#keys.of(a) - this.#keys.of(b));
    for (const id of found) list.add(id);
    return list;
  }

  #link(id: number): void {
    const slot = (this.#hashes[id] as number) & (this.#heads.length - 1);
    this.#next[id] = this.#heads[slot] as number;
    this.#heads[slot] = id;
  }

  #rehash(): void {
    const before = this.#heads;
    this.#heads = new Int32Array(before.length * 4).fill(none);
    for (const head of before) {
      for (let id = head; id !== none; ) {
        const next = this.#next[id] as number;
        this.#link(id);
        id = next;
      }
    }
  }
}

function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
}

function larger(array: Int32Array<ArrayBuffer>, id: number): Int32Array<ArrayBuffer> {
  const result = new Int32Array(Math.max(id + 1, array.length * 2));
  result.set(array);
  return result;
}
