// All counts that limit connections behind one interface: open now, in this second (rate-global), and in the last minute for each client
// (rate-client). LocalCounters counts for a single process; workers that share a port share theirs (net/shared-counters).
//
// It must never wait. What a process has open is given back when it dies, too.
import { ConnectionLimits, type OpenResult } from './connection-limits.ts';
import { ClientRate, SecondPlaces } from './rate.ts';

export interface ConnectionCounters {
  /** Connections open now. */
  readonly total: number;
  /** Counts a connection of `key` unless a limit says no (0 is no limit). Only an 'open' one is to be closed again. */
  open(key: string, limit: number, limitOfClient: number): OpenResult;
  close(key: string): void;
  /**
   * Takes a place for a connection where each second has `limit` of them; gives the milliseconds to wait for it, or undefined when that
   * is more than `longest`. `now`, here and below: milliseconds of the monotonic clock.
   */
  place(limit: number, now: number, longest: number): number | undefined;
  /** Counts a connection of `key` unless it is beyond `limit`; gives the count of the last 60 s with this one. */
  client(key: string, limit: number, now: number): number;
}

export class LocalCounters implements ConnectionCounters {
  readonly #limits = new ConnectionLimits();
  readonly #places = new SecondPlaces();
  readonly #rate = new ClientRate();

  get total(): number {
    return this.#limits.total;
  }

  open(key: string, limit: number, limitOfClient: number): OpenResult {
    return this.#limits.open(key, limit, limitOfClient);
  }

  close(key: string): void {
    this.#limits.close(key);
  }

  place(limit: number, now: number, longest: number): number | undefined {
    return this.#places.take(limit, now, longest);
  }

  client(key: string, limit: number, now: number): number {
    return this.#rate.count(key, limit, now);
  }
}
