// How fast a message comes in (option smtp-data-min-rate): a client that sends a byte now and then keeps a session, its Lua and its files for
// hours. Averaged over the whole message; only the time in which we wait for the client counts, not that of hooks and of the disk. Pure.

export class DataPace {
  readonly #rate: number;
  readonly #graceMs: number;
  #bytes = 0;
  #waitedMs = 0;
  #since: number | undefined;

  /** `rate`: bytes a second, 0 for none. `graceMs`: what the client may take in any case, by its time to think and to send. */
  constructor(rate: number, graceMs: number) {
    this.#rate = rate;
    this.#graceMs = graceMs;
  }

  received(bytes: number): void {
    this.#bytes += bytes;
  }

  /** From `now` (monotonic milliseconds) on we wait for the client. */
  waits(now: number): void {
    this.#since = now;
  }

  /** Until `now` we did. */
  waited(now: number): void {
    if (this.#since !== undefined) this.#waitedMs += now - this.#since;
    this.#since = undefined;
  }

  /** Milliseconds for which the client may be waited for before it is too slow. */
  get left(): number {
    if (this.#rate === 0) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#graceMs + (this.#bytes / this.#rate) * 1000 - this.#waitedMs);
  }

  /** Something came, but too little. A client that sent nothing is silent, not slow. */
  get tooSlow(): boolean {
    // Timers may fire a fraction of a millisecond early.
    return this.#bytes > 0 && this.left <= 1;
  }
}
