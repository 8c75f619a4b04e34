// Keys that count for a while, at most so many: what is not worth an answer cache. Pure; the time is handed in.
export class ShortMemory {
  readonly #milliseconds: number;
  readonly #most: number;
  readonly #until = new Map<string, number>();

  /** Each key counts for `milliseconds` after it was added last; beyond `most` keys the oldest go. */
  constructor(milliseconds: number, most: number) {
    this.#milliseconds = milliseconds;
    this.#most = most;
  }

  get isEmpty(): boolean {
    return this.#until.size === 0;
  }

  /** `now`: monotonic, in ms. */
  add(key: string, now: number): void {
    this.#until.delete(key);
    this.#until.set(key, now + this.#milliseconds);
    if (this.#until.size <= this.#most) return;
    const [oldest] = this.#until.keys();
    if (oldest !== undefined) this.#until.delete(oldest);
  }

  forget(key: string): void {
    this.#until.delete(key);
  }

  has(key: string, now: number): boolean {
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (until > now) return true;
    this.#until.delete(key);
    return false;
  }
}
