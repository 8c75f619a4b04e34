// How long, and how many.
import { describe, expect, it } from 'vitest';
import { AnswerCache, type KeptAnswer, keepSeconds } from '../../../src/dns/cache.ts';
import type { DnsRecord } from '../../../src/dns/resolver-api.ts';
import { A, SOA } from './support.ts';

function record(ttl: number, type = A, fields: DnsRecord['fields'] = { value: '192.0.2.1' }): DnsRecord {
  return { name: 'a.test.', type, class: 1, ttl, fields };
}

const kept = (ttl: number): KeptAnswer => ({
  ...{ rcode: 0, answer: [record(ttl)], authority: [], extra: [], authenticated: false },
});

describe('AnswerCache', () => {
  it('gives an answer with the time that is left', () => {
    const cache = new AnswerCache();
    cache.put('a', kept(300), 300, 50, 10, 1000);
    expect(cache.get('a', 1000, 10)).toMatchObject({ ttl: 300, answer: [{ ttl: 300 }] });
    expect(cache.get('a', 101_999, 10)).toMatchObject({ ttl: 200, answer: [{ ttl: 200 }] });
    expect(cache.get('a', 300_999, 10)).toMatchObject({ ttl: 1, answer: [{ ttl: 1 }] });
    expect(cache.get('a', 301_000, 10)).toBeUndefined();
    expect(cache.get('b', 1000, 10)).toBeUndefined();
  });

  it('replaces an answer', () => {
    const cache = new AnswerCache();
    cache.put('a', kept(300), 300, 50, 10, 0);
    cache.put('a', kept(60), 60, 50, 10, 0);
    expect(cache.get('a', 0, 10)?.ttl).toBe(60);
    expect(cache.size).toBe(1);
  });

  it('keeps nothing for 0 seconds or with limit 0', () => {
    const cache = new AnswerCache();
    cache.put('a', kept(0), 0, 50, 10, 0);
    cache.put('b', kept(300), 300, 50, 0, 0);
    expect(cache.size).toBe(0);
  });

  it('never holds more than the limit, and drops what was not used', () => {
    const cache = new AnswerCache();
    for (let i = 0; i < 1000; i++) {
      cache.put(`k${i}`, kept(300), 300, 50, 100, 0);
      expect(cache.get('k0', 0, 100)).toBeDefined();
      expect(cache.size).toBeLessThanOrEqual(100);
    }
    expect(cache.get('k999', 0, 100)).toBeDefined();
    expect(cache.get('k100', 0, 100)).toBeUndefined();
  });

  it('counts large answers by their size', () => {
    const cache = new AnswerCache();
    for (let i = 0; i < 10; i++) cache.put(`k${i}`, kept(300), 300, 20_000, 100, 0);
    expect(cache.size).toBeLessThanOrEqual(5);
    expect(cache.get('k9', 0, 100)).toBeDefined();
    cache.put('huge', kept(300), 300, 65_000, 50, 0);
    expect(cache.get('huge', 0, 50)).toBeUndefined();
  });

  it('works with room for one', () => {
    const cache = new AnswerCache();
    cache.put('a', kept(300), 300, 50, 1, 0);
    cache.put('b', kept(300), 300, 50, 1, 0);
    expect(cache.get('a', 0, 1)).toBeUndefined();
    expect(cache.get('b', 0, 1)).toBeDefined();
  });
});

describe('keepSeconds', () => {
  const soa = (ttl: number, minimum: number): DnsRecord => record(ttl, SOA, { minimum });
  const reply = (answer: readonly DnsRecord[], authority: readonly DnsRecord[] = []) => ({
    answer,
    authority,
    extra: [],
  });

  it('takes the smallest TTL of an answer, a day at most', () => {
    expect(keepSeconds(reply([record(300), record(60)]), true)).toBe(60);
    expect(keepSeconds(reply([record(1_000_000)]), true)).toBe(86_400);
    expect(keepSeconds(reply([record(300), record(0)]), true)).toBe(0);
    expect(keepSeconds(reply([record(0xffff_ffff)]), true)).toBe(0);
  });

  it('keeps a denial as its SOA says, three hours at most', () => {
    expect(keepSeconds(reply([], [soa(3600, 300)]), false)).toBe(300);
    expect(keepSeconds(reply([], [soa(60, 300)]), false)).toBe(60);
    expect(keepSeconds(reply([], [soa(86_400, 86_400)]), false)).toBe(10_800);
    expect(keepSeconds(reply([record(5, 5)], [soa(60, 300)]), false)).toBe(5);
    expect(keepSeconds(reply([], [record(300, 2)]), false)).toBe(0);
    expect(keepSeconds(reply([]), false)).toBe(0);
  });
});
