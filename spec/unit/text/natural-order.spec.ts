import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareNatural } from '../../../src/text/natural-order.ts';

const unit = fc.constantFrom('0', '1', '2', '9', 'a', 'A', 'b', '.', ' ', '\t', '\0', '\xff', '-');
const text = fc.string({ unit, maxLength: 10 });

describe('compareNatural', () => {
  it.each([
    ['a\0', 'a', 1],
    ['1 2', '12', -1],
    ['x 1', 'x1', 0],
    ['1.10', '1.9', 1],
    ['1.010', '1.0100', -1],
    [`${'1'.repeat(400)}2`, `${'1'.repeat(400)}3`, -1],
  ])('%j and %j: %i', (a, b, expected) => {
    expect(compareNatural(a, b, false)).toBe(expected);
  });

  it.each([false, true])('is a total order, caseless %s', (caseless) => {
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        const ab = compareNatural(a, b, caseless);
        expect(compareNatural(b, a, caseless) + ab).toBe(0);
        expect(compareNatural(a, a, caseless)).toBe(0);
        if (ab <= 0 && compareNatural(b, c, caseless) <= 0)
          expect(compareNatural(a, c, caseless)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 5000 },
    );
  });

  it('takes texts for equal only when they are so without white space', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const bare = (value: string) => value.replace(/[ \t]/g, '');
        if (compareNatural(a, b, false) === 0) expect(bare(a)).toBe(bare(b));
      }),
      { numRuns: 3000 },
    );
  });
});
