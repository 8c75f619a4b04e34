// Which share of sessions a shadow is shown by how busy the event loop is: a table, and what is true of all values.
import { expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { LOOK_MS, ShownShare, shareAt } from '../../../src/observe/record/shown-share.ts';

it.each([
  [0, 6, 100],
  [0.5, 6, 100],
  [0.675, 6, 53],
  [0.85, 6, 6],
  [1, 6, 6],
  [1, 0, 0],
  [0.675, 0, 50],
  [1, 100, 100],
  [0.7, 100, 100],
])('%d of its time busy, %i at the least: %i of a hundred', (busy, least, percent) => {
  expect(shareAt(busy, least)).toBeCloseTo(percent, 9);
});

it('never more for a busier loop, never fewer than the least, never more than all', () => {
  for (let least = 0; least <= 100; least += 4)
    for (let step = 0, before = 100; step <= 50; step++) {
      const share = shareAt(step / 50, least);
      expect(share).toBeLessThanOrEqual(before + 1e-9);
      expect(share).toBeGreaterThanOrEqual(least);
      before = share;
    }
});

it('is looked at when it is asked for, so often and no more, without a timer', () => {
  const clock = new FakeClock();
  let looks = 0;
  let time = { active: 5, idle: 7 };
  const share = new ShownShare(
    clock,
    () => {
      looks += 1;
      return time;
    },
    6,
  );
  for (let n = 0; n < 10; n++) expect(share.percent).toBe(100);
  expect(looks).toBe(1);
  time = { active: 5 + LOOK_MS, idle: 7 };
  clock.advance(LOOK_MS);
  for (let n = 0; n < 10; n++) expect(share.percent).toBe(6);
  expect(looks).toBe(2);
  // No time has passed for a loop that did not say so: nothing is divided by nothing.
  clock.advance(LOOK_MS);
  expect(share.percent).toBe(100);
  expect([looks, clock.nextIn]).toEqual([3, undefined]);
});

it('100 does not look at all', () => {
  const clock = new FakeClock();
  let looks = 0;
  const share = new ShownShare(
    clock,
    () => {
      looks += 1;
      return { active: clock.monotonic(), idle: 0 };
    },
    100,
  );
  clock.advance(10 * LOOK_MS);
  expect([share.percent, looks]).toEqual([100, 1]);
});
