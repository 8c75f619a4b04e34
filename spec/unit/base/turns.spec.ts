// So many at a time, in order; who gives up while waiting never has a turn, and one that fails gives it on.
import { expect, test } from 'vitest';
import { Turns } from '../../../src/base/turns.ts';

const signal = (): AbortSignal => new AbortController().signal;

test('others wait, in order', async () => {
  const turns = new Turns(2);
  const log: string[] = [];
  const ends: (() => void)[] = [];
  const work = (name: string) => () => {
    log.push(name);
    return new Promise<string>((resolve) => ends.push(() => resolve(name)));
  };
  const all = ['a', 'b', 'c', 'd'].map((name) => turns.take(signal(), work(name)));
  await new Promise(setImmediate);
  expect(log).toEqual(['a', 'b']);
  ends[1]?.();
  expect(await all[1]).toBe('b');
  await new Promise(setImmediate);
  expect(log).toEqual(['a', 'b', 'c']);
  ends[0]?.();
  await new Promise(setImmediate);
  expect(log).toEqual(['a', 'b', 'c', 'd']);
  ends[2]?.();
  ends[3]?.();
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
});

test('who gives up while waiting has no turn, and one that fails gives it on', async () => {
  const turns = new Turns(1);
  let fail: ((error: Error) => void) | undefined;
  const first = turns.take(
    signal(),
    () =>
      new Promise((_, reject) => {
        fail = reject;
      }),
  );
  const stop = new AbortController();
  const second = turns.take(stop.signal, async () => 'never');
  const third = turns.take(signal(), async () => 'third');
  stop.abort();
  await expect(second).rejects.toThrow();
  fail?.(new Error('no'));
  await expect(first).rejects.toThrow('no');
  expect(await third).toBe('third');
  expect(await turns.take(signal(), async () => 'fourth')).toBe('fourth');
});
