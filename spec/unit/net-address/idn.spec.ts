import { describe, expect, it } from 'vitest';
import { domainInAscii, isSameDomain } from '../../../src/net-address/idn.ts';

const octets = (text: string): string => Buffer.from(text).toString('latin1');

describe('domainInAscii', () => {
  it.each([
    ['example.com', 'example.com'],
    ['EXAMPLE.com', 'example.com'],
    ['XN--exmple-cua.com', 'xn--exmple-cua.com'],
    ['', ''],
    ['exämple.com', 'xn--exmple-cua.com'],
    ['EXÄMPLE.com', 'xn--exmple-cua.com'],
    ['straße.de', 'xn--strae-oqa.de'],
    ['例え.テスト', 'xn--r8jz45g.xn--zckzah'],
    ['xn--exmple-cua.exämple.com', 'xn--exmple-cua.xn--exmple-cua.com'],
    ['_dmarc.exämple.com', '_dmarc.xn--exmple-cua.com'],
    ['مثال.إختبار', 'xn--mgbh0fb.xn--kgbechtv'],
  ])('%s', (name, ascii) => {
    expect(domainInAscii(octets(name))).toBe(ascii);
  });

  it.each([
    ['full width letters', 'ｅxample.com'],
    ['an ideographic full stop', 'exämple。com'],
    ['a soft hyphen', 'ex\u00adample.com'],
    ['a zero-width space', 'ex\u200bample.com'],
    ['letters that are not composed', 'exa\u0308mple.com'],
    ['a percent sign', 'ex%41ä.com'],
    ['a blank', 'ex ä.com'],
    ['an at sign', 'a@ä.com'],
    ['a slash', 'ä.com/x'],
    ['an empty label', 'ä..com'],
    ['a label that ends in a hyphen', 'ä.a-.com'],
    ['a U-label that begins with a hyphen', '-ä.com'],
    ['one that ends in a hyphen', 'ä-.com'],
    ['one that looks like an A-label', 'ab--ä.com'],
    ['a label of more than 63 octets', `${'ä'.repeat(60)}.com`],
    ['more than 253 octets', `${'ä.'.repeat(40)}com`],
    ['a name that ends in a number', 'ä.1'],
    ['a control character', 'ä\u0085.com'],
    ['far too much', 'ä'.repeat(100_000)],
    ['a right-to-left label that is none', 'ا1a.com'],
  ])('%s: none', (_, name) => {
    expect(domainInAscii(octets(name))).toBeUndefined();
  });

  it.each(['\xc3\x28.com', '\xc0\xae.com', '\xed\xa0\x80.com', '\xff'])('%j is no UTF-8', (name) => {
    expect(domainInAscii(name)).toBeUndefined();
  });

  it('A-label and U-label are one domain', () => {
    expect(isSameDomain(octets('exämple.com'), 'XN--EXMPLE-CUA.COM')).toBe(true);
    expect(isSameDomain('Example.COM', 'example.com')).toBe(true);
    expect(isSameDomain(octets('exämple.com'), 'example.com')).toBe(false);
    expect(isSameDomain('\xff', '\xff')).toBe(false);
  });
});
