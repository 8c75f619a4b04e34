import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8, hasEightBitOctets, isUtf8Text } from '../../../src/text/utf8.ts';

describe('isUtf8Text', () => {
  it.each([
    '',
    'abc',
    '\0\r\n',
    'b\xc3\xbcro',
    '\xf0\x9f\x98\x80',
    '\xc2\xa0',
    '\xed\x9f\xbf',
    '\xee\x80\x80',
  ])('%j is', (octets) => {
    expect(isUtf8Text(octets)).toBe(true);
  });

  it.each([
    ['an octet that goes on from nothing', '\x80'],
    ['a beginning without its end', 'a\xc3'],
    ['a beginning and something else', '\xc3\x28'],
    ['overlong, two octets', '\xc0\xae'],
    ['overlong, three octets', '\xe0\x80\xae'],
    ['overlong, four octets', '\xf0\x80\x80\xae'],
    ['a surrogate', '\xed\xa0\x80'],
    ['the other half of one', '\xed\xbf\xbf'],
    ['beyond U+10FFFF', '\xf4\x90\x80\x80'],
    ['five octets', '\xf8\x88\x80\x80\x80'],
    ['a control character', 'a\xc2\x85b'],
  ])('%s is not', (_, octets) => {
    expect(isUtf8Text(octets)).toBe(false);
  });

  it('any text is, and comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const octets = encodeUtf8(text);
        expect(isUtf8Text(octets)).toBe(true);
        expect(decodeUtf8(octets)).toBe(text);
        expect(hasEightBitOctets(octets)).toBe(octets.length !== text.length || /[^\0-\x7f]/.test(text));
      }),
    );
    expect(decodeUtf8('\xff')).toBeUndefined();
  });
});
