import { describe, expect, it } from 'vitest';
import { limitKey, NetworkList, plainAddress } from '../../../src/net-address/network-list.ts';

describe('plainAddress', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:c000:201', '::ffff:c000:201'],
  ])('%s is %s', (given, plain) => {
    expect(plainAddress(given)).toBe(plain);
  });
});

describe('limitKey', () => {
  it('is the address for IPv4, and the same for all of a /64 for IPv6', () => {
    expect(limitKey('192.0.2.1')).toBe('192.0.2.1');
    expect(limitKey('2001:db8:1:2::1')).toBe(limitKey('2001:db8:1:2:ffff:ffff:ffff:ffff'));
    expect(limitKey('2001:db8:1:2::1')).not.toBe(limitKey('2001:db8:1:3::1'));
  });
});

describe('NetworkList', () => {
  it('finds addresses in networks of both families', () => {
    const list = new NetworkList(['127.0.0.0/8', '::1', '2001:db8::/32', '192.0.2.7']);
    expect(list.invalid).toEqual([]);
    expect(['127.9.9.9', '::1', '2001:db8:5::1', '192.0.2.7'].map((one) => list.contains(one))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(
      ['128.0.0.1', '::2', '2001:db9::1', '192.0.2.8', 'no', ''].map((one) => list.contains(one)),
    ).toEqual(Array(6).fill(false));
  });

  it('names what is no network, and trusts nobody for it', () => {
    const list = new NetworkList([
      '10.0.0.0/33',
      'host.example',
      '10.0.0.0/x',
      '1.2.3',
      '::/129',
      '10.0.0.0/8',
    ]);
    expect(list.invalid).toEqual(['10.0.0.0/33', 'host.example', '10.0.0.0/x', '1.2.3', '::/129']);
    expect([list.contains('10.1.2.3'), list.contains('1.2.3.4')]).toEqual([true, false]);
  });
});
