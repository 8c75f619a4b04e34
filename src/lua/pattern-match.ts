// Matches a compiled Lua pattern against bytes, with Lua's semantics (backtracking, leftmost, quantifiers on single classes) and a
// look at the clock every so many steps, so that a catastrophic pattern costs only the hook that uses it.
import type { Item, Pattern } from './pattern.ts';

const stepsPerTick = 50_000;

/** Captures of the last match: [start, end) as offsets; end -1 marks a position capture. */
export interface Match {
  readonly start: number;
  readonly end: number;
}

export class Matcher {
  readonly #pattern: Pattern;
  readonly #bytes: Uint8Array;
  readonly #base: number;
  readonly #length: number;
  readonly #tick: () => void;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  #steps = 0;

  /** The subject is `length` bytes of `bytes` from `base`. `tick` is called now and then and may throw. */
  constructor(pattern: Pattern, bytes: Uint8Array, base: number, length: number, tick: () => void) {
    this.#pattern = pattern;
    this.#bytes = bytes;
    this.#base = base;
    this.#length = length;
    this.#tick = tick;
    this.starts = new Int32Array(pattern.captures);
    this.ends = new Int32Array(pattern.captures);
  }

  /** The first match at or after offset `from`. */
  find(from: number): Match | undefined {
    for (let start = from; start <= this.#length; start++) {
      const end = this.#match(start, 0);
      if (end >= 0) return { start, end };
      if (this.#pattern.anchored) return undefined;
      this.#step(1);
    }
    return undefined;
  }

  #step(count: number): void {
    this.#steps += count;
    if (this.#steps < stepsPerTick) return;
    this.#steps = 0;
    this.#tick();
  }

  /** 1 when the byte at offset `at` is in the set; the end of the subject never is. */
  #in(set: Uint8Array, at: number): boolean {
    return at < this.#length && set[this.#bytes[this.#base + at] ?? 0] === 1;
  }

  /** The byte at an offset; outside the subject 0. */
  #byte(at: number): number {
    return at >= 0 && at < this.#length ? (this.#bytes[this.#base + at] ?? 0) : 0;
  }

  /** The end of a match of the items from `index` on at offset `at`, or -1. */
  #match(at: number, index: number): number {
    let here = at;
    for (let i = index; ; i++) {
      const item = this.#pattern.items[i];
      if (item === undefined) return here;
      switch (item.kind) {
        case 'single':
          if (item.repeat !== 'once') return this.#repeated(item, here, i + 1);
          if (!this.#in(item.set, here)) return -1;
          here += 1;
          break;
        case 'open':
          this.starts[item.capture] = here;
          this.ends[item.capture] = -1;
          break;
        case 'close':
          // No need to take it back: whatever way leads here again sets it again.
          this.ends[item.capture] = here;
          break;
        case 'back': {
          const length = this.#sameAs(item.capture, here);
          if (length < 0) return -1;
          here += length;
          break;
        }
        case 'balance':
          here = this.#balanced(item.open, item.close, here);
          if (here < 0) return -1;
          break;
        case 'frontier':
          if (item.set[this.#byte(here - 1)] === 1 || item.set[this.#byte(here)] !== 1) return -1;
          break;
        case 'end':
          if (here !== this.#length) return -1;
          break;
      }
    }
  }

  #repeated(item: Extract<Item, { kind: 'single' }>, at: number, next: number): number {
    switch (item.repeat) {
      case 'optional': {
        if (this.#in(item.set, at)) {
          const end = this.#match(at + 1, next);
          if (end >= 0) return end;
        }
        this.#step(1);
        return this.#match(at, next);
      }
      case 'greedyOne':
        return this.#in(item.set, at) ? this.#greedy(item.set, at + 1, next) : -1;
      case 'lazy':
        for (let here = at; ; here++) {
          const end = this.#match(here, next);
          if (end >= 0) return end;
          if (!this.#in(item.set, here)) return -1;
          this.#step(1);
        }
      default:
        return this.#greedy(item.set, at, next);
    }
  }

  #greedy(set: Uint8Array, at: number, next: number): number {
    let here = at;
    while (this.#in(set, here)) here += 1;
    this.#step(here - at + 1);
    for (; here >= at; here--) {
      const end = this.#match(here, next);
      if (end >= 0) return end;
      this.#step(1);
    }
    return -1;
  }

  #sameAs(capture: number, at: number): number {
    const start = this.starts[capture] ?? 0;
    const length = (this.ends[capture] ?? 0) - start;
    if (length < 0 || at + length > this.#length) return -1;
    this.#step(length);
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
          this.#step(here - at);
          return here + 1;
        }
      } else if (byte === open) depth += 1;
    }
    this.#step(this.#length - at);
    return -1;
  }
}
