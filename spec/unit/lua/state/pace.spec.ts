// How often a run of Lua is looked at: more often when looks were late, and as before when that is over.
import { beforeEach, describe, expect, it } from 'vitest';
import { LONG_STRING, Pace } from '../../../../src/lua/state/pace.ts';

const USUAL = 200;
let count: number;
let now: number;
let pace: Pace;
beforeEach(() => {
  count = USUAL;
  now = 1;
  pace = new Pace(
    () => count,
    (_L, instructions) => {
      count = instructions;
    },
  );
  pace.start();
  pace.begin();
  pace.looked(1, now);
});

/** A look so many milliseconds after the last one. */
function look(after: number): void {
  now += after;
  pace.looked(1, now);
}

/** How many looks, each `after` milliseconds after the last one, it takes until they are as rare as usual. */
function recovery(after: number): number {
  let looks = 0;
  while (count < USUAL && looks < 100_000) {
    look(after);
    looks += 1;
  }
  return looks;
}

describe('the pace of looks', () => {
  it('is usual as long as they are not late', () => {
    for (let i = 0; i < 1000; i++) look(3);
    expect(count).toBe(USUAL);
  });

  it('goes up when one is late, and comes down when it was the machine', () => {
    look(40);
    expect(count).toBeLessThan(12);
    expect(pace.quick).toBe(true);
    expect(recovery(0.01)).toBeLessThan(500);
    expect(pace.quick).toBe(false);
  });

  it('stays up while each operation takes long', () => {
    look(150);
    for (let i = 0; i < 1000; i++) look(3);
    expect(count).toBe(4);
  });

  it('comes down more and more slowly in a run that is late again and again, but it does', () => {
    look(40);
    const first = recovery(0.01);
    for (let i = 0; i < 20; i++) {
      look(40);
      recovery(0.01);
    }
    look(40);
    const last = recovery(0.01);
    expect(last).toBeGreaterThan(10 * first);
    expect(last).toBeLessThan(50_000);
    pace.start();
    look(40);
    expect(recovery(0.01)).toBe(first);
  });

  it('is not below what a long string wants', () => {
    pace.created(8, 26_214_400);
    look(40);
    expect(recovery(0.01)).toBe(100_000);
    expect(count).toBe(1);
    pace.gone(8);
    look(0.01);
    expect(count).toBe(USUAL);
    pace.created(8, LONG_STRING);
    look(0.01);
    expect(count).toBeLessThan(USUAL);
  });
});
