import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIpPrefix } from '../../../src/net-address/ip-address.ts';
import { networkContains, parseNetwork } from '../../../src/net-address/network.ts';

function contains(network: string, address: string): boolean | undefined {
  const parsed = parseNetwork(network);
  const ip = parseIpPrefix(address);
  return parsed === undefined || ip === undefined ? undefined : networkContains(parsed, ip);
}

describe('networkContains', () => {
  it.each([
    ['::ffff:0:0/96', '192.0.2.1', true],
    ['::ffff:0:0/90', '192.0.2.1', true],
    ['::ffff:0:0/90', '::fffe:1:2', true],
    ['::ffff:0:0/90', '2001:db8::1', false],
    ['192.0.2.0/24', '::ffff:192.0.2.9', true],
    ['192.0.2.0/24', '::192.0.2.9', true],
    ['192.0.2.0/24', '2001:db8::c000:209', false],
    ['fe80::/10', 'febf:ffff::', true],
    ['fe80::/10', 'fec0::', false],
    ['2001:db8::/33', '2001:db8:7fff::', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
  ])('%s and %s: %s', (network, address, expected) => {
    expect(contains(network, address)).toBe(expected);
  });

  it.each([
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1', '::ffff:192.0.2.1', true],
    ['::1', '::1', true],
    ['::1', '::2', false],
    ['[2001:db8::]/32', '2001:db8::1', true],
    ['::ffff:192.0.2.1/128', '192.0.2.1', true],
    ['192.0.2.0/0', '198.51.100.1', true],
    ['192.0.2.0/00', '198.51.100.1', true],
  ])('%s and %s: %s (one address, brackets, short prefixes)', (network, address, expected) => {
    expect(contains(network, address)).toBe(expected);
  });

  it.each([
    '192.0.2.0/129',
    '192.0.2.0/33',
    '192.0.2.0/128',
    '2001:db8::/129',
    '192.0.2.0/-2',
    '192.0.2.0/+8',
    '192.0.2.0/',
    '192.0.2.0/ ',
    '192.0.2.0/8 ',
    '192.0.2.0/ 8',
    '192.0.2.0/8x',
    '192.0.2.0/0x8',
    '192.0.2.0/8.0',
    '192.0.2.0/255.255.255.0',
    '192.0.2.0/8/8',
    '192.0.2.0/0000',
    '::/',
    '192.0.2.0:25/24',
    '192.0.2.0x/24',
    '192.0.2.0.0/24',
    '192.0.2/24',
    'x/8',
    '/8',
    '/',
    '',
  ])('%j is no network', (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });

  it('agrees with Node for IPv4 and for IPv6', () => {
    const v4 = fc.ipV4();
    fc.assert(
      fc.property(v4, v4, fc.integer({ min: 0, max: 32 }), (network, address, prefix) => {
        const list = new BlockList();
        list.addSubnet(network, prefix, 'ipv4');
        expect(contains(`${network}/${prefix}`, address)).toBe(list.check(address, 'ipv4'));
      }),
    );
    const group = fc.constantFrom('2001', '2002', 'fe80');
    const v6 = fc.tuple(
      group,
      fc.array(fc.constantFrom('0', '1', '8000', 'ffff'), { minLength: 7, maxLength: 7 }),
    );
    fc.assert(
      fc.property(v6, v6, fc.integer({ min: 0, max: 128 }), (network, address, prefix) => {
        const [a, b] = [network, address].map(([first, rest]) => [first, ...rest].join(':'));
        const list = new BlockList();
        list.addSubnet(a ?? '', prefix, 'ipv6');
        expect(contains(`${a}/${prefix}`, b ?? '')).toBe(list.check(b ?? '', 'ipv6'));
      }),
    );
  });
});

describe('octets with zeros in front', () => {
  it.each(['010.0.0.0/8', '10.0.0.08', '192.168.001.0/24', '00.0.0.0/0'])('%s is no network', (text) => {
    expect(parseNetwork(text)).toBeUndefined();
  });
});
