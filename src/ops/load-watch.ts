// Whether this process has more to do than it can: looked at twice a second, before anything breaks. What is looked at is the lag of the event
// loop, the memory of the process and the room for message files; file descriptors have a watch of their own (net/descriptors.ts).
import type { Clock, Timer } from '../base/clock.ts';

export type Overload = 'lag' | 'memory' | 'spool';

/** Options limit-lag, limit-memory, limit-spool-free; 0 is no limit. */
export interface LoadLimits {
  /** Milliseconds. */
  readonly lag: number;
  /** MiB. */
  readonly memory: number;
  /** MiB. */
  readonly spoolFree: number;
}

export interface LoadWatchParts {
  readonly clock: Clock;
  readonly limits: () => LoadLimits;
  /** MiB in memory now. */
  readonly memory: () => number;
  /** MiB that are free where message files lie; undefined: nobody knows. Never rejects. */
  readonly spoolFree: () => Promise<number | undefined>;
  /** It is overloaded from now on, with what in words; or it is not any more. */
  readonly changed: (cause: Overload | undefined, text: string) => void;
  /** Seconds of lag, each time that it is looked at. */
  readonly lagged: (seconds: number) => void;
}

const LOOK_MS = 500;
/** Looks between two looks at the disk. */
const DISK_LOOKS = 10;
/** One standstill is over when it is seen; two, one after the other, are more work than time. */
const LAGS = 2;

export class LoadWatch {
  readonly #parts: LoadWatchParts;
  #timer: Timer | undefined;
  #due = 0;
  /** Looks one after the other with too much lag. */
  #lags = 0;
  #looks = 0;
  #spoolFree: number | undefined;
  #cause: Overload | undefined;
  #stopped = false;

  constructor(parts: LoadWatchParts) {
    this.#parts = parts;
    this.#lookAtDisk();
    this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #wait(): void {
    const { clock } = this.#parts;
    this.#due = clock.monotonic() + LOOK_MS;
    this.#timer = clock.after(LOOK_MS, () => this.#look());
    this.#timer.unref();
  }

  #look(): void {
    const { clock, lagged, limits } = this.#parts;
    const lag = Math.max(0, clock.monotonic() - this.#due);
    lagged(lag / 1000);
    const { lag: most } = limits();
    this.#lags = most > 0 && lag > most ? this.#lags + 1 : 0;
    if (++this.#looks % DISK_LOOKS === 0) this.#lookAtDisk();
    this.#judge(lag);
    this.#wait();
  }

  #lookAtDisk(): void {
    void this.#parts.spoolFree().then((free) => {
      this.#spoolFree = free;
    });
  }

  #judge(lag: number): void {
    const { changed, limits, memory } = this.#parts;
    const most = limits();
    const used = most.memory > 0 ? memory() : 0;
    const free = this.#spoolFree;
    let cause: Overload | undefined;
    let text = '';
    if (this.#lags >= LAGS) {
      cause = 'lag';
      text = `the event loop is ${Math.round(lag)} ms late, limit-lag is ${most.lag}`;
    } else if (used > most.memory) {
      cause = 'memory';
      text = `${used} MiB of memory, limit-memory is ${most.memory}`;
    } else if (free !== undefined && free < most.spoolFree) {
      cause = 'spool';
      text = `${free} MiB are free where message files lie, limit-spool-free is ${most.spoolFree}`;
    }
    if (cause === this.#cause || this.#stopped) return;
    this.#cause = cause;
    changed(cause, text);
  }
}
