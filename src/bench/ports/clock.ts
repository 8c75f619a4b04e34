// A clock that stands still until a test moves it. Timers fire in order of their time, within advance().
import type { Clock, Timer } from '../../base/clock.ts';

/** Longer than this no timer waits: it never fires. */
const NEVER = 2_147_483_647;

interface Pending {
  at: number;
  readonly ms: number;
  readonly fire: () => void;
}

export class FakeClock implements Clock {
  #now: number;
  /** What the wall clock was set to, as the distance from where it would be. */
  #wall = 0;
  readonly #pending = new Set<Pending>();

  /** `now`: milliseconds since the Epoch. */
  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now + this.#wall;
  }

  /** Sets the wall clock `ms` milliseconds off; monotonic time and timers do not notice. */
  setWall(ms: number): void {
    this.#wall = ms;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, fire: () => void): Timer {
    const pending: Pending = { at: this.#now + ms, ms, fire };
    if (ms < NEVER) this.#pending.add(pending);
    return {
      cancel: () => {
        this.#pending.delete(pending);
      },
      restart: () => {
        if (this.#pending.has(pending)) pending.at = this.#now + ms;
      },
      // Nothing here keeps a process alive.
      unref() {},
    };
  }

  /** Timers not fired yet. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Milliseconds until the next timer is due; undefined: there is none. */
  get nextIn(): number | undefined {
    let next: number | undefined;
    for (const { at } of this.#pending) if (next === undefined || at < next) next = at;
    return next === undefined ? undefined : Math.max(0, next - this.#now);
  }

  /** Moves time on and fires what is due. Does not wait for promises: await what you expect. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      let next: Pending | undefined;
      for (const one of this.#pending)
        if (one.at <= until && (next === undefined || one.at < next.at)) next = one;
      if (next === undefined) break;
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.fire();
    }
    this.#now = until;
  }
}
