// Removes what has expired: once a second one of all workers, in slices that stop nobody. What has expired is not given out before either, so
// this only gives room back.
import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Maybe } from '../../base/maybe.ts';
import type { Entries } from './entries.ts';
import type { Tally } from './tally.ts';

/** A transaction, as the store makes them: its outcome, or an object that says why not. */
type Change = <T>(action: (tally: Tally, now: number) => T) => Maybe<T | { readonly kind: 'failed' }>;

export interface SweeperParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Its name, for lines. */
  readonly store: string;
  readonly entries: Entries;
  readonly change: Change;
}

const EVERY = 1000;
/** Who has swept less than this ago goes on doing so. */
const TURN = 900;
/** Of a slice; and with a clock that stands still, entries. */
const SLICE_MS = 0.5;
const SLICE_ENTRIES = 100;
/** Others have the loop, and the lock of the store, between two slices. */
const BETWEEN = 1;
const HOUR = 3_600_000;

export class Sweeper {
  readonly #parts: SweeperParts;
  #timer: Timer;
  #stopped = false;
  #latest: number;

  constructor(parts: SweeperParts) {
    this.#parts = parts;
    this.#latest = parts.clock.now();
    this.#timer = this.#after(EVERY, () => this.#look());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.cancel();
  }

  #after(ms: number, fire: () => void): Timer {
    const timer = this.#parts.clock.after(ms, () => {
      if (!this.#stopped) fire();
    });
    timer.unref();
    return timer;
  }

  #again(ms: number, fire: () => void): void {
    if (!this.#stopped) this.#timer = this.#after(ms, fire);
  }

  #look(): void {
    const { clock, entries, log, store } = this.#parts;
    const now = clock.now();
    if (now < this.#latest - HOUR) {
      log.emit('store-clock', { store, seconds: Math.round((this.#latest - now) / 1000) });
      this.#latest = now;
    }
    this.#latest = Math.max(this.#latest, now);
    let isDue = false;
    try {
      isDue = entries.isDue(now);
    } catch {
      // What cannot be read now may be later; calls of policies say so.
    }
    if (isDue) void this.#sweep(true);
    else this.#again(EVERY, () => this.#look());
  }

  /** One slice. The first takes the turn, if nobody has it. */
  async #sweep(isFirst: boolean): Promise<void> {
    const { change, clock, entries } = this.#parts;
    const swept = await change((tally, now) => {
      if (isFirst && Math.abs(now - tally.sweptAt) < TURN) return undefined;
      tally.sweptAt = now;
      tally.isChanged = true;
      const until = clock.monotonic() + SLICE_MS;
      return entries.sweep(tally, now, SLICE_ENTRIES, () => clock.monotonic() < until);
    });
    if (typeof swept === 'number' && swept > 0) this.#again(BETWEEN, () => void this.#sweep(false));
    else this.#again(EVERY, () => this.#look());
  }
}
