// One next hop as smtp/client/connection-pool counts it: how many connections there are, how many there may be, who waits for one, and who
// holds one without a word to say. No I/O.
import type { Clock, Timer } from '../../base/clock.ts';
import type { Got } from './connection-pool.ts';

/** A connection that is counted. */
export interface Slot {
  /** There is none, or none any more. Once, as `refuse`. */
  release(): void;
  /** There is none, and the next hop says that it takes no more than there are: for a while nobody makes more. */
  refuse(): void;
}

export interface Waiter {
  /** Of the connections that serve him; undefined: a new one only. */
  readonly key: string | undefined;
  /** Monotonic: since when he has a message. */
  readonly since: number;
  /** His smtp-forward-parallel. */
  readonly limit: number;
  settle(got: Got): void;
}

/** How long, in ms, a next hop that takes no more connections is asked for no more than it had. */
const FULL_MS = 60_000;
/** How long, in ms, a connection is held for a client that says nothing while others wait for one; a client at work needs less. */
const REST_MS = 1000;

interface Resting {
  readonly since: number;
  giveBack(): void;
}

export class Place {
  readonly #clock: Clock;
  readonly #unused: () => void;
  readonly #waiting: Waiter[] = [];
  /** The one that rests longest first. */
  readonly #resting = new Set<Resting>();
  #watch: Timer | undefined;
  #open = 0;
  /** Found out by being refused; counts until then. */
  #most = Number.POSITIVE_INFINITY;
  #mostUntil = 0;

  /** `unused`: there is nothing to be counted any more. */
  constructor(clock: Clock, unused: () => void) {
    this.#clock = clock;
    this.#unused = unused;
  }

  /** Connections, and those being made. */
  get open(): number {
    return this.#open;
  }

  /** Whose turn it is. */
  get next(): Waiter | undefined {
    return this.#waiting[0];
  }

  /** For somebody who comes now; who waits already comes first. */
  hasRoom(limit: number): boolean {
    return this.#waiting.length === 0 && this.#isRoom(limit);
  }

  slot(): Slot {
    this.#open++;
    let counted = true;
    const leave = (): boolean => {
      if (!counted) return false;
      counted = false;
      this.#open--;
      return true;
    };
    return {
      release: () => {
        if (leave()) this.#serve();
      },
      refuse: () => {
        if (!leave()) return;
        this.#most = Math.max(1, this.#open);
        this.#mostUntil = this.#clock.monotonic() + FULL_MS;
        this.#serve();
      },
    };
  }

  /** Who has waited longest is first, also when he was turned away and comes back. */
  join(waiter: Waiter): void {
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1]?.since ?? 0) > waiter.since) at--;
    this.#waiting.splice(at, 0, waiter);
    // What was full may have room by now.
    this.#serve();
    this.#look(0);
  }

  leave(waiter: Waiter): void {
    const at = this.#waiting.indexOf(waiter);
    if (at >= 0) this.#waiting.splice(at, 1);
    this.#look(0);
    this.#forgetWhenUnused();
  }

  /**
   * A connection is held whose client says nothing at present: `giveBack` may be called, once, when somebody else waits for one. The function
   * says that it is wanted again.
   */
  lend(giveBack: () => void): () => void {
    const resting: Resting = { since: this.#clock.monotonic(), giveBack };
    this.#resting.add(resting);
    this.#look(0);
    return () => {
      if (this.#resting.delete(resting)) this.#look(0);
    };
  }

  /** Keeps a timer, not before `least`, as long as somebody waits for what somebody else does not use. */
  #look(least: number): void {
    const [oldest] = this.#resting;
    if (oldest === undefined || this.#waiting.length === 0) {
      this.#watch?.cancel();
      this.#watch = undefined;
      return;
    }
    const ms = Math.max(least, oldest.since + REST_MS - this.#clock.monotonic());
    this.#watch ??= this.#clock.after(ms, () => {
      this.#watch = undefined;
      this.#reclaim();
      // What was given back is on its way: to ask for more at once would be too much.
      this.#look(REST_MS);
    });
  }

  #reclaim(): void {
    const rested = this.#clock.monotonic() - REST_MS;
    let wanted = this.#waiting.length;
    for (const resting of this.#resting) {
      if (wanted === 0 || resting.since > rested) return;
      wanted--;
      this.#resting.delete(resting);
      resting.giveBack();
    }
  }

  #isRoom(limit: number): boolean {
    if (this.#most < limit && this.#clock.monotonic() < this.#mostUntil) return this.#open < this.#most;
    return this.#open < limit;
  }

  #serve(): void {
    for (let waiter = this.next; waiter !== undefined && this.#isRoom(waiter.limit); waiter = this.next)
      waiter.settle({ kind: 'room', slot: this.slot() });
    this.#forgetWhenUnused();
  }

  #forgetWhenUnused(): void {
    if (this.#open === 0 && this.#waiting.length === 0) this.#unused();
  }
}
