// Idle connections to next hops, kept for the next message (options smtp-forward-connections, -idle, -messages). An idle connection
// keeps nothing alive and is dropped as soon as the next hop closes it or says anything. Used by forward/smtp-client only.
import type { Clock, Timer } from '../ops/clock.ts';
import type { Connection } from './connection.ts';

/** Read when a connection is handed back. */
export interface PoolLimits {
  /** Idle connections in all; 0 keeps none. */
  readonly connections: number;
  readonly idleMs: number;
  /** Transactions over one connection. */
  readonly transactions: number;
}

interface Idle {
  readonly key: string;
  readonly connection: Connection;
  readonly timer: Timer;
}

export class ConnectionPool {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Idle[]>();
  /** All of them, the one that is idle longest first. */
  readonly #all = new Set<Idle>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Idle connections at present. */
  get size(): number {
    return this.#all.size;
  }

  /** The connection with this key that was used last; the caller owns it from now on. */
  take(key: string): Connection | undefined {
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

  /** Keeps the connection, or ends it with QUIT when the limits say so. */
  give(key: string, connection: Connection, limits: PoolLimits): void {
    if (connection.loss !== undefined || !connection.quiet) {
      connection.destroy();
      return;
    }
    if (this.#closed || limits.connections <= 0 || connection.transactions >= limits.transactions) {
      connection.quit();
      return;
    }
    while (this.#all.size >= limits.connections) {
      const [oldest] = this.#all;
      if (oldest === undefined) break;
      this.#drop(oldest);
    }
    const timer = this.#clock.after(limits.idleMs, () => this.#drop(idle));
    timer.unref?.();
    const idle: Idle = { key, connection, timer };
    this.#all.add(idle);
    const same = this.#byKey.get(key);
    if (same === undefined) this.#byKey.set(key, [idle]);
    else same.push(idle);
    connection.keepAlive(false);
    connection.use({
      // It announces that it will close (421); there is no other reason to talk.
      reply: () => this.#drop(idle),
      drain: () => undefined,
      lost: () => this.#forget(idle),
    });
  }

  /** Ends all idle connections, and from now on every one handed back. */
  close(): void {
    this.#closed = true;
    for (const idle of [...this.#all]) this.#drop(idle);
  }

  #drop(idle: Idle): void {
    this.#forget(idle);
    idle.connection.quit();
  }

  #forget(idle: Idle): void {
    idle.timer.cancel();
    this.#all.delete(idle);
    const same = this.#byKey.get(idle.key);
    if (same === undefined) return;
    const at = same.lastIndexOf(idle);
    if (at >= 0) same.splice(at, 1);
    if (same.length === 0) this.#byKey.delete(idle.key);
  }
}
