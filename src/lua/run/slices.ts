// Shares the processor among runs of Lua that take long: a run is interrupted after a slice, the event loop comes round, and the runs
// that were interrupted go on in turn. What all of them use between two rounds of the event loop is bounded.
import type { Clock } from '../../base/clock.ts';

/** Milliseconds that a run may go on in one piece. */
const SLICE = 10;
/** Kinds of runs that are kept for a policy; more than there are. */
const MOST_KINDS = 1000;
/** Steps of work that must be done first, in one round, if a clock stands still. */
const MOST_STEPS = 10_000;
/** Milliseconds that all runs together may use in one round of the event loop. */
const ROUND = 20;
/** A stretch that took longer than this, milliseconds, could not be interrupted. */
const STUBBORN = 25;

export class Slices {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** Runs that wait for their turn and have taken long before. */
  readonly #queue: (() => void)[] = [];
  /** Those who have not: their turn comes first, and they begin in every round. */
  readonly #quick: (() => void)[] = [];
  /** Those who take long had no turn in the last round: they come first. */
  #due = false;
  /** What ran since the event loop came round could not be interrupted, and used more than there is. */
  #overran = false;
  /** The last round was one in which nobody who takes long ran. */
  #rested = false;
  /** For each policy, what could not be interrupted: `hook.rcpt`, `hook.rcpt after dns.wait`; of bounded sets. */
  readonly #stubborn = new WeakMap<object, Set<string>>();
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

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Lua begins to run or goes on. */
  begin(): void {
    this.#since = 0;
    this.interrupted = false;
  }

  /** Lua has stopped running. Milliseconds that it took, since it was first looked at. */
  finish(): number {
    if (this.#since === 0) return 0;
    const took = this.#clock.monotonic() - this.#since;
    this.#used += took;
    this.#since = 0;
    this.#schedule();
    return took;
  }

  /**
   * Whether nothing should begin or go on out of turn: the time of this round of the event loop is used up, where one that cannot be interrupted
   * would hold up all others even more, or others have been waiting since then.
   */
  get spent(): boolean {
    return this.#used >= ROUND || this.#quick.length > 0;
  }

  /** Whether one that takes long must wait for its turn though there is time: others of them wait, or have used too much. */
  get strained(): boolean {
    return this.#queue.length > 0 || this.#overran;
  }

  /** A stretch of `what` in the policy `of` has ended. True when one like it is no quick one any more. */
  took(time: number, of: object, what: string): boolean {
    if (time >= STUBBORN) {
      const known = this.#stubborn.get(of);
      if (known === undefined) this.#stubborn.set(of, new Set([what]));
      else if (known.size < MOST_KINDS) known.add(what);
    }
    return time >= SLICE;
  }

  /** Whether `what` in the policy `of` has taken long where it cannot be interrupted. */
  isStubborn(of: object, what: string): boolean {
    return this.#stubborn.get(of)?.has(what) === true;
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
    this.#overran = false;
    if (!done || this.#waiting) this.#schedule();
  }

  #round(): void {
    this.#scheduled = false;
    if (this.#first !== undefined) {
      this.#doFirst(this.#first);
      return;
    }
    // Who could not be interrupted has used the time of a round, which nobody who takes long has after it: the event loop comes round twice.
    const rest = !this.#rested && (this.#overran || this.#used >= ROUND);
    this.#rested = rest;
    const waited = this.#queue.length > 0;
    let ran = false;
    if (this.#due && !rest) ran = this.#runSome(this.#queue);
    this.#runSome(this.#quick);
    if (!ran && !rest) ran = this.#runSome(this.#queue);
    this.#due = waited && !ran;
    this.#overran = this.#used >= STUBBORN;
    this.#used = 0;
    if (this.#waiting || this.#overran) this.#schedule();
  }

  get #waiting(): boolean {
    return this.#queue.length > 0 || this.#quick.length > 0;
  }

  /** Gives those who wait a turn while there is time. True when one had it. Who is interrupted again waits for the next round. */
  #runSome(queue: (() => void)[]): boolean {
    const waiting = queue.length;
    let next = 0;
    while (next < waiting && this.#used < ROUND) {
      queue[next]?.();
      next += 1;
    }
    queue.splice(0, next);
    return next > 0;
  }
}
