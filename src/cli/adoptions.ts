// Workers that have been told to serve by a revision, and have not said yet that they do: whoever has ordered a reload hears of it when all of
// them serve by it. One that stands still is not waited for: it takes the revision when it comes to itself.
import type { Clock, Timer } from '../base/clock.ts';

/** One whose event loop turns says that it has heard within this time. */
const HEAR_MS = 3000;

interface Open {
  /** How often it was told and has not answered. */
  count: number;
  /** Until it has said that it has heard. */
  silence: Timer | undefined;
}

export class Adoptions<W extends object> {
  readonly #clock: Clock;
  readonly #open = new Map<W, Open>();
  /** Those that have not even said that they have heard. */
  readonly #silent = new Set<W>();
  #waiting: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  told(worker: W): void {
    const before = this.#open.get(worker);
    before?.silence?.cancel();
    const silence = this.#clock.after(HEAR_MS, () => {
      this.#silent.add(worker);
      this.#forget(worker);
    });
    silence.unref();
    this.#open.set(worker, { count: (before?.count ?? 0) + 1, silence });
  }

  /** It has heard, and tries. */
  heard(worker: W): void {
    this.#silent.delete(worker);
    this.#open.get(worker)?.silence?.cancel();
  }

  /** It has taken the revision, or asks to be replaced because it cannot. */
  taken(worker: W): void {
    const open = this.#open.get(worker);
    if (open === undefined) return;
    open.count--;
    if (open.count === 0) this.#forget(worker);
  }

  gone(worker: W): void {
    this.#silent.delete(worker);
    this.#forget(worker);
  }

  #forget(worker: W): void {
    this.#open.get(worker)?.silence?.cancel();
    this.#open.delete(worker);
    if (this.#open.size > 0) return;
    for (const done of this.#waiting.splice(0)) done();
  }

  /** Resolves when nobody is left who has heard, or after `limitMs`, with those that stand still. */
  all(limitMs: number): Promise<readonly W[]> {
    const silent = (): readonly W[] => [...this.#silent, ...this.#open.keys()];
    if (this.#open.size === 0) return Promise.resolve([...this.#silent]);
    return new Promise((resolve) => {
      const timer = this.#clock.after(limitMs, () => resolve(silent()));
      this.#waiting.push(() => {
        timer.cancel();
        resolve(silent());
      });
    });
  }
}
