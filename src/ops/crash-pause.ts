// How long to wait before a process that ended soon after its start is started again: 1, 2, 4 ... 30 s, so that a crash at start is no
// busy loop. A process that ends after a longer life is replaced at once.

/** A life shorter than this counts as a failed start. */
const EARLY_MS = 10_000;
/** One that asks to be replaced has served in vain when it was this short. */
const SHORT_MS = 60_000;
const FIRST_MS = 1000;
const LAST_MS = 30_000;
/** This long after the last failure the series is over. */
const FORGET_MS = 60_000;

export class CrashPause {
  #failures = 0;
  #last = Number.NEGATIVE_INFINITY;

  /** A process has ended by itself at `now` (ms) after `lifeMs`; `served`: it had come as far as accepting connections. */
  ended(now: number, lifeMs: number, served: boolean): void {
    if (lifeMs < EARLY_MS || !served) this.#failed(now);
  }

  /** A process has asked at `now` to be replaced, after `lifeMs`. */
  asked(now: number, lifeMs: number): void {
    if (lifeMs < SHORT_MS) this.#failed(now);
  }

  /** The operator has changed something: the next start is not held back. */
  reset(): void {
    this.#failures = 0;
  }

  /** Milliseconds to wait at `now` before the next start; 0 while nothing has failed. */
  ms(now: number): number {
    if (now - this.#last > FORGET_MS) this.#failures = 0;
    return this.#failures === 0 ? 0 : Math.min(FIRST_MS * 2 ** (this.#failures - 1), LAST_MS);
  }

  #failed(now: number): void {
    this.ms(now);
    this.#failures++;
    this.#last = now;
  }
}
