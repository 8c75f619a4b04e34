// Workers that have been told to serve by a revision, and have not said yet that they do: whoever has ordered a reload hears of it when all of
// them serve by it.
import type { Clock } from '../base/clock.ts';

export class Adoptions {
  readonly #clock: Clock;
  /** How often each was told and has not answered. */
  readonly #open = new Map<object, number>();
  #waiting: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  told(worker: object): void {
    this.#open.set(worker, (this.#open.get(worker) ?? 0) + 1);
  }

  /** It has taken the revision, or asks to be replaced because it cannot. */
  taken(worker: object): void {
    const left = (this.#open.get(worker) ?? 0) - 1;
    if (left > 0) this.#open.set(worker, left);
    else this.gone(worker);
  }

  gone(worker: object): void {
    this.#open.delete(worker);
    if (this.#open.size > 0) return;
    for (const done of this.#waiting.splice(0)) done();
  }

  /** Resolves when nobody is left, or after `limitMs`: one that stands still takes it when it comes to itself. */
  all(limitMs: number): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.after(limitMs, resolve);
      this.#waiting.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
