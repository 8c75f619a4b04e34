// What of the copies that workers have told is kept for their successors: the last of them.
import { expect, it } from 'vitest';
import { ToldCopies } from '../../../src/ops/told-copies.ts';

it('keeps the last 10,000 people, message by message', () => {
  const told = new ToldCopies();
  const message = (key: string, count: number) => ({
    ...{ kind: 'copies' as const, key },
    people: Array.from({ length: count }, (_, i) => `${key} ${i}`),
  });
  const keys = (): readonly string[] => told.all.map(({ key }) => key);
  told.add(message('a', 6000));
  told.add(message('b', 4000));
  expect(keys()).toEqual(['a', 'b']);
  told.add(message('c', 1));
  expect(keys()).toEqual(['b', 'c']);
  told.add(message('d', 20_000));
  expect(keys()).toEqual([]);
  told.add(message('e', 1));
  expect(keys()).toEqual(['e']);
});
