// Who is waited for before a reload counts as done.
import { expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { Adoptions } from '../../../src/cli/adoptions.ts';

interface Worker {
  readonly name: string;
}

function setUp() {
  const clock = new FakeClock();
  const adoptions = new Adoptions<Worker>(clock);
  const heard: string[] = [];
  const wait = (name: string): void =>
    void adoptions
      .all(60_000)
      .then((silent) => heard.push([name, ...silent.map((one) => one.name)].join(' ')));
  return { adoptions, clock, heard, wait };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const [a, b]: readonly [Worker, Worker] = [{ name: 'a' }, { name: 'b' }];

it('waits until every worker has answered as often as it was told, or is gone', async () => {
  const { adoptions, clock, heard, wait } = setUp();
  for (const worker of [a, b, a]) adoptions.told(worker);
  for (const worker of [a, b]) adoptions.heard(worker);
  wait('first');
  adoptions.taken(a);
  adoptions.gone(b);
  clock.advance(10_000);
  await turn();
  expect(heard).toEqual([]);
  adoptions.taken(a);
  await turn();
  expect(heard).toEqual(['first']);
  expect(clock.pending).toBe(0);
  wait('at once');
  // One too many changes nothing.
  adoptions.taken(a);
  adoptions.told(b);
  wait('second');
  await turn();
  expect(heard).toEqual(['first', 'at once']);
});

it('does not wait for one that stands still, and names it until it has come to itself', async () => {
  const { adoptions, clock, heard, wait } = setUp();
  for (const worker of [a, b]) adoptions.told(worker);
  adoptions.heard(a);
  wait('one');
  clock.advance(2999);
  adoptions.taken(a);
  await turn();
  expect(heard).toEqual([]);
  clock.advance(1);
  await turn();
  expect(heard).toEqual(['one b']);
  adoptions.heard(b);
  adoptions.taken(b);
  wait('two');
  await turn();
  expect(heard).toEqual(['one b', 'two']);
});

it('waits no longer than it is told to for one that has heard and does not come to an end', async () => {
  const { adoptions, clock, heard, wait } = setUp();
  adoptions.told(a);
  adoptions.heard(a);
  wait('late');
  clock.advance(60_000);
  await turn();
  expect(heard).toEqual(['late a']);
});
