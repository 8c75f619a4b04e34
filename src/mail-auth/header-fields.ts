// The fields of a header block, by octets: where each begins and what name it has, and which of them a signature means (RFC 6376 3.5, 5.4.2).
// A name here is what the RFC says it is: printable ASCII before the colon, with blanks between. (The header list of policies reads names
// more leniently; a signer did not.) One pass makes the index, one more finds all the names that are asked for. Pure.

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const COLON = 58;

const few = 64;

export class HeaderFields {
  /** The octets as they came, line ends included, without the empty line. */
  readonly block: Buffer;
  #count = 0;
  /** Of each field: its first octet, the colon behind its name (0: it has none, or starts with it), where its last line end begins. */
  #starts = new Uint32Array(few);
  #colons = new Uint32Array(few);
  #ends = new Uint32Array(few);
  /** Of the name in lower case, so that names are compared only where they are probably the same. */
  #hashes = new Uint32Array(few);
  readonly #byName = new Map<string, number[]>();

  constructor(block: Buffer) {
    this.block = block;
    this.#read();
  }

  /** Fields are numbered from 0, from the top. */
  get count(): number {
    return this.#count;
  }

  start(field: number): number {
    return this.#starts[field] ?? 0;
  }

  colon(field: number): number {
    return this.#colons[field] ?? 0;
  }

  end(field: number): number {
    return this.#ends[field] ?? 0;
  }

  /** Latin1, with its folding, without its final line end. */
  text(field: number): string {
    return this.block.toString('latin1', this.start(field), this.end(field));
  }

  /** The fields of this name (lower case), from the top. */
  named(name: string): readonly number[] {
    this.index([name]);
    return this.#byName.get(name) ?? [];
  }

  /** Finds several names at once. */
  index(names: Iterable<string>): void {
    const wanted = new Map<number, string[]>();
    const seen = new Uint8Array(1024);
    for (const name of names) {
      if (this.#byName.has(name)) continue;
      this.#byName.set(name, []);
      const hash = hashOf(name);
      seen[hash & 1023] = 1;
      wanted.set(hash, [...(wanted.get(hash) ?? []), name]);
    }
    if (wanted.size === 0) return;
    for (let i = 0; i < this.#count; i++) {
      const hash = this.#hashes[i] as number;
      if (seen[hash & 1023] === 0 || this.#colons[i] === 0) continue;
      for (const name of wanted.get(hash) ?? []) if (this.#isNamed(i, name)) this.#byName.get(name)?.push(i);
    }
  }

  /**
   * The fields that a list of names (lower case) stands for: each name the lowest that is left; a name too many stands for nothing. Never
   * `own`, the signature that has the list.
   */
  select(names: readonly string[], own?: number): number[] {
    this.index(names);
    const used = new Map<string, number>();
    const fields: number[] = [];
    for (const name of names) {
      const all = this.#byName.get(name) ?? [];
      let taken = used.get(name) ?? 0;
      if (all.length > taken && all[all.length - 1 - taken] === own) taken++;
      const field = all[all.length - 1 - taken];
      if (field === undefined) continue;
      used.set(name, taken + 1);
      fields.push(field);
    }
    return fields;
  }

  /** The names (lower case) that begin so, each once, from the top. */
  namesFrom(prefix: string): string[] {
    const found = new Set<string>();
    for (let field = 0; field < this.#count; field++) {
      const start = this.start(field);
      if (this.colon(field) === 0 || lower(this.block[start] as number) !== prefix.charCodeAt(0)) continue;
      const name = this.block.toString('latin1', start, this.nameEnd(field)).toLowerCase();
      if (name.startsWith(prefix)) found.add(name);
    }
    return [...found];
  }

  /** Behind the last octet of the name. */
  nameEnd(field: number): number {
    let end = this.colon(field);
    while (end > this.start(field) && isBlank(this.block[end - 1])) end--;
    return end;
  }

  #isNamed(field: number, name: string): boolean {
    const start = this.start(field);
    if (this.nameEnd(field) - start !== name.length) return false;
    for (let i = 0; i < name.length; i++)
      if (lower(this.block[start + i] as number) !== name.charCodeAt(i)) return false;
    return true;
  }

  #read(): void {
    const { block } = this;
    const { length } = block;
    for (let at = 0; at < length; ) {
      const start = at;
      let hash = firstHash;
      let colon = 0;
      let byte = block[at] as number;
      while (byte > SPACE && byte < 127 && byte !== COLON) {
        hash = nextHash(hash, lower(byte));
        byte = ++at < length ? (block[at] as number) : LF;
      }
      if (at > start) {
        let end = at;
        while (isBlank(block[end])) end++;
        if (block[end] === COLON) colon = end;
      }
      // To the line end that no blank follows.
      for (;;) {
        while (at < length && block[at] !== LF) at++;
        if (at >= length || !isBlank(block[++at])) break;
      }
      let end = at;
      if (end > start && block[end - 1] === LF) end--;
      if (end > start && block[end - 1] === CR && end < at) end--;
      this.#note(start, colon, end, hash >>> 0);
    }
  }

  #note(start: number, colon: number, end: number, hash: number): void {
    const at = this.#count++;
    if (at === this.#starts.length) {
      this.#starts = doubled(this.#starts);
      this.#colons = doubled(this.#colons);
      this.#ends = doubled(this.#ends);
      this.#hashes = doubled(this.#hashes);
    }
    this.#starts[at] = start;
    this.#colons[at] = colon;
    this.#ends[at] = end;
    this.#hashes[at] = hash;
  }
}

// FNV-1a.
const firstHash = 0x811c9dc5;
const nextHash = (hash: number, octet: number): number => Math.imul(hash ^ octet, 0x01000193);

function hashOf(name: string): number {
  let hash = firstHash;
  for (let i = 0; i < name.length; i++) hash = nextHash(hash, name.charCodeAt(i));
  return hash >>> 0;
}

const isBlank = (octet: number | undefined): boolean => octet === SPACE || octet === TAB;
const lower = (octet: number): number => (octet >= 65 && octet <= 90 ? octet + 32 : octet);

function doubled(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
