import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Breaker,
  FAILURES_IN_A_ROW,
  FIRST_PAUSE_MS,
  LONGEST_PAUSE_MS,
  WINDOW,
  WINDOW_MS,
} from '../../../src/store/breaker.ts';

/** No jitter: the middle of each range. */
const middle = (limit: number): number => (limit - 1) / 2;

const openBreaker = (now: number): Breaker => {
  const breaker = new Breaker(middle);
  expect(breaker.open(now)).toBe(true);
  return breaker;
};

describe('Breaker', () => {
  it('opens at the fifth failure in a row, and says so once', () => {
    const breaker = new Breaker(middle);
    expect([0, 1000, 2000, 3000, 4000, 5000].map((now) => breaker.failed(now))).toEqual([
      false,
      false,
      false,
      false,
      true,
      false,
    ]);
    expect(breaker.state).toBe('open');
  });

  it('begins to count anew with each call that works', () => {
    const breaker = new Breaker(middle);
    for (let now = 0; now < 100_000; now += 1000) {
      if (now % 5000 === 0) breaker.worked(now);
      else expect(breaker.failed(now)).toBe(false);
    }
    expect(breaker.state).toBe('closed');
  });

  it.each([
    ['within 2 s', WINDOW_MS / (WINDOW - 1), true],
    ['within more', (WINDOW_MS + 20) / (WINDOW - 1), false],
  ])('half of twenty failures %s', (_name, stepMs, opens) => {
    const breaker = new Breaker(middle);
    for (let i = 0; i < WINDOW - 1; i++) {
      if (i % 2 === 0) breaker.worked(i * stepMs);
      else expect(breaker.failed(i * stepMs)).toBe(false);
    }
    expect(breaker.failed((WINDOW - 1) * stepMs)).toBe(opens);
  });

  it('does not open for less than half', () => {
    const breaker = new Breaker(middle);
    for (let i = 0; i < 200; i++) {
      if (i % 20 < 11) breaker.worked(i);
      else if (i % 20 < 15) expect(breaker.failed(i)).toBe(false);
      else breaker.worked(i);
    }
    expect(breaker.state).toBe('closed');
  });

  it('tries after 1, 2, 4 … 30 s, one trial at a time', () => {
    const breaker = openBreaker(0);
    const pauses: number[] = [];
    for (let i = 0; i < 7; i++) {
      pauses.push(breaker.pauseMs);
      expect(breaker.startTrial()).toBe(true);
      expect(breaker.state).toBe('trying');
      expect(breaker.startTrial()).toBe(false);
      expect(breaker.endTrial(false, 0)).toBe(false);
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('closes when the trial works; what failed before is forgotten', () => {
    const breaker = new Breaker(middle);
    for (let i = 0; i < FAILURES_IN_A_ROW; i++) breaker.failed(0);
    breaker.startTrial();
    expect(breaker.endTrial(true, 1000)).toBe(true);
    expect(breaker.state).toBe('closed');
    for (let i = 1; i < FAILURES_IN_A_ROW; i++) expect(breaker.failed(1000)).toBe(false);
    expect(breaker.failed(1000)).toBe(true);
  });

  it('goes on with longer pauses when it opens again soon after it closed, and begins anew later', () => {
    const breaker = openBreaker(0);
    breaker.startTrial();
    breaker.endTrial(true, 1000);
    breaker.open(1500);
    expect(breaker.pauseMs).toBe(2000);
    breaker.startTrial();
    breaker.endTrial(true, 4000);
    breaker.open(6001);
    expect(breaker.pauseMs).toBe(FIRST_PAUSE_MS);
  });

  it('spreads pauses by a fifth either way', () => {
    const shortest = new Breaker(() => 0);
    const longest = new Breaker((limit) => limit - 1);
    shortest.open(0);
    longest.open(0);
    expect([shortest.pauseMs, longest.pauseMs]).toEqual([800, 1200]);
  });

  it('does not hear of calls that end while it is open', () => {
    const breaker = openBreaker(0);
    breaker.worked(1);
    expect(breaker.failed(2)).toBe(false);
    expect(breaker.endTrial(true, 3)).toBe(false);
    expect(breaker.state).toBe('open');
  });

  it('agrees with a plain reading of the rule for any outcomes', () => {
    const outcome = fc.record({ gap: fc.integer({ min: 0, max: 300 }), fails: fc.boolean() });
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 120 }), (outcomes) => {
        const breaker = new Breaker(middle);
        const seen: { at: number; fails: boolean }[] = [];
        let now = 0;
        for (const { gap, fails } of outcomes) {
          now += gap;
          seen.push({ at: now, fails });
          const row = seen.slice(-FAILURES_IN_A_ROW);
          const last = seen.slice(-WINDOW);
          const opens =
            fails &&
            ((row.length === FAILURES_IN_A_ROW && row.every((one) => one.fails)) ||
              (last.length === WINDOW &&
                now - (last[0]?.at ?? 0) <= WINDOW_MS &&
                last.filter((one) => one.fails).length * 2 >= WINDOW));
          if (!fails) breaker.worked(now);
          else expect(breaker.failed(now)).toBe(opens);
          if (opens) return;
        }
      }),
    );
  });

  it('keeps every pause within its bounds', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 1_000_000 }), { minLength: 12, maxLength: 12 }), (draws) => {
        const breaker = new Breaker((limit) => (draws.pop() ?? 0) % limit);
        breaker.open(0);
        for (let step = FIRST_PAUSE_MS; draws.length > 0; step = Math.min(step * 2, LONGEST_PAUSE_MS)) {
          expect(breaker.pauseMs).toBeGreaterThanOrEqual(step * 0.8);
          expect(breaker.pauseMs).toBeLessThanOrEqual(step * 1.2);
          breaker.startTrial();
          breaker.endTrial(false, 0);
        }
      }),
    );
  });
});
