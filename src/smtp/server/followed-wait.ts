// What a session waits for by itself, told to whoever follows it (observe/trace). Nothing is made while nobody does.
import type { Log } from '../../base/log.ts';
import type { Maybe } from '../../base/maybe.ts';

export interface Waited<T> {
  readonly for: 'dns' | 'users' | 'pause' | 'next hop';
  /** In words. */
  readonly what: string;
  /** What came of it, in words. */
  outcome(value: T): string;
}

/** The work itself. `wait` is asked for only when somebody listens and there is something to wait for. */
export function followed<T>(log: Log, work: Promise<T>, wait: () => Waited<T>): Promise<T>;
export function followed<T>(log: Log, work: Maybe<T>, wait: () => Waited<T>): Maybe<T>;
export function followed<T>(log: Log, work: Maybe<T>, wait: () => Waited<T>): Maybe<T> {
  if (!(work instanceof Promise) || !log.wants('session-waits')) return work;
  const waited = wait();
  log.emit('session-waits', { for: waited.for, what: waited.what });
  return work.then((value) => goesOn(log, waited, value));
}

/** The same with work that has steps of its own: those come behind its beginning. */
export function followedFrom<T>(log: Log, begin: () => Promise<T>, wait: () => Waited<T>): Promise<T> {
  if (!log.wants('session-waits')) return begin();
  const waited = wait();
  log.emit('session-waits', { for: waited.for, what: waited.what });
  return begin().then((value) => goesOn(log, waited, value));
}

function goesOn<T>(log: Log, waited: Waited<T>, value: T): T {
  log.emit('session-goes-on', { for: waited.for, outcome: waited.outcome(value) });
  return value;
}
