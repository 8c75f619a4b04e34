import { describe, expect, it } from 'vitest';
import { parseIpAlone } from '../../../src/net-address/ip-address.ts';
import { reverseIp } from '../../../src/net-address/reverse-ip.ts';

const nibbles = '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2';

describe('reverseIp', () => {
  it.each([
    ['1.2.3.4', '4.3.2.1'],
    ['[1.2.3.4]', '4.3.2.1'],
    ['1.2.3.4:25', '4.3.2.1'],
    ['[1.2.3.4]:25', '4.3.2.1'],
    ['IPv6:1.2.3.4', '4.3.2.1'],
    ['[ipv6:1.2.3.4]:25', '4.3.2.1'],
    ['2001:db8::1', nibbles],
    ['[2001:db8::1]', nibbles],
    ['[2001:db8::1]:25', nibbles],
    ['[IPv6:2001:db8::1]:25', nibbles],
    ['IPv6:2001:db8::1', nibbles],
    ['2001:db8::1%eth0', nibbles],
    ['2001:db8', '8.b.d.0.1.0.0.2'],
    ['2001:db8:', '8.b.d.0.1.0.0.2'],
    ['www.example.com', 'com.example.www'],
    // With a colon, and no address and no groups of one.
    ['foo:bar', ''],
    ['1.2.3.4.example.com:25', ''],
    ['1.2.3.4:x', ''],
    ['2001:db8:xyz', ''],
    ['2001:db8::1::2', ''],
    ['2001:db8:::1', ''],
    ['12345:1', ''],
    ['2001:db8::1 x', ''],
    [':', ''],
  ])('of %j is %j', (address, name) => {
    expect(reverseIp(address, false)).toBe(name);
    if (name === '') expect(reverseIp(address, true)).toBe('');
    else expect(reverseIp(address, true)).toMatch(/\.(?:in-addr|ip6)\.arpa\.$/);
  });
});

describe('parseIpAlone', () => {
  it.each([
    '1.2.3.4',
    ' 1.2.3.4 ',
    '[1.2.3.4]',
    '[1.2.3.4]:25',
    '1.2.3.4:25',
    '::1',
    '[IPv6:::1]',
    'IPv6:::1',
    '[::1]:25',
    'fe80::1%eth0',
    '[fe80::1%25eth0]',
    '010.1.1.1',
  ])('reads %j', (text) => {
    expect(parseIpAlone(text)).toBeDefined();
  });

  it.each([
    '10.1.1.1.evil.example',
    '10.1.1.1evil',
    '10.1.1.1-',
    '10.1.1.1.',
    '10.1.1.1.5',
    '10.1.1.1,10.1.1.2',
    '10.1.1.1 10.1.1.2',
    '10.1.1.1/8',
    '10.1.1.1:smtp',
    '10.1.1.1:123456',
    '10.1.1.1@evil.example',
    '10.1.1.1\0',
    '::1.evil.example',
    '::1g',
    '2001:db8:1:2:3:4:5:6:7',
    'fe80::1%eth0 x',
    'x10.1.1.1',
    '10.1.1',
    '',
  ])('refuses %j', (text) => {
    expect(parseIpAlone(text)).toBeUndefined();
  });
});
