import { expect, it } from 'vitest';
import { type Abortable, AbortListeners } from '../../../src/base/abort-listeners.ts';

/** Writes down who was told. */
const rig = () => {
  const told: string[] = [];
  const who = (name: string, more: () => void = () => undefined): Abortable => ({
    aborted: () => {
      told.push(name);
      more();
    },
  });
  return { listeners: new AbortListeners(), told, who };
};

it('tells all who wait with a signal, once, and nobody else', () => {
  const { listeners, told, who } = rig();
  const one = new AbortController();
  const other = new AbortController();
  const gone = who('gone');
  listeners.add(one.signal, who('a'));
  listeners.add(one.signal, gone);
  listeners.add(one.signal, who('b'));
  listeners.add(other.signal, who('c'));
  listeners.remove(one.signal, gone);
  one.abort();
  one.abort();
  expect(told).toEqual(['a', 'b']);
});

it('does not tell who was removed by one who was told before', () => {
  const { listeners, told, who } = rig();
  const second = who('second');
  const abort = new AbortController();
  listeners.add(
    abort.signal,
    who('first', () => listeners.remove(abort.signal, second)),
  );
  listeners.add(abort.signal, second);
  abort.abort();
  expect(told).toEqual(['first']);
});

it('has one listener at a signal, however often somebody waits with it', () => {
  const { listeners, told, who } = rig();
  const abort = new AbortController();
  let added = 0;
  const add = abort.signal.addEventListener.bind(abort.signal);
  abort.signal.addEventListener = ((...given: Parameters<typeof add>) => {
    added++;
    add(...given);
  }) as typeof add;
  for (let i = 0; i < 100; i++) {
    const one = who(`${i}`);
    listeners.add(abort.signal, one);
    if (i < 99) listeners.remove(abort.signal, one);
  }
  abort.abort();
  expect([added, told]).toEqual([1, ['99']]);
});
