// What is to be told to push scripts, in turn: a few at once, for one user one after the other, the others wait; more than may wait is dropped by
// whoever adds it. Knows nothing of scripts.
//
// Must never wait for a place, hold what has been done, or let one user's notifications overtake each other.

export interface QueueLimits {
  /** At once. */
  readonly running: number;
  readonly waiting: number;
}

/** Never rejects. `signal`: time is up for all. */
export type Work = (signal: AbortSignal) => Promise<void>;

interface Waiting {
  readonly key: string;
  readonly work: Work;
}

export class PushQueue {
  readonly #limits: () => QueueLimits;
  readonly #waiting: Waiting[] = [];
  readonly #busy = new Set<string>();
  readonly #stop = new AbortController();
  #idle: (() => void)[] = [];

  /** `limits`: asked each time. */
  constructor(limits: () => QueueLimits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#busy.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** False: too many wait already, or it is over; nothing of it is done. */
  add(key: string, work: Work): boolean {
    if (this.#stop.signal.aborted) return false;
    const mayRun = !this.#busy.has(key) && this.#busy.size < this.#limits().running;
    if (!mayRun && this.#waiting.length >= this.#limits().waiting) return false;
    this.#waiting.push({ key, work });
    this.#next();
    return true;
  }

  /** When nothing is left. */
  whenIdle(): Promise<void> {
    if (this.#busy.size === 0 && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Cuts off what runs, and gives up what waits: how many those are, the first time. */
  stop(): number {
    if (this.#stop.signal.aborted) return 0;
    const left = this.#waiting.splice(0).length + this.#busy.size;
    this.#stop.abort();
    return left;
  }

  #next(): void {
    while (this.#busy.size < this.#limits().running) {
      const at = this.#waiting.findIndex(({ key }) => !this.#busy.has(key));
      const [next] = at < 0 ? [] : this.#waiting.splice(at, 1);
      if (next === undefined) break;
      this.#busy.add(next.key);
      void next.work(this.#stop.signal).finally(() => {
        this.#busy.delete(next.key);
        this.#next();
      });
    }
    if (this.#busy.size > 0 || this.#waiting.length > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
