import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalOctets, holdsIpv4, parseIp, parseIpPrefix } from '../../../src/net-address/ip-address.ts';

const hex = (octets: Uint8Array | undefined) =>
  octets === undefined ? undefined : Buffer.from(octets).toString('hex');

describe('parseIp', () => {
  it.each([
    ['192.0.2.1', '00000000000000000000ffffc0000201'],
    ['010.001.000.255', '00000000000000000000ffff0a0100ff'],
    ['::', '00000000000000000000000000000000'],
    ['1::', '00010000000000000000000000000000'],
    ['::1:2:3:4:5:6:7', '00000001000200030004000500060007'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1:2:3:4:5:6:1.2.3.4', '00010002000300040005000601020304'],
    ['1:2:3:4:5::1.2.3.4', '00010002000300040005000001020304'],
    ['::1.2.3.4', '00000000000000000000000001020304'],
    ['ABCD:ef01::', 'abcdef01000000000000000000000000'],
  ])('reads %s', (text, octets) => {
    expect(hex(parseIp(text)?.octets)).toBe(octets);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.',
    '1.2.3.256',
    '1..2.3',
    '-1.2.3.4',
    '1. 2.3.4',
    '0x7f.0.0.1',
    ':',
    ':1',
    ':::',
    '1:2',
    '1:::2',
    '1::2::3',
    '12345::',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8:9',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1:2:3:4:5:6::1.2.3.4',
    '1:2:3:1.2.3.4',
    '::1.2.3.400',
    'g::',
  ])('refuses %j', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it('agrees with Node on what is an address, leading zeros and zones apart', () => {
    const piece = fc.constantFrom(
      '0',
      '1',
      '12',
      '255',
      '256',
      'ff',
      'fffff',
      'a',
      ':',
      '::',
      '.',
      '1.2.3.4',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const decimals = text.slice(text.lastIndexOf(':') + 1);
        fc.pre(!/(^|\.)0\d/.test(decimals));
        expect(parseIp(text) !== undefined).toBe(isIP(text) !== 0);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('parseIpPrefix', () => {
  it.each([
    ['192.0.2.1:25', 9],
    ['[192.0.2.1]:25', 11],
    ['[IPv6:2001:db8::1] x', 18],
    ['ipv6:::1', 8],
    [' \t192.0.2.1', 11],
    ['fe80::1%eth0', 7],
    ['2001:db8::1/64', 11],
    ['2001:db8::1: hello', 11],
    ['1:2:3:4:5:6:7:8.', 15],
  ])('of %j reads %i characters', (text, end) => {
    expect(parseIpPrefix(text)?.end).toBe(end);
  });
});

describe('canonicalOctets', () => {
  it('is the same for all notations of an IPv4 address', () => {
    const values = [
      '192.0.2.1',
      '::ffff:192.0.2.1',
      '::192.0.2.1',
      '::ffff:c000:201',
      '0:0:0:0:0:0:c000:201',
    ].map((text) => hex(canonicalOctets(parseIpPrefix(text)?.octets ?? new Uint8Array())));
    expect(new Set(values)).toEqual(new Set(['000000000000000000000000c0000201']));
  });

  it('leaves other addresses alone', () => {
    const octets = parseIp('2001:db8::ffff:1')?.octets ?? new Uint8Array();
    expect(canonicalOctets(octets)).toBe(octets);
    expect(holdsIpv4(octets)).toBe(false);
  });
});
