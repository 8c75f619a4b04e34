// A time-out that is moved far more often than it fires: moving it is an assignment, and one timer looks now and then whether it is due.
import type { Clock, Timer } from './clock.ts';

export class Deadline {
  readonly #clock: Clock;
  readonly #fire: () => void;
  readonly #keepsAlive: boolean;
  #timer: Timer | undefined;
  /** When the timer fires; it looks then. */
  #looksAt = 0;
  #due = Number.POSITIVE_INFINITY;
  #since = 0;

  /** `keepsAlive`: the timer keeps the process alive, also while it only looks. */
  constructor(clock: Clock, fire: () => void, keepsAlive = true) {
    this.#clock = clock;
    this.#fire = fire;
    this.#keepsAlive = keepsAlive;
  }

  /** When it was started last; monotonic milliseconds. */
  get since(): number {
    return this.#since;
  }

  /** Fires in `ms` milliseconds from `now`, for who has just asked the clock, unless it is moved or stopped before. */
  start(ms: number, now = this.#clock.monotonic()): void {
    this.#since = now;
    this.#due = now + ms;
    if (this.#timer !== undefined && this.#looksAt <= this.#due) return;
    this.#timer?.cancel();
    this.#arm(now, ms);
  }

  /** It does not fire any more; the timer may still look once. */
  stop(): void {
    this.#due = Number.POSITIVE_INFINITY;
  }

  /** Stops for good and leaves no timer behind. */
  dispose(): void {
    this.stop();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(now: number, ms: number): void {
    this.#looksAt = now + ms;
    this.#timer = this.#clock.after(ms, () => this.#look());
    if (!this.#keepsAlive) this.#timer.unref();
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#due === Number.POSITIVE_INFINITY) return;
    const now = this.#clock.monotonic();
    // Timers may fire a fraction of a millisecond early.
    if (now + 1 >= this.#due) {
      this.stop();
      this.#fire();
    } else this.#arm(now, Math.ceil(this.#due - now));
  }
}
