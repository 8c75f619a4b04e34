// Time and randomness, handed in so that tests need no sleeping and can run in parallel. Nothing else in src/ calls
// Date.now, setTimeout or Math.random.
import { randomInt } from 'node:crypto';

export interface Timer {
  /** Stops the timer; harmless when it has fired. */
  cancel(): void;
  /** Starts the full delay again; harmless when it has fired. */
  restart(): void;
  /** From now on the timer does not keep the process alive. Left out by clocks that never do. */
  unref?(): void;
}

export interface Clock {
  /** Milliseconds since the Epoch. */
  now(): number;
  /** Milliseconds, never going back; only differences mean something. The same in all processes of the machine. */
  monotonic(): number;
  /** Calls `fire` once after `ms` milliseconds (0 to 2^31-1). The timer keeps the process alive. */
  after(ms: number, fire: () => void): Timer;
}

/** An unpredictable integer, 0 <= n < limit (limit at most 2^48-1). */
export type RandomInteger = (limit: number) => number;

class SystemTimer implements Timer {
  readonly #timeout: NodeJS.Timeout;
  constructor(ms: number, fire: () => void) {
    this.#timeout = setTimeout(fire, ms);
  }
  cancel(): void {
    clearTimeout(this.#timeout);
  }
  restart(): void {
    this.#timeout.refresh();
  }
  unref(): void {
    this.#timeout.unref();
  }
}

/** performance.now() counts from the start of the process; workers count connections by the same clock. */
const processStart = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => processStart + performance.now(),
  after: (ms, fire) => new SystemTimer(ms, fire),
};

export const systemRandom: RandomInteger = (limit) => randomInt(limit);
