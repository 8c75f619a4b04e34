import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitText } from '../../../src/text/split.ts';

describe('splitText', () => {
  it.each([
    ["it's ok", ' ', ["it's", 'ok']],
    ['"a', ' ', ['"a']],
    ["'a b' it's 'c d'", ' ', ['a b', 'its c', "d'"]],
    ['a"b c', ' ', ['a"b', 'c']],
    ["'a\\' b' c", ' ', ["a' b", 'c']],
    ['"a\\', ' ', ['"a\\']],
    ['""', ' ', ['']],
    ['a"" ""b', ' ', ['a', 'b']],
    ['a\\ ', ' ', ['a ']],
    ['\\', ' ', ['\\']],
    ['C:\\x\\y', '\\:', ['C', 'x', 'y']],
    ["a'b'c", "'", ['a', 'b', 'c']],
    ['a\0b', '\0', ['a', 'b']],
    ['\\\xff,\xfe', ',', ['\xff', '\xfe']],
  ])('%j at %j', (text, delimiters, items) => {
    expect(splitText(text, delimiters)).toEqual(items);
  });

  it('gives back items that were quoted', () => {
    const item = fc.string({
      unit: fc.constantFrom('a', ' ', ',', '"', "'", '\\', '\n', '\xff'),
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.array(item), (items) => {
        const list = items.map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`).join(', ');
        expect(splitText(list, ', ')).toEqual(items);
      }),
    );
  });

  it('loses nothing but delimiters where there are no quotes and backslashes', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', ','), maxLength: 30 });
    fc.assert(
      fc.property(text, (list) => {
        expect(splitText(list, ', ')).toEqual(list.split(/[ ,]+/).filter((item) => item !== ''));
      }),
    );
  });
});
