// How many instructions Lua executes between two looks at the clock. An operation on a long string (a comparison, a concatenation, a
// look-up) is one instruction and takes milliseconds, so there are more looks while there are long strings, and in a run in which looks
// were late.
import type { Pointer, State } from './wasm-api.ts';

/** Instructions, when all is quick. */
const USUAL = 200;
/** Strings from this length on are told to `created` (the allocator knows this number). */
export const LONG_STRING = 262_144;
/** What may be done to the longest string between two looks, in bytes: about 20 milliseconds. */
const BYTES = 26_214_400;
/** A look that comes later than this after the last one makes the next ones come earlier; milliseconds. */
const LATE = 4;
/** The least that lateness leads to; it may also be the machine that is busy. */
const LEAST = 4;
/** So many looks in a row that come soon make the next ones come later again: at first, and at most in a run that is late again and again. */
const PATIENCE = 20;
const MOST_PATIENCE = 5000;

export class Pace {
  readonly #sizes = new Map<Pointer, number>();
  #longest = 0;
  #instructions = USUAL;
  #run = USUAL;
  #lastLook = 0;
  /** Looks in a row that came soon, and how many of them it takes. */
  #soon = 0;
  #patience = PATIENCE;
  readonly #set: (L: State, instructions: number) => void;
  readonly #get: (L: State) => number;

  constructor(get: (L: State) => number, set: (L: State, instructions: number) => void) {
    this.#get = get;
    this.#set = set;
  }

  get instructions(): number {
    return this.#instructions;
  }

  /** Whether threads may be found whose looks are too rare. */
  get quick(): boolean {
    return this.#instructions < USUAL;
  }

  /** A run of Lua begins. */
  start(): void {
    this.#patience = PATIENCE;
    if (this.#run === USUAL) return;
    this.#run = USUAL;
    this.#update();
  }

  /** A stretch of Lua begins. */
  begin(): void {
    this.#lastLook = 0;
  }

  /** There was a look at the clock on `L`. */
  looked(L: State, now: number): void {
    const late = this.#lastLook === 0 ? 0 : now - this.#lastLook;
    this.#lastLook = now;
    if (late > LATE) {
      this.#run = Math.max(LEAST, Math.min(this.#run, Math.floor((this.#instructions * LATE) / 2 / late)));
      this.#soon = 0;
      this.#patience = Math.min(MOST_PATIENCE, this.#patience * 2);
      this.#update();
    } else if (this.#run < USUAL) this.#recover(late);
    this.apply(L);
  }

  /** It was the machine, or an operation that is over: looks at every few instructions make a run several times slower. */
  #recover(late: number): void {
    this.#soon = late < LATE / 4 ? this.#soon + 1 : 0;
    if (this.#soon < this.#patience) return;
    this.#soon = 0;
    this.#run = Math.min(USUAL, this.#run * 2);
    this.#update();
  }

  /** Makes the looks on `L` as frequent as they must be. */
  apply(L: State): void {
    if (this.#get(L) !== this.#instructions) this.#set(L, this.#instructions);
  }

  /** A string of at least LONG_STRING bytes is there. True when looks must come more often from now on. */
  created(at: Pointer, size: number): boolean {
    this.#sizes.set(at, size);
    if (size <= this.#longest) return false;
    this.#longest = size;
    return this.#update();
  }

  /** Something of at least LONG_STRING bytes has gone. */
  gone(at: Pointer): void {
    const size = this.#sizes.get(at);
    if (size === undefined) return;
    this.#sizes.delete(at);
    if (size < this.#longest) return;
    this.#longest = 0;
    for (const other of this.#sizes.values()) this.#longest = Math.max(this.#longest, other);
    this.#update();
  }

  #update(): boolean {
    const before = this.#instructions;
    const allowed = this.#longest === 0 ? USUAL : Math.max(1, Math.floor(BYTES / this.#longest));
    this.#instructions = Math.min(USUAL, this.#run, allowed);
    return this.#instructions < before;
  }
}
