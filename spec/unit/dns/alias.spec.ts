// Aliases within one answer.
import { describe, expect, it } from 'vitest';
import { followAliases } from '../../../src/dns/alias.ts';
import type { DnsRecord } from '../../../src/dns/resolver-api.ts';
import { A, AAAA, CNAME, MX } from './support.ts';

const DNAME = 39;

function record(name: string, type: number, value: string): DnsRecord {
  return { name, type, class: 1, ttl: 300, fields: { value } };
}

const a = record('a.test.', A, '192.0.2.1');

describe('followAliases', () => {
  it('keeps an answer without aliases', () => {
    expect(followAliases('a.test.', A, [a])).toEqual({
      records: [a],
      end: 'a.test.',
      complete: true,
      broken: false,
    });
    expect(followAliases('a.test.', A, [])).toEqual({
      records: [],
      end: 'a.test.',
      complete: false,
      broken: false,
    });
  });

  it('compares owners without case', () => {
    expect(followAliases('A.Test.', A, [a])).toMatchObject({ records: [a], complete: true });
  });

  it('follows a chain in any order', () => {
    const one = record('one.test.', CNAME, 'TWO.test.');
    const two = record('two.test.', CNAME, 'a.test.');
    expect(followAliases('one.test.', A, [a, two, one])).toEqual({
      records: [a, two, one],
      end: 'a.test.',
      complete: true,
      broken: false,
    });
  });

  it('says where a chain stops', () => {
    const one = record('one.test.', CNAME, 'two.test.');
    expect(followAliases('one.test.', A, [one])).toMatchObject({
      end: 'two.test.',
      complete: false,
      broken: false,
    });
  });

  it('drops records of other names', () => {
    const evil = record('bank.test.', A, '192.0.2.66');
    expect(followAliases('a.test.', A, [evil, a]).records).toEqual([a]);
    expect(followAliases('a.test.', A, [evil])).toMatchObject({ records: [], complete: false });
  });

  it('does not follow when the alias was asked for', () => {
    const one = record('one.test.', CNAME, 'two.test.');
    expect(followAliases('one.test.', CNAME, [one])).toMatchObject({
      records: [one],
      end: 'one.test.',
      complete: true,
    });
    expect(followAliases('one.test.', 255, [one])).toMatchObject({
      records: [one],
      end: 'one.test.',
      complete: true,
    });
  });

  it('finds loops and ends that are no name', () => {
    const one = record('one.test.', CNAME, 'two.test.');
    const two = record('two.test.', CNAME, 'One.test.');
    expect(followAliases('one.test.', A, [one, two]).broken).toBe(true);
    expect(followAliases('one.test.', A, [record('one.test.', CNAME, 'one.test.')]).broken).toBe(true);
    expect(followAliases('one.test.', A, [record('one.test.', CNAME, '.')]).broken).toBe(true);
  });

  it('makes the CNAME that a DNAME implies', () => {
    const tree = record('Old.test.', DNAME, 'new.test.');
    const found = record('www.new.test.', MX, 'x.');
    const chain = followAliases('www.old.test.', MX, [tree, found]);
    expect(chain).toMatchObject({ end: 'www.new.test.', complete: true });
    expect(chain.records).toEqual([tree, found, record('www.old.test.', CNAME, 'www.new.test.')]);
    // The DNAME does not hold for its own name (RFC 6672 section 2.3).
    expect(followAliases('old.test.', A, [tree])).toMatchObject({ end: 'old.test.', records: [tree] });
    const root = record('old.test.', DNAME, '.');
    expect(followAliases('com.old.test.', A, [root]).end).toBe('com.');
  });

  it('uses the CNAME that came with a DNAME', () => {
    const tree = record('old.test.', DNAME, 'new.test.');
    const made = record('www.old.test.', CNAME, 'www.new.test.');
    const found = record('www.new.test.', AAAA, '::1');
    const chain = followAliases('www.old.test.', AAAA, [tree, made, found]);
    const other = record('other.test.', DNAME, 'x.test.');
    const all = followAliases('www.old.test.', AAAA, [tree, made, found, other]);
    expect(all.records).toEqual([tree, made, found]);
    expect(chain).toEqual({
      records: [tree, made, found],
      end: 'www.new.test.',
      complete: true,
      broken: false,
    });
  });

  it('refuses a DNAME that makes names too long', () => {
    const long = `${`${'x'.repeat(60)}.`.repeat(4)}`;
    const name = `${'y'.repeat(60)}.old.test.`;
    expect(followAliases(name, A, [record('old.test.', DNAME, long)]).broken).toBe(true);
  });
});
