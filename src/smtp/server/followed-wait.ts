// What a session waits for by itself: kept for whoever asks, and told to whoever follows it (observe/trace). Words are made only for those.
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Maybe } from '../../base/maybe.ts';

interface About {
  readonly for: 'dns' | 'users' | 'pause' | 'next hop' | 'client';
  /** In words. */
  readonly what: string;
}

export interface Waited<T> extends About {
  /** What came of it, in words. */
  outcome(value: T): string;
}

/** Of a session, at this moment. */
export interface OwnWait {
  /** Monotonic milliseconds. */
  readonly since: number;
  readonly about: () => About;
}

/** Whose wait it is. */
export interface Waiter {
  readonly log: Log;
  readonly deps: { readonly clock: Pick<Clock, 'monotonic'> };
  /** Written here. */
  ownWait: OwnWait | undefined;
}

/** The work itself. `wait` is asked for only when somebody wants to know and there is something to wait for. */
export function followed<T>(waiter: Waiter, work: Promise<T>, wait: () => Waited<T>): Promise<T>;
export function followed<T>(waiter: Waiter, work: Maybe<T>, wait: () => Waited<T>): Maybe<T>;
export function followed<T>(waiter: Waiter, work: Maybe<T>, wait: () => Waited<T>): Maybe<T> {
  return work instanceof Promise ? followedFrom(waiter, () => work, wait) : work;
}

/** The same with work that has steps of its own: those come behind its beginning. */
export function followedFrom<T>(waiter: Waiter, begin: () => Promise<T>, wait: () => Waited<T>): Promise<T> {
  const { log } = waiter;
  const over = begins(waiter, wait);
  const told = log.wants('session-waits') ? wait() : undefined;
  if (told !== undefined) log.emit('session-waits', { for: told.for, what: told.what });
  return begin().then(
    (value) => {
      over();
      if (told !== undefined) log.emit('session-goes-on', { for: told.for, outcome: told.outcome(value) });
      return value;
    },
    (error: unknown) => {
      over();
      throw error;
    },
  );
}

/** Kept for whoever asks, and told to nobody. */
export function waitedFor<T>(waiter: Waiter, work: Promise<T>, about: About): Promise<T> {
  return work.finally(begins(waiter, () => about));
}

/** Gives what ends it. */
function begins(waiter: Waiter, about: () => About): () => void {
  const own: OwnWait = { since: waiter.deps.clock.monotonic(), about };
  waiter.ownWait = own;
  return () => {
    if (waiter.ownWait === own) waiter.ownWait = undefined;
  };
}
