// The circuit breaker before a server that many calls need: when it fails, calls are answered `down` at once instead of each waiting for
// its time-out, and one trial at a time finds out whether it is back. A state machine: times are handed in, whoever owns it has the timer.
//
// Must never do I/O, read a clock, or let more than one trial be under way.
import type { RandomInteger } from '../base/clock.ts';

/** So many failures in a row open it. */
export const FAILURES_IN_A_ROW = 5;
/** Of so many outcomes in a row, all within WINDOW_MS, half are failures: that opens it too. */
export const WINDOW = 20;
export const WINDOW_MS = 2000;
/** Milliseconds before the first trial; doubled after each that fails. */
export const FIRST_PAUSE_MS = 1000;
export const LONGEST_PAUSE_MS = 30_000;
/** Each pause is that much shorter or longer, so that many processes do not come back at the same moment. */
export const JITTER = 0.2;

/** `closed`: calls go to the server. `open`: they do not. `trying`: one trial is under way, calls do not go to the server. */
export type BreakerState = 'closed' | 'open' | 'trying';

export class Breaker {
  readonly #random: RandomInteger;
  #state: BreakerState = 'closed';
  #inARow = 0;
  /** Outcomes of the last calls, the oldest at `#next`. */
  readonly #times = new Float64Array(WINDOW).fill(Number.NEGATIVE_INFINITY);
  readonly #failures = new Uint8Array(WINDOW);
  #failed = 0;
  #next = 0;
  /** Without jitter. */
  #step = 0;
  #pause = 0;
  #closedAt = Number.NEGATIVE_INFINITY;

  constructor(random: RandomInteger) {
    this.#random = random;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Milliseconds from the moment it opened, or a trial failed, to the next trial. */
  get pauseMs(): number {
    return this.#pause;
  }

  /** The server has answered a call. */
  worked(now: number): void {
    if (this.#state !== 'closed') return;
    this.#inARow = 0;
    this.#note(now, 0);
  }

  /** The server has not, or not as it should. True when that has opened it. */
  failed(now: number): boolean {
    if (this.#state !== 'closed') return false;
    this.#inARow++;
    this.#note(now, 1);
    // The slot that is written next has the oldest.
    const oldest = this.#times[this.#next] ?? Number.NEGATIVE_INFINITY;
    const isHalf = this.#failed * 2 >= WINDOW && now - oldest <= WINDOW_MS;
    return (this.#inARow >= FAILURES_IN_A_ROW || isHalf) && this.open(now);
  }

  /** Opens it at once: there is no connection, so that no call can succeed. True when it was not open before. */
  open(now: number): boolean {
    if (this.#state !== 'closed') return false;
    // One that opens again soon after it closed had not really come back: its pauses go on growing.
    if (now - this.#closedAt > this.#pause) this.#step = 0;
    this.#lengthen();
    return true;
  }

  /** The pause is over: a trial begins. False when none is due. */
  startTrial(): boolean {
    if (this.#state !== 'open') return false;
    this.#state = 'trying';
    return true;
  }

  /** The end of the trial. True when it has closed it. */
  endTrial(isUp: boolean, now: number): boolean {
    if (this.#state !== 'trying') return false;
    if (!isUp) {
      this.#lengthen();
      return false;
    }
    this.#state = 'closed';
    this.#closedAt = now;
    this.#inARow = 0;
    this.#failed = 0;
    this.#times.fill(Number.NEGATIVE_INFINITY);
    this.#failures.fill(0);
    return true;
  }

  #note(now: number, failure: 0 | 1): void {
    const at = this.#next;
    this.#failed += failure - (this.#failures[at] ?? 0);
    this.#failures[at] = failure;
    this.#times[at] = now;
    this.#next = (at + 1) % WINDOW;
  }

  #lengthen(): void {
    this.#state = 'open';
    this.#step = this.#step === 0 ? FIRST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, this.#step * 2);
    const spread = Math.round(this.#step * JITTER);
    this.#pause = this.#step - spread + this.#random(2 * spread + 1);
  }
}
