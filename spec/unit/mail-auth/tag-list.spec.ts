import { describe, expect, it } from 'vitest';
import { isDomainName } from '../../../src/mail-auth/domain-name.ts';
import { parseTagList } from '../../../src/mail-auth/tag-list.ts';
import { decodeBase64 } from '../../../src/text/base64.ts';

const read = (text: string) => {
  const tags = parseTagList(text);
  return tags === undefined
    ? undefined
    : Object.fromEntries([...tags].map(([name, { value }]) => [name, value]));
};

describe('a tag list', () => {
  it.each([
    ['a=1', { a: '1' }],
    ['a=1;', { a: '1' }],
    [' a = 1 2\r\n\t3 ;\r\n B\t=\tx=y; ', { a: '1 2\r\n\t3', B: 'x=y' }],
    ['a=1; A=2', { a: '1', A: '2' }],
    ['a=', { a: '' }],
    ['a=(x;b="y', { a: '(x', b: '"y' }],
    ['a=\xc3\xa0\xa0', { a: '\xc3\xa0\xa0' }],
    ['a_1=2', { a_1: '2' }],
  ])('%j', (text, tags) => {
    expect(read(text)).toEqual(tags);
  });

  it.each([
    '',
    ' ',
    ';',
    'a',
    'a=1;;',
    'a=1;;b=2',
    'a=1; b',
    '=1',
    '1=2',
    'a b=1',
    'a=1;a=2',
    'a=\0',
    'a=\x07',
    'a\xa0=1',
  ])('%j is none', (text) => {
    expect(read(text)).toBeUndefined();
  });
});

describe('base64', () => {
  it.each([
    ['QUJD', 'ABC'],
    ['QU JD\r\n\tRA==', 'ABCD'],
    ['QUI=', 'AB'],
    ['QUI', 'AB'],
  ])('%j', (text, octets) => {
    expect(decodeBase64(text)?.toString('latin1')).toBe(octets);
  });

  it.each(['', ' ', '=', 'QUJ*', 'QUJD=', 'Q', 'QUJDR', 'QU\xa0JD', 'QU-_', 'QUI=QUI='])(
    '%j is none',
    (text) => {
      expect(decodeBase64(text)).toBeUndefined();
    },
  );
});

describe('a domain name', () => {
  it.each([
    'example.com',
    'EXAMPLE',
    '2026.mail',
    'a_b',
    '_x',
    'xn--4ca.example',
    '\xc3\xa4.example',
    'a'.repeat(63),
  ])('%j', (text) => {
    expect(isDomainName(text)).toBe(true);
  });

  it.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '-a',
    'a-',
    '***',
    'a b',
    'a\r\n',
    'a'.repeat(64),
    'a\0',
    'a%b',
    `${'a.'.repeat(126)}aa`,
  ])('%j is none', (text) => {
    expect(isDomainName(text)).toBe(false);
  });
});
