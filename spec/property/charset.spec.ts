// Every charset gives the same text for every split of the octets, and none of them makes a decoder throw (Node's do, when little is fed).
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDecoding } from '../../src/charset/decoding.ts';
import { charsetOf } from '../../src/charset/label.ts';

const awkward = [
  ...[0x1b, 0x24, 0x42, 0x28, 0x29, 0x0e, 0x0f, 0x7e, 0x7b, 0x7d, 0x2b, 0x2d, 0x0a, 0x0d, 0x41, 0x30],
  ...[0, 0x81, 0x8e, 0x8f, 0xa1, 0xd8, 0xdc, 0xfe, 0xff],
];
const octets = fc
  .array(fc.oneof(fc.constantFrom(...awkward), fc.integer({ min: 0, max: 255 })), { maxLength: 60 })
  .map((list) => Buffer.from(list));

function decode(charset: string, pieces: readonly Buffer[]): readonly unknown[] {
  const decoding = createDecoding(charsetOf(charset));
  let text = '';
  for (const piece of pieces) text += decoding?.push(piece);
  return [text + decoding?.end(), decoding?.broken];
}

test.each([
  ...['gb18030', 'gbk', 'big5', 'euc-jp', 'euc-kr', 'shift_jis', 'iso-2022-jp', 'iso-2022-kr', 'iso-2022-cn'],
  ...['hz', 'utf-7', 'utf-16le', 'utf-16be', 'utf-32le', 'utf-32be', 'cp037', 'koi8-r', 'windows-1252'],
])('%s', (charset) => {
  fc.assert(
    fc.property(octets, fc.array(fc.nat(60), { maxLength: 5 }), (all, cuts) => {
      const once = decode(charset, [all]);
      expect(
        decode(
          charset,
          [...all].map((octet) => Buffer.from([octet])),
        ),
      ).toEqual(once);
      const places = [0, ...cuts.map((cut) => Math.min(cut, all.length)).sort((a, b) => a - b), all.length];
      expect(
        decode(
          charset,
          places.slice(1).map((end, i) => all.subarray(places[i], end)),
        ),
      ).toEqual(once);
    }),
    { numRuns: 500 },
  );
});
