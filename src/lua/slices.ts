// Shares the processor among runs of Lua that take long: a run is interrupted after a slice, the event loop comes round, and the runs
// that were interrupted go on in turn. What all of them use between two rounds of the event loop is bounded.
import type { Clock } from '../ops/clock.ts';

/** Milliseconds that a run may go on in one piece. */
const SLICE = 10;
/** Steps of work that must be done first, in one round, if a clock stands still. */
const MOST_STEPS = 10_000;
/** Milliseconds that all runs together may use in one round of the event loop. */
const ROUND = 20;

export class Slices {
  readonly #clock: Clock;
  /** Runs that wait for their turn. */
  readonly #queue: (() => void)[] = [];
  /** Of those whose turn comes first in every other round: they have taken long nowhere yet. */
  readonly #quick: (() => void)[] = [];
  #quickFirst = false;
  /** What must be done before anyone in the queue goes on. */
  #first: (() => boolean) | undefined;
  #scheduled = false;
  /** Used since the event loop came round. */
  #used = 0;
  /** When the stretch of Lua that is running was first looked at; 0 before that. A hook that returns at once is never looked at. */
  #since = 0;
  #end = 0;
  /** False while Lua runs that must come to its end: the thread is being emptied. */
  enabled = true;
  /** A run has been told to yield and has not come out yet. */
  interrupted = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Lua begins to run or goes on. */
  begin(): void {
    this.#since = 0;
    this.interrupted = false;
  }

  /** Lua has stopped running. True when it took longer than a slice. */
  finish(): boolean {
    if (this.#since === 0) return false;
    const took = this.#clock.monotonic() - this.#since;
    this.#used += took;
    this.#since = 0;
    this.#schedule();
    return took >= SLICE;
  }

  /**
   * Whether nothing should begin or go on out of turn: the time of this round of the event loop is used up, where one that cannot be interrupted
   * would hold up all others even more, or others have been waiting since then.
   */
  get spent(): boolean {
    return this.#used >= ROUND || this.#quick.length > 0;
  }

  /** Whether the stretch that is running has had its time. */
  over(now: number): boolean {
    if (this.#since === 0) {
      this.#since = now;
      this.#end = now + Math.max(0, Math.min(SLICE, ROUND - this.#used));
      return false;
    }
    return now >= this.#end;
  }

  /** Calls `run` when it is its turn, never at once; `quick`: it has not taken long before. */
  queue(run: () => void, quick = false): void {
    (quick ? this.#quick : this.#queue).push(run);
    this.#schedule();
  }

  /** Calls `work` again and again, for a slice in each round, until it gives true; nobody in the queue gets a turn before. */
  first(work: () => boolean): void {
    this.#first = work;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#round());
  }

  /** Calls `work` for a slice, or until it gives true; gives the last answer. */
  once(work: () => boolean): boolean {
    const end = this.#clock.monotonic() + SLICE;
    for (let n = 0; n < MOST_STEPS; n++) {
      if (work()) return true;
      if (this.#clock.monotonic() >= end) break;
    }
    return false;
  }

  #doFirst(work: () => boolean): void {
    const done = this.once(work);
    if (done) this.#first = undefined;
    this.#used = 0;
    if (!done || this.#waiting) this.#schedule();
  }

  #round(): void {
    this.#scheduled = false;
    if (this.#first !== undefined) {
      this.#doFirst(this.#first);
      return;
    }
    this.#quickFirst = !this.#quickFirst;
    const [one, other] = this.#quickFirst ? [this.#quick, this.#queue] : [this.#queue, this.#quick];
    // One at least, whatever the hooks that began in this round have used.
    this.#runSome(other, this.#runSome(one, true));
    // Who could not be interrupted has used time of the next round: then nobody begins in that one out of turn.
    this.#used = Math.max(0, Math.min(ROUND, this.#used - ROUND));
    if (this.#waiting) this.#schedule();
  }

  get #waiting(): boolean {
    return this.#queue.length > 0 || this.#quick.length > 0;
  }

  /** Gives those who wait a turn while there is time, `one` in any case. True when `one` was and nobody waited. Who is interrupted again waits for the next round. */
  #runSome(queue: (() => void)[], one: boolean): boolean {
    const waiting = queue.length;
    let next = 0;
    while (next < waiting && ((one && next === 0) || this.#used < ROUND)) {
      queue[next]?.();
      next += 1;
    }
    queue.splice(0, next);
    return one && next === 0;
  }
}
