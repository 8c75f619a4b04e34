// Connections to next hops: how many there are to each (option smtp-forward-parallel), who waits for one in what order, and those kept for
// the next message (smtp-forward-connections, -idle, -messages). An idle connection keeps nothing alive and is dropped as soon as the next
// hop closes it or says anything. Used by smtp/client/smtp-client only.
//
// It must never give a connection to anybody whose key is another one, let anybody overtake who waits longer for the same next hop, or leave
// a timer, a listener or a count behind for somebody who has given up.
import type { Clock } from '../../base/clock.ts';
import type { Connection } from './connection.ts';
import { Place, type Slot, type Waiter } from './place.ts';

/** Read when a connection is asked for or handed back. */
export interface PoolLimits {
  /** Idle connections in all; 0 keeps none. */
  readonly connections: number;
  readonly idleMs: number;
  /** Transactions over one connection. */
  readonly transactions: number;
  /** Connections to one next hop, idle ones with them. */
  readonly parallel: number;
}

/** What a connection is good for. */
export interface Where {
  /** The next hop: host and port. What counts against smtp-forward-parallel. */
  readonly place: string;
  /** Everything that makes a connection another one, the next hop too. */
  readonly key: string;
}

export interface Wish extends Where {
  readonly limits: PoolLimits;
  /** A new connection, none that was used. */
  readonly fresh: boolean;
  /** Monotonic milliseconds: since when there is a message. */
  readonly since: number;
  /** Monotonic milliseconds; nobody waits beyond it. */
  readonly until: number;
  readonly signal: AbortSignal;
}

export type Got =
  /** The connection that was used last; the caller owns it from now on. */
  | { readonly kind: 'kept'; readonly connection: Connection }
  /** A connection may be made; the slot is to be released when it has come to nothing, or is closed. */
  | { readonly kind: 'room'; readonly slot: Slot }
  /** None has become free in time, or nobody wants it any more. */
  | { readonly kind: 'none' };

interface Idle extends Where {
  readonly connection: Connection;
}

const NONE: Got = { kind: 'none' };

export class ConnectionPool {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Idle[]>();
  readonly #places = new Map<string, Place>();
  /** All idle ones, the one that is idle longest first. */
  readonly #all = new Set<Idle>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Idle connections at present. */
  get size(): number {
    return this.#all.size;
  }

  /** Connections at work, and those being made. */
  get busy(): number {
    let open = 0;
    for (const place of this.#places.values()) open += place.open;
    return Math.max(0, open - this.#all.size);
  }

  /** Next hops that there are connections to, or who waits for some. */
  get places(): number {
    return this.#places.size;
  }

  /** Somebody waits for a connection to this next hop. */
  isWanted(place: string): boolean {
    return this.#places.get(place)?.next !== undefined;
  }

  /** At once when there is a connection or room for one; else when there is, in the order of those who ask. */
  take(wish: Wish): Got | Promise<Got> {
    if (wish.signal.aborted) return NONE;
    const kept = wish.fresh ? undefined : this.#takeIdle(wish.key);
    if (kept !== undefined) return { kind: 'kept', connection: kept };
    const place = this.#place(wish.place);
    if (!place.hasRoom(wish.limits.parallel)) this.#makeRoom(wish.place);
    if (place.hasRoom(wish.limits.parallel)) return { kind: 'room', slot: place.slot() };
    return this.#wait(place, wish);
  }

  /**
   * For who was turned away because the next hop takes no more connections, his slot given up by `refuse`. Undefined when there is no other
   * one to wait for; else as `take`.
   */
  takeLater(wish: Wish): Got | Promise<Got> | undefined {
    const place = this.#places.get(wish.place);
    if (place === undefined || place.open === 0 || wish.signal.aborted) return undefined;
    const kept = wish.fresh ? undefined : this.#takeIdle(wish.key);
    if (kept !== undefined) return { kind: 'kept', connection: kept };
    this.#makeRoom(wish.place);
    return this.#wait(place, wish);
  }

  /** Hands the connection to who waits for it, keeps it, or ends it with QUIT when the limits say so. */
  give(where: Where, connection: Connection, limits: PoolLimits): void {
    if (connection.loss !== undefined || !connection.quiet) {
      connection.destroy();
      return;
    }
    if (connection.transactions >= limits.transactions) {
      connection.quit();
      return;
    }
    const waiter = this.#places.get(where.place)?.next;
    if (waiter !== undefined) {
      // Somebody else's turn is made room for.
      if (waiter.key !== where.key) connection.quit();
      else waiter.settle({ kind: 'kept', connection });
      return;
    }
    if (this.#closed || limits.connections <= 0) {
      connection.quit();
      return;
    }
    while (this.#all.size >= limits.connections) {
      const [oldest] = this.#all;
      if (oldest === undefined) break;
      this.#drop(oldest);
    }
    const idle: Idle = { place: where.place, key: where.key, connection };
    this.#all.add(idle);
    const same = this.#byKey.get(where.key);
    if (same === undefined) this.#byKey.set(where.key, [idle]);
    else same.push(idle);
    connection.keepAlive(false);
    connection.use({
      // It announces that it will close (421); there is no other reason to talk.
      reply: () => this.#drop(idle),
      drain: () => undefined,
      expired: () => this.#drop(idle),
      lost: () => this.#forget(idle),
    });
    connection.expect(limits.idleMs);
  }

  /** As Place.lend, for a connection that stands. */
  lend({ place }: Where, giveBack: () => void): () => void {
    return this.#place(place).lend(giveBack);
  }

  /** Ends all idle connections, and from now on every one handed back that nobody waits for. */
  close(): void {
    this.#closed = true;
    for (const idle of [...this.#all]) this.#drop(idle);
  }

  #takeIdle(key: string): Connection | undefined {
    for (;;) {
      const idle = this.#byKey.get(key)?.at(-1);
      if (idle === undefined) return undefined;
      this.#forget(idle);
      idle.connection.release();
      // Bytes nobody asked for: the next reply could not be told from them.
      if (idle.connection.loss === undefined && idle.connection.quiet) {
        idle.connection.keepAlive(true);
        return idle.connection;
      }
      idle.connection.destroy();
    }
  }

  #place(name: string): Place {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const place = new Place(this.#clock, () => this.#places.delete(name));
    this.#places.set(name, place);
    return place;
  }

  /** Ends the connection to this next hop that is idle longest, whatever it would be good for. */
  #makeRoom(place: string): void {
    for (const idle of this.#all) {
      if (idle.place !== place) continue;
      this.#drop(idle);
      return;
    }
  }

  #wait(place: Place, { fresh, key, limits, signal, since, until }: Wish): Promise<Got> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        // A key that no connection has.
        key: fresh ? undefined : key,
        ...{ since, limit: limits.parallel },
        settle: (got) => {
          timer.cancel();
          signal.removeEventListener('abort', giveUp);
          place.leave(waiter);
          resolve(got);
        },
      };
      const giveUp = (): void => waiter.settle(NONE);
      const timer = this.#clock.after(Math.max(0, until - this.#clock.monotonic()), giveUp);
      signal.addEventListener('abort', giveUp, { once: true });
      place.join(waiter);
    });
  }

  #drop(idle: Idle): void {
    this.#forget(idle);
    idle.connection.quit();
  }

  #forget(idle: Idle): void {
    this.#all.delete(idle);
    const same = this.#byKey.get(idle.key);
    if (same === undefined) return;
    const at = same.lastIndexOf(idle);
    if (at >= 0) same.splice(at, 1);
    if (same.length === 0) this.#byKey.delete(idle.key);
  }
}
