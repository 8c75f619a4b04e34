// What pure functions gave for texts that come again and again (a Content-Type, the name of a domain). Bounded, for strangers choose the texts: what was
// made of a long one is not kept, and when there are enough of them all are forgotten.
export class Remembered<T> {
  readonly #most: number;
  readonly #longest: number;
  readonly #known = new Map<string, T>();

  /** `most`: texts that are kept. `longest`: characters of the longest of them. */
  constructor(most: number, longest: number) {
    this.#most = most;
    this.#longest = longest;
  }

  /** What `make` gave for this text, now or before: it must depend on the text alone, and nobody may change what it gives. */
  of(text: string, make: (text: string) => T): T {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const made = make(text);
    if (text.length > this.#longest) return made;
    if (this.#known.size >= this.#most) this.#known.clear();
    this.#known.set(text, made);
    return made;
  }
}
