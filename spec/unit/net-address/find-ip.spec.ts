import { describe, expect, it } from 'vitest';
import { findIp } from '../../../src/net-address/find-ip.ts';

function found(text: string): string | undefined {
  const at = findIp(text);
  return at === undefined ? undefined : text.slice(at.offset, at.offset + at.length);
}

describe('findIp', () => {
  it.each([
    ['Connect from 192.0.2.1.', '192.0.2.1'],
    ['x 1.2.3.4 5 y', '1.2.3.4'],
    ['v1.2.3.4-5', '1.2.3.4'],
    ['x ::1 y', '::1'],
    ['[::ffff:1.2.3.4]', '::ffff:1.2.3.4'],
    ['IPv6:2001:db8::1', '2001:db8::1'],
    ['addr:2001:db8::1', '2001:db8::1'],
    ['client 2001:db8::1: refused', '2001:db8::1'],
    ['at 12:34:56 dead:1.2.3.4', '1.2.3.4'],
    ['fe80::1%eth0 1.2.3.4', 'fe80::1'],
    ['1.2.3.4 ::1', '1.2.3.4'],
    ['1.2.3.1.2.3.4', '1.2.3.4'],
  ])('finds in %j %s', (text, expected) => {
    expect(found(text)).toBe(expected);
  });

  it.each(['std::string', 'a :: b', '1:2:3:4:5:6:7', 'face::booking', '1.2.3', '1.2.3.456', '1,2.3.4'])(
    'finds nothing in %j',
    (text) => {
      expect(found(text)).toBeUndefined();
    },
  );
});
