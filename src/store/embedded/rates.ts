// Limits in the embedded store: looked at, and counted within a transaction when all of them allow it.
import { failed } from '../bounds.ts';
import { rateStep } from '../rate-step.ts';
import type { Failed, Rate, RateOutcome, RateState } from '../store.ts';
import { type Again, putResult } from './again.ts';
import type { Entries } from './entries.ts';
import type { Entry } from './record.ts';
import type { Tally } from './tally.ts';

interface Step extends RateState {
  readonly rate: Rate;
  readonly stamp: number;
  /** There was an entry. */
  readonly isKnown: boolean;
}
interface Steps {
  readonly kind: 'rates';
  readonly rates: readonly RateState[];
  readonly steps: readonly Step[];
}

/** What the limits say; with `isCounted` as it would be when it is counted. */
export function lookAtRates(
  entries: Entries,
  rates: readonly Rate[],
  now: number,
  isCounted: boolean,
): Steps | Failed {
  const steps: Step[] = [];
  for (const rate of rates) {
    const entry = entries.find(rate.key, now);
    const before = entry === undefined ? undefined : Number(entry.value?.toString('latin1') || Number.NaN);
    if (Number.isNaN(before)) return failed('type');
    const { isAllowed, remaining, retryAfter, stamp } = rateStep(rate, before, now, isCounted);
    steps.push({ rate, isAllowed, remaining, retryAfter, stamp, isKnown: before !== undefined });
  }
  return { kind: 'rates', rates: steps, steps };
}

/** In a transaction. */
export function countRates(
  entries: Entries,
  tally: Tally,
  rates: readonly Rate[],
  now: number,
): RateOutcome | Again {
  const outcome = lookAtRates(entries, rates, now, true);
  if (outcome.kind !== 'rates') return outcome;
  if (outcome.rates.some(({ isAllowed }) => !isAllowed)) return lookAtRates(entries, rates, now, false);
  // Those of which there are none yet come first: only they can find no room, and then nothing is counted.
  const order = [...outcome.steps].sort((a, b) => Number(a.isKnown) - Number(b.isKnown));
  const counted: Buffer[] = [];
  for (const { rate, stamp } of order) {
    const { cost, key } = rate;
    if (cost === 0) continue;
    const entry: Entry = {
      // However long it lives: there is one for each client who asks, and they must not drive out what is remembered for weeks.
      class: 'short',
      // Of whole seconds: what is counted many times in one leaves `expiry` as it is.
      expiry: 1000 * Math.ceil(Math.max(now + 1000, stamp) / 1000),
      // All of one length, so that the next one needs no more room.
      value: Buffer.from(stamp.toFixed(3), 'latin1'),
      set: undefined,
    };
    const put = entries.put(tally, key, entries.look(key, now), entry, now);
    if (put !== 'put') {
      for (const one of counted) takeBack(entries, tally, one, now);
      return putResult(put, outcome);
    }
    counted.push(key);
  }
  return outcome;
}

function takeBack(entries: Entries, tally: Tally, key: Buffer, now: number): void {
  const found = entries.look(key, now);
  if (found !== undefined) entries.remove(tally, key, found);
}
