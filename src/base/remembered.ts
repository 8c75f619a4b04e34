// What pure functions gave for texts that come again and again (a Content-Type, the name of a domain). Bounded, for strangers choose the texts: what was
// made of a long one is not kept, nor what is too much itself, and when there are enough of them all are forgotten.

/** The text, octets as latin1, in memory of its own: a part of a longer one keeps all of that alive. */
export const inOwnMemory = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

export class Remembered<T> {
  readonly #most: number;
  readonly #longest: number;
  readonly #isLittle: (made: T) => boolean;
  readonly #known = new Map<string, T>();

  /**
   * `most`: texts that are kept. `longest`: characters of the longest of them. `isLittle`: whether what was made may be kept: of a text of 500
   * characters a stranger can have hundreds of objects made.
   */
  constructor(most: number, longest: number, isLittle: (made: T) => boolean = () => true) {
    this.#most = most;
    this.#longest = longest;
    this.#isLittle = isLittle;
  }

  /**
   * What `make` gave for this text, octets as latin1, now or before: it must depend on the text that it is given alone, and nobody may change what it
   * gives.
   */
  of(text: string, make: (text: string) => T): T {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (text.length > this.#longest) return make(text);
    const own = inOwnMemory(text);
    // No octets: it is not ours to keep.
    if (own !== text) return make(text);
    const made = make(own);
    if (!this.#isLittle(made)) return made;
    if (this.#known.size >= this.#most) this.#known.clear();
    this.#known.set(own, made);
    return made;
  }
}
