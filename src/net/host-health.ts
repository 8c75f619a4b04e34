// A short memory of hosts and addresses that could not be reached, for all clients of a process: a dead first one must not cost every
// message its time-out. It decides about the order only: when all are dead all are tried.
//
// Must never leave a host out, or ask anything of the network.
import type { Clock } from '../base/clock.ts';

/** How long one that could not be reached is tried last. Then one caller tries it in its place, for all others the time begins anew. */
const AVOID_MS = 10_000;
const MAX_REMEMBERED = 1000;

/** What a host or address with its port is remembered by. */
export const healthKey = (host: string, port: number): string => `${host.toLowerCase()} ${port}`;

export class HostHealth {
  readonly #clock: Clock;
  /** Monotonic: until when it is avoided. In the order of failures. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It could not be reached: for 10 seconds it is tried last. */
  failed(key: string): void {
    this.#until.delete(key);
    if (this.#until.size >= MAX_REMEMBERED) {
      for (const oldest of this.#until.keys()) {
        this.#until.delete(oldest);
        break;
      }
    }
    this.#until.set(key, this.#clock.monotonic() + AVOID_MS);
  }

  /** It answered. */
  worked(key: string): void {
    this.#until.delete(key);
  }

  /**
   * How long it may be tried: who could not be reached lately gets 10 seconds to show that he is back, in which a lost packet is sent again
   * three times, and not all of `timeoutMs`.
   */
  patience(key: string, timeoutMs: number): number {
    return this.#until.has(key) ? Math.min(timeoutMs, AVOID_MS) : timeoutMs;
  }

  /** It could not be reached lately, and has not been seen since. */
  avoids(key: string): boolean {
    const until = this.#until.get(key);
    return until !== undefined && until > this.#clock.monotonic();
  }

  /**
   * The items in the order to try them: as given, but those that could not be reached lately behind the others. Who asks first after the
   * 10 seconds gets the item in its old place, to see whether it is back; everybody else goes on without it for as long as that may take
   * (`attemptMs`), or a connection that nobody answers would hold up all messages that come while it is tried. An item without a key is
   * never avoided.
   */
  order<T>(items: readonly T[], keyOf: (item: T) => string | undefined, attemptMs = AVOID_MS): readonly T[] {
    if (this.#until.size === 0 || items.length < 2) return items;
    const now = this.#clock.monotonic();
    const good: T[] = [];
    const bad: T[] = [];
    for (const item of items) {
      const key = keyOf(item);
      const until = key === undefined ? undefined : this.#until.get(key);
      if (key === undefined || until === undefined) good.push(item);
      else if (until > now) bad.push(item);
      else {
        good.push(item);
        this.#until.set(key, now + Math.max(AVOID_MS, attemptMs));
      }
    }
    return bad.length === 0 ? items : [...good, ...bad];
  }
}
