// Removes what has expired: once a second one of all workers, in slices that stop nobody. What has expired is not given out before either, so
// this only gives room back. Counts a store whose tally was damaged, and throws out what is more than may be there, in such slices too.
import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Maybe } from '../../base/maybe.ts';
import type { Entries } from './entries.ts';
import type { Tally } from './tally.ts';
import type { Upkeep } from './upkeep.ts';

/** A transaction, as the store makes them: its outcome, or an object that says why not. */
type Change = <T>(action: (tally: Tally, now: number) => T) => Maybe<T | { readonly kind: 'failed' }>;

export interface SweeperParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Its name, for lines. */
  readonly store: string;
  readonly entries: Pick<Entries, 'tally'>;
  readonly upkeep: Upkeep;
  readonly change: Change;
}

const EVERY = 1000;
/** Who has swept less than this ago goes on doing so. */
const TURN = 900;
/** Of a slice; and with a clock that stands still, entries. */
const SLICE_MS = 0.5;
const SLICE_ENTRIES = 100;
const SLICE_LEAST = 8;
/** Others have the loop, and the lock of the store, between two slices. */
const BETWEEN = 1;
const HOUR = 3_600_000;

export class Sweeper {
  readonly #parts: SweeperParts;
  #timer: Timer;
  #stopped = false;

  constructor(parts: SweeperParts) {
    this.#parts = parts;
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
    const { clock, entries, upkeep } = this.#parts;
    const now = clock.now();
    let isDue = false;
    let isBack = false;
    try {
      const tally = entries.tally();
      isDue = upkeep.isDue(tally, now);
      isBack = tally !== undefined && now < tally.latest - HOUR;
    } catch {
      // What cannot be read now may be later; calls of policies say so.
    }
    if (isBack) void this.#tellClock();
    if (isDue) void this.#sweep(true);
    else this.#again(EVERY, () => this.#look());
  }

  /** The clock has been set back, while a process ran or none did: one of all workers says so. */
  async #tellClock(): Promise<void> {
    const { change, log, store } = this.#parts;
    const back = await change((tally, now) => {
      const ms = tally.latest - now;
      if (ms < HOUR) return 0;
      tally.latest = now;
      tally.isChanged = true;
      return ms;
    });
    if (typeof back === 'number' && back > 0)
      log.emit('store-clock', { store, seconds: Math.round(back / 1000) });
  }

  /** One slice. The first takes the turn, if nobody has it. */
  async #sweep(isFirst: boolean): Promise<void> {
    const { change, clock, upkeep } = this.#parts;
    const isMore = await change((tally, now) => {
      if (isFirst && Math.abs(now - tally.sweptAt) < TURN) return false;
      tally.sweptAt = now;
      tally.isChanged = true;
      const until = clock.monotonic() + SLICE_MS;
      // On the slowest machine it gets on.
      let asked = 0;
      return upkeep.slice(
        tally,
        now,
        SLICE_ENTRIES,
        () => ++asked <= SLICE_LEAST || clock.monotonic() < until,
      );
    });
    if (isMore === true) this.#again(BETWEEN, () => void this.#sweep(false));
    else this.#again(EVERY, () => this.#look());
  }
}
