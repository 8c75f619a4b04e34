// Names of accounts, and what directories become of them; patterns, held against regular expressions.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { typeOf } from '../../../src/accounts/account-types.ts';
import { globMatches, isPattern } from '../../../src/accounts/glob.ts';
import {
  deletedName,
  directoryName,
  maildirOf,
  placeOfDomain,
  readAddress,
  readDomain,
  readUser,
} from '../../../src/accounts/names.ts';
import { Seeded } from '../../fakes/seeded.ts';

describe('a user', () => {
  it.each([
    ['ann', 'ann'],
    ['ANN.Smith', 'ann.smith'],
    ['sales-*', 'sales-*'],
    ['..', '..'],
    ['\xc4nn', '\xc4nn'],
    ['x'.repeat(64), 'x'.repeat(64)],
    ['', undefined],
    ['x'.repeat(65), undefined],
    ['x'.repeat(300), undefined],
    ['a b', undefined],
    ['a@b', undefined],
    ['a/b', undefined],
    ['../x', undefined],
    ['a\0b', undefined],
    ['a\r\nb', undefined],
    ['a\x7f', undefined],
    ['\u0100', undefined],
  ])('%j is %j', (text, name) => {
    expect(readUser(text)).toBe(name);
  });
});

describe('a domain', () => {
  it.each([
    ['Shop.TEST', 'shop.test'],
    ['a_b-c.0', 'a_b-c.0'],
    [`${'x'.repeat(63)}.test`, `${'x'.repeat(63)}.test`],
    [`${'x'.repeat(64)}.test`, undefined],
    [`${'abc.'.repeat(63)}abc`, `${'abc.'.repeat(63)}abc`],
    [`${'abc.'.repeat(64)}abc`, undefined],
    ['', undefined],
    ['..', undefined],
    ['../x', undefined],
    ['a..b', undefined],
    ['.a', undefined],
    ['a.', undefined],
    ['a b', undefined],
    ['a\0', undefined],
    ['x'.repeat(300), undefined],
    ['b\xfccher.test', undefined],
  ])('%j is %j', (text, name) => {
    expect(readDomain(text)).toBe(name);
  });
});

describe('a directory', () => {
  it.each([
    ['ann', 'ann'],
    ['..', '%2E.'],
    ['.hidden', '%2Ehidden'],
    ['*', '%2A'],
    ['100%', '100%25'],
    ['\xc4', '%C4'],
    ['ann.deleted-2026', 'ann%2Edeleted-2026'],
    ['a+b=c_d-e.f', 'a+b=c_d-e.f'],
  ])('of %j is %j', (name, directory) => {
    expect(directoryName(name)).toBe(directory);
  });

  it('is another for each name, one below its domain, and none that was deleted', () => {
    const random = new Seeded(1);
    const seen = new Map<string, string>();
    for (let i = 0; i < 5000; i++) {
      const octets = Array.from({ length: 1 + random.below(4) }, () =>
        random.pick(['.', '%', '2', 'E', 'a', '*', '\xff']),
      );
      const name = readUser(octets.join('')) ?? 'a';
      const directory = directoryName(name);
      expect(join('/s', directory)).toBe(`/s/${directory}`);
      expect(directory).not.toMatch(/^\.|\.deleted-/);
      expect(seen.get(directory) ?? name).toBe(name);
      seen.set(directory, name);
    }
    expect(Buffer.byteLength(deletedName(directoryName('\xff'.repeat(64)), 0, 99))).toBeLessThan(256);
    expect(maildirOf('/s', 'd.test', '..')).toBe('/s/d.test/%2E.');
  });

  it.each([
    ['', 'a.test'],
    ['other', 'other'],
    ['deep/er', 'deep/er'],
    ['/mail/x/', 'x'],
    ['../out', undefined],
    ['/elsewhere', undefined],
    ['/mail', undefined],
    ['/mail2/x', undefined],
    ['x/../..', undefined],
    ['a\0b', undefined],
    ['x'.repeat(1001), undefined],
  ])('of a domain with path %j is %j', (path, place) => {
    expect(placeOfDomain('/mail', 'a.test', path)).toBe(place);
  });
});

describe('an address', () => {
  it.each([
    ['ann@Shop.Test', { user: 'ann', domain: 'shop.test' }],
    ['"ann"@shop.test', { user: 'ann', domain: 'shop.test' }],
    ['"a\\"n"@shop.test', { user: 'a"n', domain: 'shop.test' }],
    ['"a b"@shop.test', undefined],
    ['"a@b"@shop.test', undefined],
    ['ann@b\xc3\xbccher.test', { user: 'ann', domain: 'xn--bcher-kva.test' }],
    ['ann@B\xc3\x9cCHER.test', { user: 'ann', domain: 'xn--bcher-kva.test' }],
    ['ann@XN--Bcher-KVA.test', { user: 'ann', domain: 'xn--bcher-kva.test' }],
    ['ann@b\xfccher.test', undefined],
    ['ann@\xef\xbd\x93hop.test', undefined],
    ['ann', undefined],
    ['@shop.test', undefined],
    ['ann@', undefined],
    ['ann@[192.0.2.1]', undefined],
  ])('%j is %j', (text, address) => {
    expect(readAddress(text)).toEqual(address);
  });
});

describe('a pattern', () => {
  it.each([
    ['*', '', true],
    ['*', 'abc', true],
    ['sales-*', 'sales-eu', true],
    ['sales-*', 'sales-', true],
    ['sales-*', 'sales', false],
    ['?', 'a', true],
    ['?', '', false],
    ['a?c', 'abc', true],
    ['[abc]', 'b', true],
    ['[a-c]x', 'bx', true],
    ['[^a-c]', 'b', false],
    ['[^a-c]', 'd', true],
    ['[]x]', ']', true],
    ['[^]x]', ']', false],
    ['[a-]', '-', true],
    ['[-a]', '-', true],
    ['[a', '[a', false],
    ['[a', 'a', false],
    ['*a*b*', 'xxaxxbxx', true],
    ['*a', 'aa', true],
    ['a*a', 'a', false],
    ['**', 'x', true],
  ] as const)('%j and %j: %j', (pattern, text, matches) => {
    expect(globMatches(pattern, text)).toBe(matches);
    expect(isPattern(pattern)).toBe(true);
  });

  it('means what a regular expression means that says the same', () => {
    const random = new Seeded(7);
    for (let i = 0; i < 3000; i++) {
      const elements = Array.from({ length: random.below(6) }, () =>
        random.pick(['a', 'b', '?', '*', '[ab]', '[^a]']),
      );
      const text = Array.from({ length: random.below(7) }, () => random.pick(['a', 'b', 'c'])).join('');
      const expression = elements.map((one) => ({ '?': '.', '*': '.*' })[one] ?? one).join('');
      expect([elements.join(''), text, globMatches(elements.join(''), text)]).toEqual([
        elements.join(''),
        text,
        new RegExp(`^${expression}$`).test(text),
      ]);
    }
  });

  it('that others try in vain for ever is done at once', () => {
    const begin = performance.now();
    for (let i = 0; i < 100; i++) expect(globMatches(`${'*a'.repeat(31)}b`, 'a'.repeat(64))).toBe(false);
    expect(performance.now() - begin).toBeLessThan(500);
  });
});

it.each([
  ['mbox', 'mbox'],
  ['mailbox', 'mbox'],
  ['alias', 'alias'],
  ['mod', 'mod'],
  ['module', 'mod'],
  ['feed', 'feed'],
  ['relay', 'relay'],
  ['Mailbox', undefined],
  ['', undefined],
  ['constructor', undefined],
])('the word %j is the type %j', (word, type) => {
  expect(typeOf(word)).toBe(type);
});
