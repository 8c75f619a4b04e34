// Processor time of one run of Lua. Measured by the clock while Lua runs (cheap, and never less than the processor time); before
// a run is stopped the processor time of the process has the last word, so that a loaded machine stops nobody.
import type { Clock } from '../ops/clock.ts';

/** User and system time of the process, milliseconds. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export class CpuMeter {
  readonly #clock: Clock;
  #limit = 0;
  #earlier = 0;
  #sliceStart = 0;
  /** Processor time when half of the limit was used, and what was used then. */
  #halfway: { readonly processor: number; readonly used: number } | undefined;
  #next = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A run begins; `limit` in milliseconds. */
  start(limit: number): void {
    this.#limit = limit;
    this.#earlier = 0;
    this.#sliceStart = 0;
    this.#halfway = undefined;
    this.#next = limit / 2;
  }

  /** Lua has stopped running, for now or for good. */
  pause(): void {
    if (this.#sliceStart === 0) return;
    this.#earlier += this.#clock.monotonic() - this.#sliceStart;
    this.#sliceStart = 0;
  }

  /** Called now and then while Lua runs; true when the run has used up its time. */
  exhausted(): boolean {
    const now = this.#clock.monotonic();
    if (this.#sliceStart === 0) {
      this.#sliceStart = now;
      return false;
    }
    const used = this.#earlier + now - this.#sliceStart;
    if (used < this.#next) return false;
    if (this.#halfway === undefined) {
      this.#halfway = { processor: processorTime(), used };
      this.#next = Math.max(this.#limit, used);
      return false;
    }
    const spent = this.#halfway.used + processorTime() - this.#halfway.processor;
    if (spent >= this.#limit) return true;
    this.#next = used + (this.#limit - spent);
    return false;
  }
}
