// Which lines delimit parts (RFC 2046 5.1.1): the declared boundaries of all multiparts that are open at this point of the message.
// A delimiter may be followed by blanks; an inner multipart that was never closed ends with the delimiter of an outer one; after its
// closing delimiter a multipart is still listening, because some mail programs show what follows. Called by parts.ts.

export interface Level {
  /** Empty when the multipart declared none: the first line that looks like a delimiter then says what it is. */
  boundaries: readonly string[];
  /** multipart/digest: its parts are messages unless they say otherwise. */
  readonly digest: boolean;
  /** Embedded messages around this multipart, counted for the depth. */
  readonly embedded: number;
  /** The part that is the multipart. */
  readonly part: number;
  /** Its closing delimiter came; it is listening still. */
  closed?: boolean;
  /** A delimiter of its own came. */
  used?: boolean;
}

export interface Delimiter {
  readonly kind: 'open' | 'close';
  /** Index of the multipart that it belongs to, 0 is the outermost. */
  readonly level: number;
}

/** A delimiter of a multipart without boundary parameter: no blanks, something besides dashes and equal signs. */
const boundaryLike = /^(?=.*[^-=])[\w\-='()+,./:?]+$/;

/** `text` is a line without its two dashes: the first delimiter of a multipart without boundary parameter. */
export function looksLikeBoundary(text: string): boolean {
  return text.length <= maxGuess && !text.endsWith('--') && boundaryLike.test(text);
}

/** A boundary that nobody declared is not longer than RFC 2046 allows them to be, with some grace. */
const maxGuess = 250;

export class BoundaryStack {
  readonly #maxLength: number;
  readonly #levels: Level[] = [];
  /** From boundary to level; an inner level hides an outer one with the same boundary. */
  #known = new Map<string, number>();
  #longest = 0;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  get depth(): number {
    return this.#levels.length;
  }

  /** The most octets that a delimiter line can have, with its dashes, without its line end, with up to 1000 blanks behind it. */
  get maxLine(): number {
    return this.#maxLength + 4 + 1000;
  }

  at(index: number): Level | undefined {
    return this.#levels[index];
  }

  push(level: Level): void {
    this.#levels.push(level);
    this.#index();
  }

  /** Levels whose closing delimiter has not come. */
  get open(): number {
    return this.#levels.filter((level) => level.closed !== true).length;
  }

  /** Forgets the levels inside `index`; gives how many of them were not closed. */
  cut(index: number): number {
    if (this.#levels.length <= index + 1) return 0;
    const inner = this.#levels.splice(index + 1);
    this.#index();
    return inner.filter((level) => level.closed !== true).length;
  }

  close(index: number): void {
    const level = this.#levels[index];
    if (level !== undefined) level.closed = true;
  }

  /** `text` is the line without the two dashes that it begins with, as latin1, without blanks at its end. */
  find(text: string): Delimiter | undefined {
    const innermost = this.#levels.at(-1);
    if (innermost !== undefined && innermost.boundaries.length === 0) this.#guess(innermost, text);
    if (text.length > this.#longest + 2) return undefined;
    const open = this.#known.get(text);
    if (open !== undefined) return { kind: 'open', level: open };
    if (!text.endsWith('--')) return undefined;
    const close = this.#known.get(text.slice(0, -2));
    return close === undefined ? undefined : { kind: 'close', level: close };
  }

  #guess(level: Level, text: string): void {
    if (text.length > this.#maxLength || !looksLikeBoundary(text)) return;
    if (this.#known.has(text)) return;
    level.boundaries = [text];
    this.#index();
  }

  #index(): void {
    this.#known = new Map();
    this.#longest = 0;
    for (const [index, level] of this.#levels.entries()) {
      for (const boundary of level.boundaries) {
        this.#known.set(boundary, index);
        this.#longest = Math.max(this.#longest, boundary.length);
      }
    }
  }
}
