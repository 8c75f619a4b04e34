import { describe, expect, it } from 'vitest';
import { ClientRate, SecondCounter } from '../../../src/net/rate.ts';

const START = 1_700_000_000_000 - (1_700_000_000_000 % 6000);

describe('SecondCounter', () => {
  it('counts within a second of the clock', () => {
    const counter = new SecondCounter();
    expect([1000, 1001, 1999, 2000, 2500].map((now) => counter.count(now))).toEqual([1, 2, 3, 1, 2]);
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
