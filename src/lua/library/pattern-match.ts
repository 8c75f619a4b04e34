// Matches a compiled Lua pattern against bytes, with Lua's semantics (backtracking, leftmost, quantifiers on single classes). Works in
// portions: a catastrophic pattern costs only the hook that uses it, and the others are served in between.
import type { Item, Pattern } from './pattern.ts';

/** Steps of a portion: less than a millisecond. */
const PORTION = 50_000;

/** Captures of the last match: [start, end) as offsets; end -1 marks a position capture. */
export interface Match {
  readonly start: number;
  readonly end: number;
}

/** `pending`: the portion is done and there is more to do. */
export type Progress = Match | 'none' | 'pending';

/** How far a repetition has got: what follows it did not match, so there may be another way. Three numbers each. */
const [ITEM, LEAST, HERE, SIZE] = [0, 1, 2, 3];

export class Matcher {
  readonly #pattern: Pattern;
  readonly #base: number;
  readonly #length: number;
  /** The subject's memory; another view of it for each portion, as the memory grows. */
  #bytes: Uint8Array = new Uint8Array(0);
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  #steps = 0;
  #start: number;
  /** The item to match next, at the offset #here; -1: the last way has failed. */
  #item = 0;
  #here: number;
  /** The repetitions on the way to #item, at most one for each item before it. */
  readonly #choices: Int32Array;
  #depth = 0;

  /** The subject is `length` bytes from `base`; matches at or after offset `from` are looked for. */
  constructor(pattern: Pattern, base: number, length: number, from: number) {
    this.#pattern = pattern;
    this.#base = base;
    this.#length = length;
    this.#start = from;
    this.#here = from;
    this.starts = new Int32Array(pattern.captures);
    this.ends = new Int32Array(pattern.captures);
    this.#choices = new Int32Array(pattern.items.length * SIZE);
  }

  /** Looks for the first match; `bytes` holds the subject. Until it is done it has to be called again. */
  find(bytes: Uint8Array): Progress {
    this.#bytes = bytes;
    this.#steps = 0;
    while (this.#start <= this.#length) {
      if (this.#advance() === 'pending') return 'pending';
      if (this.#item >= 0) return { start: this.#start, end: this.#here };
      if (this.#pattern.anchored) return 'none';
      this.#start += 1;
      this.#item = 0;
      this.#here = this.#start;
      this.#steps += 1;
      if (this.#steps >= PORTION) return 'pending';
    }
    return 'none';
  }

  /** Goes through the items until all match or no way is left. */
  #advance(): 'done' | 'pending' {
    const { items } = this.#pattern;
    for (;;) {
      const item = items[this.#item];
      if (item === undefined) {
        this.#depth = 0;
        return 'done';
      }
      if (this.#matches(item)) this.#item += 1;
      else if (!this.#goBack()) {
        this.#item = -1;
        return 'done';
      }
      if (this.#steps >= PORTION) return 'pending';
    }
  }

  /** Takes one item; false when it does not match here. */
  #matches(item: Item): boolean {
    const here = this.#here;
    switch (item.kind) {
      case 'single':
        if (item.repeat !== 'once') return this.#repeat(item);
        if (!this.#in(item.set, here)) return false;
        this.#here = here + 1;
        return true;
      case 'open':
        this.starts[item.capture] = here;
        this.ends[item.capture] = -1;
        return true;
      case 'close':
        // No need to take it back: whatever way leads here again sets it again.
        this.ends[item.capture] = here;
        return true;
      case 'back': {
        const length = this.#sameAs(item.capture, here);
        this.#here = here + length;
        return length >= 0;
      }
      case 'balance':
        this.#here = this.#balanced(item.open, item.close, here);
        return this.#here >= 0;
      case 'frontier':
        return item.set[this.#byte(here - 1)] !== 1 && item.set[this.#byte(here)] === 1;
      case 'end':
        return here === this.#length;
    }
  }

  /** The first way through a repetition. */
  #repeat(item: Extract<Item, { kind: 'single' }>): boolean {
    const { set, repeat } = item;
    const at = this.#here;
    this.#steps += 1;
    if (repeat === 'lazy') {
      this.#choose(at, at);
      return true;
    }
    let least = at;
    if (repeat === 'greedyOne') {
      if (!this.#in(set, at)) return false;
      least += 1;
    }
    const most = repeat === 'optional' ? Math.min(at + 1, this.#length) : this.#length;
    let here = least;
    while (here < most && set[this.#bytes[this.#base + here] ?? 0] === 1) here += 1;
    this.#steps += here - at;
    if (here > least) this.#choose(least, here);
    this.#here = here;
    return true;
  }

  #choose(least: number, here: number): void {
    const at = this.#depth * SIZE;
    this.#choices[at + ITEM] = this.#item;
    this.#choices[at + LEAST] = least;
    this.#choices[at + HERE] = here;
    this.#depth += 1;
  }

  /** Tries the next way through the last repetition that has one left; false when none has. */
  #goBack(): boolean {
    const { items } = this.#pattern;
    while (this.#depth > 0) {
      const at = (this.#depth - 1) * SIZE;
      const index = this.#choices[at + ITEM] ?? 0;
      const item = items[index];
      let here = this.#choices[at + HERE] ?? 0;
      this.#steps += 1;
      if (item?.kind === 'single' && item.repeat === 'lazy') {
        if (this.#in(item.set, here)) {
          here += 1;
          this.#choices[at + HERE] = here;
          return this.#continue(index, here);
        }
        this.#depth -= 1;
      } else {
        here -= 1;
        this.#choices[at + HERE] = here;
        if (here <= (this.#choices[at + LEAST] ?? 0)) this.#depth -= 1;
        return this.#continue(index, here);
      }
    }
    return false;
  }

  #continue(index: number, here: number): true {
    this.#item = index + 1;
    this.#here = here;
    return true;
  }

  /** True when the byte at offset `at` is in the set; the end of the subject never is. */
  #in(set: Uint8Array, at: number): boolean {
    return at < this.#length && set[this.#bytes[this.#base + at] ?? 0] === 1;
  }

  /** The byte at an offset; outside the subject 0. */
  #byte(at: number): number {
    return at >= 0 && at < this.#length ? (this.#bytes[this.#base + at] ?? 0) : 0;
  }

  #sameAs(capture: number, at: number): number {
    const start = this.starts[capture] ?? 0;
    const length = (this.ends[capture] ?? 0) - start;
    if (length < 0 || at + length > this.#length) return -1;
    this.#steps += length;
    for (let i = 0; i < length; i++) if (this.#byte(start + i) !== this.#byte(at + i)) return -1;
    return length;
  }

  #balanced(open: number, close: number, at: number): number {
    if (at >= this.#length || this.#byte(at) !== open) return -1;
    let depth = 1;
    for (let here = at + 1; here < this.#length; here++) {
      const byte = this.#byte(here);
      if (byte === close) {
        depth -= 1;
        if (depth === 0) {
          this.#steps += here - at;
          return here + 1;
        }
      } else if (byte === open) depth += 1;
    }
    this.#steps += this.#length - at;
    return -1;
  }
}
