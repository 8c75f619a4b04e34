import { describe, expect, it } from 'vitest';
import { codeOf, codeOrText, isFull, textOf, traceOf } from '../../../src/base/errors.ts';
import { splitList } from '../../../src/base/lists.ts';

const coded = (code: string): Error => Object.assign(new Error(`${code}: words`), { code });

describe('what is said of an exception', () => {
  it('is its code, its words, its trace', () => {
    const error = coded('ENOENT');
    expect([codeOf(error), textOf(error), codeOrText(error)]).toEqual(['ENOENT', 'ENOENT: words', 'ENOENT']);
    expect(traceOf(error)).toContain('errors.spec.ts');
  });

  it('is whatever was thrown, when that is no exception', () => {
    for (const thrown of ['text', 7, undefined, null, { code: 'ENOENT' }]) {
      expect(codeOf(thrown)).toBe('');
      expect([textOf(thrown), traceOf(thrown), codeOrText(thrown)]).toEqual(Array(3).fill(String(thrown)));
    }
    expect(codeOrText(new Error('words'))).toBe('Error: words');
    expect(traceOf(Object.assign(new Error('words'), { stack: undefined }))).toBe('words');
  });

  it('tells a full disk, quota or file from other trouble', () => {
    expect(['ENOSPC', 'EDQUOT', 'EFBIG'].map((code) => isFull(coded(code)))).toEqual([true, true, true]);
    expect([isFull(coded('EIO')), isFull(new Error('ENOSPC')), isFull('ENOSPC')]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('splitList', () => {
  it('cuts at blanks, commas and semicolons, and has no empty items', () => {
    expect(splitList(' a,b;c\td\n e,,;')).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(splitList(' ;, ')).toEqual([]);
  });
});
