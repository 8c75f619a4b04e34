// One step of the generic cell rate algorithm (ITU-T I.371), for stores that count here. Pure.
import type { Rate, RateState } from './store.ts';

export interface RateStep extends RateState {
  /** The time stamp when it is counted. */
  readonly stamp: number;
}

/** `stamp` is that of the entry, undefined when there is none; all times are ms. `isCounted`: what is allowed is not only looked at. */
export function rateStep(rate: Rate, stamp: number | undefined, now: number, isCounted: boolean): RateStep {
  const { interval, burst, cost } = rate;
  const room = burst * interval;
  // Thousandths of a millisecond are rounding, and must not refuse the last unit of a burst.
  const base = stamp === undefined ? now : Math.max(Math.min(stamp, now + room), now);
  const next = base + cost * interval;
  const isAllowed = next - now <= room + 0.001;
  const after = isAllowed && isCounted ? next : base;
  const remaining = Math.max(0, Math.floor((now + room - after) / interval + 1e-6));
  const wait = cost > burst ? Number.POSITIVE_INFINITY : Math.max(0, next - room - now);
  return { isAllowed, remaining, retryAfter: isAllowed ? 0 : wait, stamp: next };
}
