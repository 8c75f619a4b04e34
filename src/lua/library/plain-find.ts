// Finds bytes in bytes in linear time, whatever they are (Knuth, Morris, Pratt), in portions.

/** Bytes of a portion: about a millisecond. */
const PORTION = 1_000_000;

export class PlainSearch {
  readonly #haystack: number;
  readonly #needle: number;
  readonly #length: number;
  readonly #needleLength: number;
  /** For each prefix of the needle the length of its longest proper prefix that is also its suffix; as far as #bordered. */
  readonly #border: Int32Array;
  #bordered = 1;
  #matched = 0;
  #at: number;

  /** Both are given by where they lie and how long they are; occurrences at or after offset `from` are looked for. */
  constructor(
    haystack: { readonly at: number; readonly length: number },
    needle: { readonly at: number; readonly length: number },
    from: number,
  ) {
    this.#haystack = haystack.at;
    this.#length = haystack.length;
    this.#needle = needle.at;
    this.#needleLength = needle.length;
    this.#border = new Int32Array(needle.length);
    this.#at = from;
  }

  /** The offset of the first occurrence, or -1; undefined when it has to be called again. `bytes` holds both. */
  find(bytes: Uint8Array): number | undefined {
    if (this.#needleLength === 0) return this.#at <= this.#length ? this.#at : -1;
    if (this.#bordered < this.#needleLength) {
      this.#makeBorders(bytes);
      return undefined;
    }
    const end = Math.min(this.#length, this.#at + PORTION);
    let matched = this.#matched;
    for (let i = this.#at; i < end; i++) {
      const byte = bytes[this.#haystack + i];
      while (matched > 0 && byte !== bytes[this.#needle + matched]) matched = this.#border[matched - 1] ?? 0;
      if (byte === bytes[this.#needle + matched]) matched += 1;
      if (matched === this.#needleLength) return i - matched + 1;
    }
    this.#matched = matched;
    this.#at = end;
    return end < this.#length ? undefined : -1;
  }

  #makeBorders(bytes: Uint8Array): void {
    const end = Math.min(this.#needleLength, this.#bordered + PORTION);
    const border = this.#border;
    let matched = border[this.#bordered - 1] ?? 0;
    for (let i = this.#bordered; i < end; i++) {
      const byte = bytes[this.#needle + i];
      while (matched > 0 && byte !== bytes[this.#needle + matched]) matched = border[matched - 1] ?? 0;
      if (byte === bytes[this.#needle + matched]) matched += 1;
      border[i] = matched;
    }
    this.#bordered = end;
  }
}
