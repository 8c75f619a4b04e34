import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeUtf8,
  encodeUtf8,
  hasEightBitOctets,
  isUtf8Text,
  isVisibleText,
} from '../../../src/text/utf8.ts';

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

describe('isVisibleText', () => {
  it.each(['', 'a b\0', 'b\u00fcro', '\u0645\u200c\u0645', '\ud83d\ude00', 'e\u0301'])('%j is', (text) => {
    expect(isVisibleText(encodeUtf8(text))).toBe(true);
  });

  it.each(
    [
      0x80, 0x85, 0xa0, 0xad, 0x34f, 0x61c, 0x180e, 0x200b, 0x200e, 0x202e, 0x2028, 0x2060, 0x2066, 0x3000,
      0xfe0f, 0xfeff, 0xe0061,
    ].map((code) => code.toString(16)),
  )('a text with U+%s is not', (code) => {
    expect(isVisibleText(encodeUtf8(`a${String.fromCodePoint(Number.parseInt(code, 16))}b`))).toBe(false);
  });

  it('what is no UTF-8 is not', () => {
    expect(isVisibleText('a\xff')).toBe(false);
  });
});
