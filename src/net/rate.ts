// How often connections may come: options rate-global (a second) and rate-client (a minute). Counting only; the server decides what follows. Times are those of the monotonic
// clock: what the wall clock is set to must neither refuse nor admit anybody.

const SLOT_MS = 6000;
const SLOTS = 10;

/** The last second that has places taken, by its number, and how many. */
export interface TakenPlaces {
  readonly second: number;
  readonly count: number;
}

const NO_PLACES: TakenPlaces = { second: -1, count: 0 };

/**
 * The next free place at `now` (milliseconds) when each second has `limit` of them (at least 1) and they are taken one after the other:
 * in this second, or in the first later one that is not full.
 */
export function nextPlace(taken: TakenPlaces, limit: number, now: number): TakenPlaces {
  const second = Math.floor(now / 1000);
  if (second > taken.second) return { second, count: 1 };
  return taken.count < limit
    ? { second: taken.second, count: taken.count + 1 }
    : { second: taken.second + 1, count: 1 };
}

/** Milliseconds from `now` until the second of a place begins; 0 when it has. */
export function waitFor(place: TakenPlaces, now: number): number {
  return Math.max(0, place.second * 1000 - now);
}

/** Places of the whole server: so many connections may begin in each second, the others wait in order. */
export class SecondPlaces {
  #taken = NO_PLACES;

  /** Takes the next place and gives the milliseconds to wait for it; undefined, and none is taken, when that is more than `longest`. */
  take(limit: number, now: number, longest: number): number | undefined {
    const place = nextPlace(this.#taken, limit, now);
    const wait = waitFor(place, now);
    if (wait > longest) return undefined;
    this.#taken = place;
    return wait;
  }
}

interface Window {
  /** The latest slot counted in, as a number of 6 s of the clock. */
  last: number;
  readonly counts: number[];
}

/** Connections of each client in the last 60 seconds, in ten slots of 6 seconds. */
export class ClientRate {
  readonly #windows = new Map<string, Window>();
  readonly #capacity: number;

  /** `capacity`: clients remembered; beyond it the one that came longest ago is forgotten. */
  constructor(capacity = 16_384) {
    this.#capacity = capacity;
  }

  /**
   * Counts a connection of `key` at `now` (milliseconds) unless it is the one too many for `limit`. Gives the count of the last 60 s
   * with this one: refused when it is greater than `limit`.
   */
  count(key: string, limit: number, now: number): number {
    const slot = Math.floor(now / SLOT_MS);
    let window = this.#windows.get(key);
    if (window === undefined) window = { last: slot, counts: new Array<number>(SLOTS).fill(0) };
    else this.#windows.delete(key);
    this.#windows.set(key, window);
    if (this.#windows.size > this.#capacity) this.#forgetOldest();
    const passed = Math.min(Math.max(slot - window.last, 0), SLOTS);
    for (let i = 1; i <= passed; i++) window.counts[(window.last + i) % SLOTS] = 0;
    window.last = Math.max(window.last, slot);
    let total = 1;
    for (const count of window.counts) total += count;
    const index = window.last % SLOTS;
    if (total <= limit) window.counts[index] = (window.counts[index] ?? 0) + 1;
    return total;
  }

  get size(): number {
    return this.#windows.size;
  }

  #forgetOldest(): void {
    for (const key of this.#windows.keys()) {
      this.#windows.delete(key);
      return;
    }
  }
}
