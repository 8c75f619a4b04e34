import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIp, type IpStyle } from '../../../src/net-address/format-ip.ts';
import { canonicalOctets, parseIp } from '../../../src/net-address/ip-address.ts';

function format(text: string, style: IpStyle): string | undefined {
  const ip = parseIp(text);
  return ip === undefined ? undefined : formatIp(ip, style);
}

describe('formatIp', () => {
  it.each([
    // RFC 5952 section 4
    ['2001:DB8::0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['0:0:1:2:3:4:0:0', '::1:2:3:4:0:0'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ])('compact: %s is %s', (text, expected) => {
    expect(format(text, 'compact')).toBe(expected);
  });

  it('has eight groups, padded when asked', () => {
    expect(format('2001:db8::1', 'groups')).toBe('2001:db8:0:0:0:0:0:1');
    expect(format('2001:db8::1', 'padded')).toBe('2001:0db8:0000:0000:0000:0000:0000:0001');
  });

  it('gives what parses to the same address, and itself when formatted again', () => {
    const octets = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const sparse = octets.map((all) => all.map((octet, i) => ((all[i >> 1] ?? 0) % 3 === 0 ? 0 : octet)));
    const style = fc.constantFrom<IpStyle>('compact', 'groups', 'padded');
    fc.assert(
      fc.property(fc.oneof(octets, sparse), style, (value, chosen) => {
        const text = formatIp({ octets: value, notation: 'ipv6' }, chosen);
        const back = parseIp(text);
        expect(back && Buffer.from(canonicalOctets(back.octets)).toString('hex')).toBe(
          Buffer.from(canonicalOctets(value)).toString('hex'),
        );
        expect(format(text, chosen)).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });
});
