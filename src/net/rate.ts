// How often connections may come: options rate-global (a second) and rate-client (a minute). Counting only; the server decides what follows.

const SLOT_MS = 6000;
const SLOTS = 10;

/** Connections of the whole server within the same second. */
export class SecondCounter {
  #second = -1;
  #count = 0;

  /** Counts a connection at `now` (milliseconds) and gives how many this second has had, this one included. */
  count(now: number): number {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#count = 0;
    }
    return ++this.#count;
  }
}

interface Window {
  /** The latest slot counted in, as a number of 6 s since the Epoch. */
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
