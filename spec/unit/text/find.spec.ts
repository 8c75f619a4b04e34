import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findPattern } from '../../../src/text/find.ts';
import { MAX_CLASS_SEGMENT } from '../../../src/text/segment-search.ts';

function find(text: string, pattern: string, caseless = false): number {
  const outcome = findPattern(text, pattern, caseless);
  return outcome.kind === 'found' ? outcome.offset : -1;
}

/** The same by a regular expression, for patterns of a few constructs (classes without blanks). */
function byExpression(text: string, pattern: string): number {
  const body = pattern.replace(/^\*+/, '').replace(/\*+|\?| /g, (token) => {
    if (token === '?') return '[^]';
    return token === ' ' ? '[ \\t-\\r]' : '[^]*?';
  });
  if (pattern.startsWith('*')) {
    if (body === '') return 0;
    for (let at = 0; at <= text.length; at++) if (new RegExp(`^(?:${body})$`).test(text.slice(at))) return at;
    return -1;
  }
  return new RegExp(`^(?:${body})$`).test(text) ? 0 : -1;
}

describe('findPattern', () => {
  it.each([
    ['a]c', 'a[]]c', 0],
    ['-', '[a-]', 0],
    ['b', '[a-]', -1],
    ['b', '[c-a]', -1],
    ['\\', '[\\]', 0],
    ['^', '[\\^]', 0],
    ['x', '[!]a]', 0],
    [']', '[!]a]', -1],
    ['*', '[*]', 0],
    ['a\\', 'a\\', 0],
    ['\0b', '?b', 0],
    ['a\nb', 'a b', 0],
    ['xaab', '*ab', 2],
    ['abab', '*ab', 2],
    ['ab', 'ab**', 0],
    ['aXbXc', '*X*X*', 1],
  ])('%j in %j: %i', (text, pattern, offset) => {
    expect(find(text, pattern)).toBe(offset);
  });

  it('folds ASCII letters only, and not escaped ones', () => {
    expect(find('ABC', 'aBc', true)).toBe(0);
    expect(find('ABC', '\\aBc', true)).toBe(-1);
    expect(find('\xc9', '\xe9', true)).toBe(-1);
    expect(find('@', '`', true)).toBe(-1);
    expect(find('D', '[^a-c]', true)).toBe(0);
  });

  it.each([8, 31, 32, 33, 64, 65, 1000])('finds a segment of %i octets, of classes or not', (length) => {
    const word = Array.from({ length }, (_, i) => String.fromCharCode(97 + ((i * 7) % 26))).join('');
    const text = `${word.slice(1)}-${word}${word}`;
    expect(find(text, `*${word}*`)).toBe(length);
    expect(find(text, `*${word.slice(0, -1)}?*`)).toBe(length);
    expect(find(text.toUpperCase(), `*${word}*`, true)).toBe(length);
    expect(find(text, `*${word}!*`)).toBe(-1);
  });

  it('agrees with regular expressions', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n'), maxLength: 24 });
    const pattern = fc.string({
      unit: fc.constantFrom('a', 'b', '*', '*', '?', ' ', '[^ab]', '[a-b]'),
      maxLength: 8,
    });
    fc.assert(
      fc.property(text, pattern, (haystack, needle) => {
        expect(find(haystack, needle)).toBe(byExpression(haystack, needle));
      }),
      { numRuns: 3000 },
    );
  });

  it('finds long segments as regular expressions do', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 60, maxLength: 120 });
    const cut = fc.tuple(fc.nat(40), fc.integer({ min: 33, max: 60 }), fc.nat(32));
    fc.assert(
      fc.property(text, cut, (haystack, [from, length, hole]) => {
        const word = haystack.slice(from, from + length);
        expect(find(haystack, `*${word}*`)).toBe(haystack.indexOf(word));
        const holed = `${word.slice(0, hole)}?${word.slice(hole + 1)}`;
        expect(find(haystack, `*${holed}*`)).toBe(byExpression(haystack, `*${holed}*`));
      }),
    );
  });

  it('refuses a segment with classes that is too long, and takes one of plain octets', () => {
    const text = 'a'.repeat(3 * MAX_CLASS_SEGMENT);
    expect(findPattern(text, `*?${'a'.repeat(MAX_CLASS_SEGMENT)}*`, false)).toEqual({
      kind: 'too-long',
      length: MAX_CLASS_SEGMENT + 1,
    });
    expect(find(text, `*?${'a'.repeat(MAX_CLASS_SEGMENT - 1)}*`)).toBe(0);
    expect(find(text, `*${'a'.repeat(2 * MAX_CLASS_SEGMENT)}*`)).toBe(0);
  });
});
