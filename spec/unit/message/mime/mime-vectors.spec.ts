// Every case of spec/vectors/mime.json: what the original answered, or what mime-differences.ts says instead.
import { describe, expect, test } from 'vitest';
import { observe } from '../../../fakes/observe-message.ts';
import { asOriginal, cases, expectedParts, md5, messageOf, present } from './mime-cases.ts';
import { differences } from './mime-differences.ts';

describe('the answers of the original', () => {
  for (const item of cases) {
    const difference = differences[item.name];
    test(difference === undefined ? item.name : `${item.name}: ${difference.reason}`, () => {
      const found = observe(messageOf(item));
      expect(found.parts.map(asOriginal)).toEqual(expectedParts(item, difference));
      const original = item.returns[0]?.['uri.found'] ?? [];
      if (difference?.uris === undefined) {
        expect(found.keys).toEqual(original.map((uri) => uri.key));
        expect(found.uris.map(asOriginal)).toEqual(original.map((uri) => uri.uri));
      } else {
        expect(found.uris.map((uri) => [uri.mime_part, uri.uri_raw, uri.host])).toEqual(difference.uris);
        expect(found.keys).toEqual(found.uris.map((uri) => md5(uri.uri_raw)));
      }
    });

    const title =
      difference === undefined ? 'gives its very answer' : 'does not, so that it stands rightly in the list';
    test(`${item.name}, fed as the original was, ${title}`, () => {
      const found = observe(messageOf(item).subarray(0, -1));
      const original = item.returns[0];
      const same =
        JSON.stringify(found.parts.map(asOriginal).map(sorted)) ===
          JSON.stringify(original?.['mime.parts'].map(sorted)) &&
        JSON.stringify(found.keys) === JSON.stringify(original?.['uri.found'].map((uri) => uri.key));
      expect(same).toBe(difference === undefined);
    });
  }

  test('names no case that does not exist', () => {
    const names = new Set(cases.map((item) => item.name));
    expect(Object.keys(differences).filter((name) => !names.has(name))).toEqual([]);
    expect(cases.length).toBe(78);
  });
});

function sorted(record: object): readonly (readonly [string, unknown])[] {
  return Object.entries(present(record)).sort(([a], [b]) => (a < b ? -1 : 1));
}
