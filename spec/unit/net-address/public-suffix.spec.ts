import { describe, expect, it } from 'vitest';
import { suffixIndex, suffixIndexAtLevel } from '../../../src/net-address/public-suffix.ts';

function suffix(text: string): string | undefined {
  const at = suffixIndex(text);
  return at < 0 ? undefined : text.slice(at);
}

describe('suffixIndex', () => {
  const utf8 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
  it.each([
    ['a.b.c.kobe.jp', 'c.kobe.jp'],
    ['www.city.kobe.jp', 'kobe.jp'],
    ['x.s3.dualstack.us-east-1.amazonaws.com', 's3.dualstack.us-east-1.amazonaws.com'],
    ['me.github.io', 'github.io'],
    ['EXAMPLE.CO.UK.', 'CO.UK.'],
    [utf8('пример.рф'), utf8('рф')],
    [utf8('食狮.公司.cn'), utf8('公司.cn')],
    ['xn--85x722f.xn--55qx5d.cn', 'xn--55qx5d.cn'],
  ])('of %s is %s', (text, expected) => {
    expect(suffix(text)).toBe(expected);
  });

  it.each([
    '',
    '.',
    '..',
    'com..',
    'example.onion',
    'localhost',
    '10.1.2.3',
    '\xff\xfe',
    `${'a'.repeat(300)}`,
  ])('is not in %j', (text) => {
    expect(suffix(text)).toBeUndefined();
  });

  it('is found behind any text', () => {
    expect(suffix(`${'x.'.repeat(1000)}example.com`)).toBe('com');
    expect(suffix(`${'x'.repeat(1000)}.com`)).toBe('com');
  });
});

describe('suffixIndexAtLevel', () => {
  it.each([
    ['example.co.uk', 1, 11],
    ['example.co.uk', 2, 8],
    ['example.co.uk', 3, -1],
    ['school.k12.ca.us', 3, 7],
    ['.co.uk', 3, -1],
    ['x..com', 2, -1],
    ['com', 2, -1],
  ])('%s, level %i: %i', (text, level, expected) => {
    expect(suffixIndexAtLevel(text, level)).toBe(expected);
  });
});
