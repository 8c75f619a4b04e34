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
  return work.then((value) => {
    log.emit('session-goes-on', { for: waited.for, outcome: waited.outcome(value) });
    return value;
  });
}
