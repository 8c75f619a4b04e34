// What is remembered of the headers of parts: parts whose headers consist of the same words in other places are others.
import { expect, test } from 'vitest';
import { type PartHeaders, partFacts } from '../../../../src/message/mime/content-type.ts';

const none: PartHeaders = { contentType: [], encoding: [], disposition: [] };
const facts = (headers: Partial<PartHeaders>, digest = false) => partFacts({ ...none, ...headers }, digest);

test('the same value in another header, or split in two, says something else', () => {
  const value = ' base64';
  expect(facts({ encoding: [value] }).encoding).toBe('base64');
  expect(facts({ contentType: [value] }).encoding).toBe('identity');
  expect(facts({ disposition: [value] }).names.disposition).toBe('base64');
  expect(facts({ encoding: [value, ''] }).defects).toContain('several_encodings');
  expect(facts({ encoding: [value], disposition: [''] }).defects).toEqual([]);
  expect(facts({ encoding: [], disposition: [value, ''] }).encoding).toBe('identity');
});

test('values with commas, semicolons and numbers in them are not taken for several', () => {
  const two = facts({ contentType: ['a/b', 'c/d'] });
  expect(two.defects).toEqual(['several_content_types']);
  for (const value of ['a/b,3,c/d', 'a/b;1,3,c/d', '3,a/b,3,c/d'])
    expect(facts({ contentType: [value] }).defects).toEqual([]);
});

test('without a header a part of a digest is a message, others are text', () => {
  expect([facts({}).type, facts({}, true).type, facts({}).type]).toEqual([
    'text/plain',
    'message/rfc822',
    'text/plain',
  ]);
});

test('of headers with more names than anybody means nothing is kept', () => {
  const plain = { contentType: [' text/plain; charset=utf-8; name="a.txt"'] };
  expect(facts(plain)).toBe(facts(plain));
  const crowded = {
    contentType: [` a/b${[...'abcdefghijklmnop'].map((name) => `; name=${name}.txt`).join('')}`],
  };
  expect(facts(crowded)).not.toBe(facts(crowded));
  expect(facts(crowded)).toEqual(facts(crowded));
});
