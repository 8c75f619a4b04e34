// The look at the octets of a word, which leaves out most of them: it must leave out nothing that a look at its text would find.
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { candidates } from '../../../../src/message/uri/token.ts';
import { isOrdinaryReference, isOrdinaryWord } from '../../../../src/message/uri/words.ts';
import { parseUri } from '../../../../src/uri/parse-uri.ts';
import { observe } from '../../../fakes/observe-message.ts';

const isOrdinary = (word: string): boolean => isOrdinaryWord(Buffer.from(word, 'latin1'), 0, word.length);

const urisIn = (word: string): readonly string[] =>
  [true, false].flatMap((html) =>
    candidates(word, { html, charset: '' }).flatMap(({ href, text }) => parseUri(text, href)?.uri_raw ?? []),
  );

describe('an ordinary word', () => {
  it.each([
    'end.',
    'end..',
    'e.g.',
    'e.g.:',
    '3.14',
    '12:30',
    '12:30:',
    'Subject:',
    'v1.2.3.4',
    '.5',
    '-1.5',
    '...',
    '::',
  ])('is %j', (word) => {
    expect(isOrdinary(word)).toBe(true);
  });

  test('has no URI in it', () => {
    const unit = fc.constantFrom(
      ...'ab1.:-\r',
      '.',
      ':',
      '..',
      'com',
      'org',
      '10',
      'www',
      'http',
      'mailto',
      'fe80',
      '2001',
    );
    fc.assert(
      fc.property(fc.string({ unit, minLength: 1, maxLength: 10 }), (word) => {
        if (isOrdinary(word)) expect(urisIn(word)).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  test('nor has one with references', () => {
    const unit = fc.constantFrom(
      ...'ab-1;',
      '&amp',
      '&nbsp;',
      '&commat;',
      '&sol;',
      '&dot;',
      '&middot;',
      'com',
      '&',
    );
    fc.assert(
      fc.property(fc.string({ unit, minLength: 1, maxLength: 10 }), (word) => {
        if (isOrdinaryReference(Buffer.from(word, 'latin1'), 0, word.length))
          expect(urisIn(word)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

// Any split must find the same: a word that is cut is not looked at in this way.
test.each([
  ['example.com:', 'example.com'],
  ['example.com...', 'example.com'],
  ['example.com.:', 'example.com'],
  ['..example.com..', 'example.com'],
  ['10.1.2.3..', '10.1.2.3'],
  ['.10.1.2.3', '10.1.2.3'],
  ['-10.1.2.3:', '10.1.2.3'],
])('punctuation at the ends hides no host: %j', (word, host) => {
  const text = Buffer.from(`\r\nsee ${word} and`, 'latin1');
  for (const chunks of [[text], Array.from(text, (_, i) => text.subarray(i, i + 1))])
    expect(observe(chunks).uris.map((uri) => uri.host)).toEqual([host]);
});
