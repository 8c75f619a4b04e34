// A part read at any places in any order gives the octets that stand there, with one file open at most and none when it is closed.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pace } from '../../src/message/content/pace.ts';
import { indexParts } from '../../src/message/content/part-index.ts';
import { PartSource } from '../../src/message/content/part-source.ts';
import { defaultMimeLimits } from '../../src/message/mime/limits.ts';

test('any places in any order', async () => {
  const octets = Buffer.alloc(500_000);
  for (let i = 0; i < octets.length; i++) octets[i] = (i * 7 + (i >> 8)) & 255;
  const body = octets.toString('base64').replace(/(.{76})/g, '$1\r\n');
  const whole = Buffer.from(`Content-Transfer-Encoding: base64\r\n\r\n${body}\r\n`);
  let open = 0;
  const message = {
    async *read(start = 0) {
      open++;
      try {
        for (let at = start; at < whole.length; at += 60_000) yield whole.subarray(at, at + 60_000);
      } finally {
        open--;
      }
    },
  };
  const pace = new Pace(new AbortController().signal, { left: Number.MAX_SAFE_INTEGER });
  const index = await indexParts(message, defaultMimeLimits, pace);
  const place = index.get(1);
  if (place === undefined) throw new Error('no part');
  const range = fc.tuple(fc.nat(510_000), fc.oneof(fc.nat(100), fc.nat(200_000)));
  await fc.assert(
    fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 6 }), async (ranges) => {
      const source = await PartSource.open({ message, index }, place, pace);
      expect(source.size).toBe(octets.length);
      for (const [start, length] of ranges) {
        expect((await source.read(start, length)).equals(octets.subarray(start, start + length))).toBe(true);
        expect(open).toBeLessThanOrEqual(1);
      }
      await source.close();
      expect(open).toBe(0);
    }),
    { numRuns: 40 },
  );
}, 30_000);
