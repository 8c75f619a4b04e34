import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeForm, decodePercent, encodePercent } from '../../../src/uri/percent.ts';

const octets = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

describe('percent-encoding', () => {
  it('is undone by decoding, for any octets', () => {
    fc.assert(
      fc.property(octets, (text) => {
        expect(decodePercent(encodePercent(text))).toBe(text);
        expect(decodeForm(encodePercent(text))).toBe(text);
        expect(encodePercent(text)).toMatch(/^(?:[A-Za-z0-9\-_.~]|%[0-9A-F]{2})*$/);
      }),
    );
  });

  it('leaves what is no encoding', () => {
    expect(decodePercent('%%41%4%zz+')).toBe('%A%4%zz+');
    expect(decodeForm('a+%2B')).toBe('a +');
  });
});
