// When a process counts as overloaded, by a clock and a machine that the spec makes up.
import { expect, it } from 'vitest';
import type { Clock, Timer } from '../../../src/base/clock.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { LoadWatch } from '../../../src/ops/load-watch.ts';

/** A clock whose timers fire `late` ms too late. */
class LateClock implements Clock {
  readonly #clock = new FakeClock();
  late = 0;

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(ms: number, fire: () => void): Timer {
    return this.#clock.after(ms + this.late, fire);
  }

  advance(ms: number): void {
    this.#clock.advance(ms);
  }

  get pending(): number {
    return this.#clock.pending;
  }
}

function setUp(limits = { lag: 1000, memory: 100, spoolFree: 10 }) {
  const clock = new LateClock();
  const machine = { memory: 50, free: 1000 as number | undefined };
  const told: string[] = [];
  const lags: number[] = [];
  const watch = new LoadWatch({
    clock,
    limits: () => limits,
    memory: () => machine.memory,
    spoolFree: async () => machine.free,
    changed: (cause, text) => told.push(`${cause ?? 'well'}: ${text}`),
    lagged: (seconds) => lags.push(seconds),
  });
  const pass = async (ms: number): Promise<void> => {
    for (let gone = 0; gone < ms; gone += 100) {
      clock.advance(100);
      await Promise.resolve();
    }
  };
  return { clock, lags, machine, pass, told, watch };
}

it('lag: one standstill is none, two one after the other are, and it ends with the first look that is in time', async () => {
  const { clock, lags, pass, told } = setUp();
  await pass(500);
  // The timer that runs was set before.
  clock.late = 1500;
  await pass(500);
  expect(told).toEqual([]);
  clock.late = 0;
  await pass(2000);
  await pass(500);
  expect(told).toEqual([]);
  clock.late = 1500;
  await pass(500);
  await pass(4000);
  expect(told).toEqual(['lag: the event loop is 1500 ms late, limit-lag is 1000']);
  clock.late = 0;
  await pass(4000);
  expect(told).toEqual(['lag: the event loop is 1500 ms late, limit-lag is 1000', 'well: ']);
  expect(Math.max(...lags)).toBe(1.5);
});

it('memory and room for messages, each with its words; the first that is found is told', async () => {
  const { machine, pass, told } = setUp();
  machine.memory = 101;
  await pass(500);
  machine.free = 9;
  await pass(5000);
  machine.memory = 100;
  await pass(500);
  machine.free = undefined;
  await pass(5500);
  expect(told).toEqual([
    'memory: 101 MiB of memory, limit-memory is 100',
    'spool: 9 MiB are free where message files lie, limit-spool-free is 10',
    'well: ',
  ]);
});

it('0 is no limit, and nothing is left of it in the end', async () => {
  const { clock, machine, pass, told, watch } = setUp({ lag: 0, memory: 0, spoolFree: 0 });
  machine.memory = 1e6;
  machine.free = 0;
  clock.late = 60_000;
  await pass(200_000);
  expect(told).toEqual([]);
  watch.stop();
  expect(clock.pending).toBe(0);
});
