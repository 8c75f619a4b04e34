import { expect, it } from 'vitest';
import { crc32c } from '../../../src/base/crc32c.ts';
import { Seeded } from '../../fakes/seeded.ts';

// RFC 3720 appendix B.4, and the check value of the catalogue of CRCs.
it.each([
  ['nothing', Buffer.alloc(0), 0],
  ['123456789', Buffer.from('123456789'), 0xe3069283],
  ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
  ['32 times 255', Buffer.alloc(32, 255), 0x62a8ab43],
  ['0 to 31', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
  ['31 to 0', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
])('of %s', (_, octets, sum) => {
  expect(crc32c(octets)).toBe(sum);
});

it('is the same however the octets are cut, wherever they stand', () => {
  const octets = new Seeded(32).bytes(80);
  // One octet at a time.
  const slowly = (start: number, end: number): number => {
    let sum = 0;
    for (let i = start; i < end; i++) sum = crc32c(octets, sum, i, i + 1);
    return sum;
  };
  for (let start = 0; start < 9; start++)
    for (let end = start; end <= octets.length; end++) {
      const whole = slowly(start, end);
      expect(crc32c(octets, 0, start, end)).toBe(whole);
      const middle = start + Math.floor((end - start) / 3);
      expect(crc32c(octets, crc32c(octets, 0, start, middle), middle, end)).toBe(whole);
    }
});
