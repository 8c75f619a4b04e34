// Items that are looked at one after the other, at once or not.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { firstOf, type Maybe } from '../../../src/base/maybe.ts';

/** What is said of an item, and whether it is said later. */
const items = fc.array(fc.record({ says: fc.option(fc.nat(), { nil: undefined }), late: fc.boolean() }));

it('gives what is said of the first that something is said of, and looks at none behind it', () =>
  fc.assert(
    fc.asyncProperty(items, async (list) => {
      const looked: number[] = [];
      const found = firstOf([...list.keys()], (at): Maybe<number | undefined> => {
        looked.push(at);
        const { says, late } = list[at] as (typeof list)[number];
        return late ? Promise.resolve(says) : says;
      });
      const first = list.findIndex(({ says }) => says !== undefined);
      const seen = first < 0 ? list : list.slice(0, first + 1);
      expect(found instanceof Promise).toBe(seen.some(({ late }) => late));
      expect(await found).toBe(list[first]?.says);
      expect(looked).toEqual([...seen.keys()]);
    }),
  ));

it('takes no place on the stack for each of many items', async () => {
  const many = Array.from({ length: 100_000 }, (_, at) => at);
  expect(firstOf(many, () => undefined)).toBeUndefined();
  expect(await firstOf(many, (at) => (at === 99_999 ? Promise.resolve(at) : undefined))).toBe(99_999);
});
