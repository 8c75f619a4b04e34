import { describe, expect, it } from 'vitest';
import { LocalCounters } from '../../../src/net/connection-counters.ts';
import { ConnectionLimits } from '../../../src/net/connection-limits.ts';

describe('ConnectionLimits', () => {
  it('holds the total and the limit of each client, and gives back what was closed', () => {
    const limits = new ConnectionLimits();
    expect([limits.open('a', 3, 2), limits.open('a', 3, 2), limits.open('a', 3, 2)]).toEqual([
      'open',
      'open',
      'too-many-of-client',
    ]);
    expect([limits.open('b', 3, 2), limits.open('c', 3, 2)]).toEqual(['open', 'too-many']);
    limits.close('a');
    expect(limits.open('c', 3, 2)).toBe('open');
    expect([limits.total, limits.clients]).toEqual([3, 3]);
    for (const key of ['a', 'b', 'c', 'nobody', 'a']) limits.close(key);
    expect([limits.total, limits.clients]).toEqual([0, 0]);
  });

  it('takes 0 for no limit', () => {
    const limits = new ConnectionLimits();
    for (let i = 0; i < 100; i++) expect(limits.open('a', 0, 0)).toBe('open');
  });
});

describe('LocalCounters', () => {
  it('has all counts behind one interface', () => {
    const counters = new LocalCounters();
    expect(counters.open('a', 1, 1)).toBe('open');
    expect([counters.place(1, 1000, 0), counters.place(1, 1999, 1)]).toEqual([0, 1]);
    expect([counters.client('a', 1, 0), counters.client('a', 1, 1)]).toEqual([1, 2]);
    counters.close('a');
    expect(counters.total).toBe(0);
  });
});
