import { expect, test } from 'vitest';
import { Remembered } from '../../../src/base/remembered.ts';

/** A memory of three texts of up to five characters, and what it had made. */
function open() {
  const made: string[] = [];
  const memory = new Remembered<string>(3, 5);
  const of = (text: string): string =>
    memory.of(text, (wanted) => {
      made.push(wanted);
      return `${wanted}!`;
    });
  return { of, made };
}

test('what was made once is given again', () => {
  const { of, made } = open();
  expect([of('a'), of('b'), of('a')]).toEqual(['a!', 'b!', 'a!']);
  expect(made).toEqual(['a', 'b']);
});

test('long texts are made each time', () => {
  const { of, made } = open();
  expect([of('longer'), of('longer')]).toEqual(['longer!', 'longer!']);
  expect(made).toEqual(['longer', 'longer']);
});

test('a fourth text has all others forgotten', () => {
  const { of, made } = open();
  for (const text of ['a', 'b', 'c', 'd', 'd', 'a']) of(text);
  expect(made).toEqual(['a', 'b', 'c', 'd', 'a']);
});

test('what is too much is made each time, and has nothing forgotten', () => {
  const memory = new Remembered<{ readonly size: number }>(1, 5, ({ size }) => size < 10);
  const [small, large] = [() => ({ size: 1 }), () => ({ size: 10 })];
  const kept = memory.of('a', small);
  expect(memory.of('b', large)).not.toBe(memory.of('b', large));
  expect(memory.of('a', small)).toBe(kept);
});

test('what is no octets is made as it is', () => {
  const { of, made } = open();
  expect([of('\u0101b'), of('\x01b'), of('\xe4')]).toEqual(['\u0101b!', '\x01b!', '\xe4!']);
  expect(made).toEqual(['\u0101b', '\x01b', '\xe4']);
});

test('a part of a long text does not keep the long text alive', () => {
  const memory = new Remembered<string>(1000, 100);
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 200; i++) {
    const octets = Buffer.alloc(1_000_000, 120);
    octets.write(String(i).padStart(30, '-'));
    memory.of(octets.toString('latin1').slice(0, 60), (text) => text.slice(1));
  }
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000_000);
});
