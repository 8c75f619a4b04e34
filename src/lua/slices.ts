// Shares the processor among runs of Lua that take long: a run is interrupted after a slice, the event loop comes round, and the runs
// that were interrupted go on in turn. What all of them use between two rounds of the event loop is bounded.
import type { Clock } from '../ops/clock.ts';

/** Milliseconds that a run may go on in one piece. */
const SLICE = 10;
/** Milliseconds that all runs together may use in one round of the event loop. */
const ROUND = 20;

export class Slices {
  readonly #clock: Clock;
  /** Runs that wait for their turn. */
  readonly #queue: (() => void)[] = [];
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

  /** Lua has stopped running. */
  finish(): void {
    if (this.#since === 0) return;
    this.#used += this.#clock.monotonic() - this.#since;
    this.#since = 0;
    this.#schedule();
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

  /** Calls `run` when it is its turn, never at once. */
  queue(run: () => void): void {
    this.#queue.push(run);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#round());
  }

  #round(): void {
    this.#scheduled = false;
    // One at least, whatever the hooks that began in this round have used. Who is interrupted again waits for the next round.
    const waiting = this.#queue.length;
    let next = 0;
    while (next < waiting && (next === 0 || this.#used < ROUND)) {
      this.#queue[next]?.();
      next += 1;
    }
    this.#queue.splice(0, next);
    this.#used = 0;
    if (this.#queue.length > 0) this.#schedule();
  }
}
