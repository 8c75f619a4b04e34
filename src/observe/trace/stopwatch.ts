// Where the time of a session goes: what lies between two of its steps belongs to what it did, or waited for, behind the first of them. Pure.
import { type TimeFor, type TraceTotals, timesFor } from './entry.ts';

/** Milliseconds in tenths. */
export const tenths = (ms: number): number => Math.max(0, Math.round(ms * 10) / 10);

export class Stopwatch {
  #last: number;
  #since: number;
  readonly #start: number;
  readonly #all = new Map<TimeFor, number>();
  readonly #part = new Map<TimeFor, number>();

  /** Monotonic milliseconds. */
  constructor(now: number) {
    this.#last = now;
    this.#since = now;
    this.#start = now;
  }

  /** The time since the last step was for this, but for `policy` milliseconds at its end. */
  step(now: number, time: TimeFor, policy = 0): void {
    const gap = now - this.#last;
    this.#last = now;
    const lua = Math.min(gap, policy);
    this.#add('policy', lua);
    this.#add(time, gap - lua);
  }

  #add(time: TimeFor, ms: number): void {
    if (ms <= 0) return;
    this.#all.set(time, (this.#all.get(time) ?? 0) + ms);
    this.#part.set(time, (this.#part.get(time) ?? 0) + ms);
  }

  /** Milliseconds from the beginning. */
  at(now: number): number {
    return tenths(now - this.#start);
  }

  /** What was since the last call. */
  lap(): { readonly total: number; readonly totals: TraceTotals } {
    const lap = { total: tenths(this.#last - this.#since), totals: totalsOf(this.#part) };
    this.#since = this.#last;
    this.#part.clear();
    return lap;
  }

  whole(): { readonly total: number; readonly totals: TraceTotals } {
    return { total: tenths(this.#last - this.#start), totals: totalsOf(this.#all) };
  }
}

function totalsOf(times: ReadonlyMap<TimeFor, number>): TraceTotals {
  const totals: Partial<Record<TimeFor, number>> = {};
  for (const time of timesFor) {
    const ms = tenths(times.get(time) ?? 0);
    if (ms > 0) totals[time] = ms;
  }
  return totals;
}
