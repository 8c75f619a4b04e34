import { expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { TicketKeys } from '../../../src/cli/ticket-keys.ts';

const HOURS = 3_600_000;

it('the key of session tickets is made anew every 12 hours, until it is stopped', () => {
  const clock = new FakeClock();
  const told: string[] = [];
  const keys = new TicketKeys(clock, (key) => told.push(key.toString('hex')));
  const first = keys.key.toString('hex');
  expect(keys.key).toHaveLength(48);
  clock.advance(12 * HOURS - 1);
  expect(told).toEqual([]);
  clock.advance(1);
  expect(told).toEqual([keys.key.toString('hex')]);
  clock.advance(12 * HOURS);
  expect(new Set([first, ...told]).size).toBe(3);
  keys.stop();
  clock.advance(48 * HOURS);
  expect(told).toHaveLength(2);
  expect(clock.pending).toBe(0);
});
