// Keys of a list, found by hashing, without an object for each: the octets of the file stay where they are, and a table has the places of the
// keys in them. So a list of a million lines costs its own size and four octets for each place, and the collector of garbage never
// walks through it. Upper and lower case of ASCII letters is the same.

/** ASCII letters in lower case, everything else as it is. */
const folded = new Uint8Array(256);
for (let i = 0; i < 256; i++) folded[i] = i >= 0x41 && i <= 0x5a ? i + 0x20 : i;

const fold = (octet: number): number => folded[octet & 0xff] ?? 0;

/** A key ends where a blank, a line or the file does. */
const endsKey = (octet: number | undefined): boolean => octet === undefined || octet <= 0x20;

/** Room for twice as many, so that places stay near to where they belong. */
export function roomFor(count: number): number {
  let room = 16;
  while (room < count * 2) room *= 2;
  return room;
}

export class KeyTable {
  readonly #bytes: Buffer;
  /** Offset of a key and 1; 0: nothing. */
  readonly #slots: Int32Array;
  readonly #mask: number;

  /** `most`: keys at most. */
  constructor(bytes: Buffer, most: number) {
    this.#bytes = bytes;
    this.#slots = new Int32Array(roomFor(most));
    this.#mask = this.#slots.length - 1;
  }

  /** Takes in the key at `start`: the offset of the same key that is there already, or -1. */
  add(start: number, end: number): number {
    const bytes = this.#bytes;
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ fold(bytes[i] ?? 0), 0x01000193);
    let slot = (hash ^ (hash >>> 15)) & this.#mask;
    for (let at = this.#slots[slot] ?? 0; at !== 0; at = this.#slots[slot] ?? 0) {
      if (this.#same(at - 1, start, end)) return at - 1;
      slot = (slot + 1) & this.#mask;
    }
    this.#slots[slot] = start + 1;
    return -1;
  }

  #same(at: number, start: number, end: number): boolean {
    const bytes = this.#bytes;
    for (let i = start, j = at; i < end; i++, j++)
      if (fold(bytes[i] ?? 0) !== fold(bytes[j] ?? 0)) return false;
    return endsKey(bytes[at + end - start]);
  }

  /**
   * The offset behind a key (latin1) in the file; -1 when it is not there. What has a blank or a control character in it is no key: it would be compared
   * with a key and the value behind it, or with the next line.
   */
  find(key: string): number {
    const bytes = this.#bytes;
    const { length } = key;
    let hash = 0x811c9dc5;
    for (let i = 0; i < length; i++) {
      const octet = key.charCodeAt(i);
      if (endsKey(octet)) return -1;
      hash = Math.imul(hash ^ fold(octet), 0x01000193);
    }
    let slot = (hash ^ (hash >>> 15)) & this.#mask;
    for (let at = this.#slots[slot] ?? 0; at !== 0; at = this.#slots[slot] ?? 0) {
      const start = at - 1;
      let i = 0;
      while (i < length && fold(bytes[start + i] ?? 0) === fold(key.charCodeAt(i))) i++;
      if (i === length && endsKey(bytes[start + i])) return start + i;
      slot = (slot + 1) & this.#mask;
    }
    return -1;
  }
}
