import { describe, expect, it } from 'vitest';
import { ClientRate, SecondPlaces } from '../../../src/net/rate.ts';

const START = 1_700_000_000_000 - (1_700_000_000_000 % 6000);

describe('SecondPlaces', () => {
  it('has so many places in each second, and the others wait in order', () => {
    const places = new SecondPlaces();
    const waits = [1000, 1100, 1200, 1300, 1400, 1500, 3900, 4000].map((now) => places.take(2, now, 1e6));
    expect(waits).toEqual([0, 0, 800, 700, 1600, 1500, 100, 0]);
  });

  it('never lets more begin in a second, however many come', () => {
    const places = new SecondPlaces();
    const begun = new Map<number, number>();
    for (let i = 0; i < 2000; i++) {
      const now = 5000 + i / 10;
      const second = Math.floor((now + (places.take(100, now, 1e6) ?? 0)) / 1000);
      begun.set(second, (begun.get(second) ?? 0) + 1);
    }
    expect([...begun.values()]).toEqual(new Array(20).fill(100));
  });

  it('gives no place to whom it would keep waiting too long, and takes none for him', () => {
    const places = new SecondPlaces();
    const take = (now: number): number | undefined => places.take(1, now, 2000);
    expect([take(0), take(0), take(0), take(0), take(0), take(1000)]).toEqual([
      ...[0, 1000, 2000],
      ...[undefined, undefined, 2000],
    ]);
  });
});

describe('ClientRate', () => {
  it('counts the last 60 seconds, refuses beyond the limit, does not count what was refused', () => {
    const rate = new ClientRate();
    expect([0, 1, 2, 3].map((ms) => rate.count('a', 2, START + ms))).toEqual([1, 2, 3, 3]);
    expect(rate.count('b', 2, START)).toBe(1);
    expect(rate.count('a', 2, START + 59_999)).toBe(3);
    expect(rate.count('a', 2, START + 60_000)).toBe(1);
  });

  it('forgets slot by slot', () => {
    const rate = new ClientRate();
    rate.count('a', 10, START);
    rate.count('a', 10, START + 30_000);
    expect(rate.count('a', 10, START + 59_000)).toBe(3);
    expect(rate.count('a', 10, START + 60_000)).toBe(3);
    expect(rate.count('a', 10, START + 90_000)).toBe(3);
    expect(rate.count('a', 10, START + 900_000)).toBe(1);
  });

  it('survives a clock that was set back', () => {
    const rate = new ClientRate();
    rate.count('a', 10, START + 60_000);
    expect(rate.count('a', 10, START)).toBe(2);
  });

  it('remembers so many clients only, the latest ones', () => {
    const rate = new ClientRate(3);
    for (const key of ['a', 'b', 'c', 'a', 'd']) rate.count(key, 5, START);
    expect(rate.size).toBe(3);
    expect(rate.count('a', 5, START)).toBe(3);
    expect(rate.count('b', 5, START)).toBe(1);
  });
});
