import { expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { Adoptions } from '../../../src/cli/adoptions.ts';

function setUp() {
  const clock = new FakeClock();
  const adoptions = new Adoptions(clock);
  const heard: string[] = [];
  const wait = (name: string): void => void adoptions.all(1000).then(() => heard.push(name));
  return { adoptions, clock, heard, wait };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('waits until every worker has answered as often as it was told, or is gone', async () => {
  const { adoptions, clock, heard, wait } = setUp();
  const [a, b] = [{}, {}];
  for (const worker of [a, b, a]) adoptions.told(worker);
  wait('first');
  adoptions.taken(a);
  adoptions.gone(b);
  await turn();
  expect(heard).toEqual([]);
  adoptions.taken(a);
  await turn();
  expect(heard).toEqual(['first']);
  expect(clock.pending).toBe(0);
  wait('at once');
  await turn();
  expect(heard).toEqual(['first', 'at once']);
  // One too many changes nothing.
  adoptions.taken(a);
  adoptions.told(b);
  wait('second');
  await turn();
  expect(heard).toHaveLength(2);
});

it('does not wait longer than it is told to for one that stands still', async () => {
  const { adoptions, clock, heard, wait } = setUp();
  adoptions.told({});
  wait('late');
  clock.advance(999);
  await turn();
  expect(heard).toEqual([]);
  clock.advance(1);
  await turn();
  expect(heard).toEqual(['late']);
});
