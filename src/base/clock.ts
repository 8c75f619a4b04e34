// Time, how busy the process is, and randomness, handed in so that tests need no sleeping and can run in parallel. Nothing else in src/ calls
// Date.now or Math.random, nor setTimeout for what a spec has to wait for. A clock must never fire a timer from within the call that sets it.
import { randomInt } from 'node:crypto';

export interface Timer {
  /** Stops the timer; harmless when it has fired. */
  cancel(): void;
  /** Starts the full delay again; harmless when it has fired. */
  restart(): void;
  /** From now on the timer does not keep the process alive. */
  unref(): void;
}

export interface Clock {
  /** Milliseconds since the Epoch. */
  now(): number;
  /** Milliseconds, never going back; only differences mean something. The same in all processes of the machine. */
  monotonic(): number;
  /** Calls `fire` once after `ms` milliseconds (0 to 2^31-1). The timer keeps the process alive. */
  after(ms: number, fire: () => void): Timer;
}

/** Resolves after `ms` milliseconds, or as soon as the signal aborts. */
export function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve(undefined);
    };
    const timer = clock.after(ms, done);
    signal.addEventListener('abort', done);
  });
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

/** Milliseconds, since it began, that an event loop has worked and has waited. */
export interface LoopTime {
  readonly active: number;
  readonly idle: number;
}

export type ReadLoopTime = () => LoopTime;

/** Of this thread. */
export const systemLoop: ReadLoopTime = () => performance.eventLoopUtilization();

export const systemRandom: RandomInteger = (limit) => randomInt(limit);
