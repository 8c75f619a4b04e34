import { expect, test } from 'vitest';
import { GivingUp } from '../../../src/base/giving-up.ts';

const reason = new Error('nobody waits');

test('who asked for the signal is told', () => {
  const until = new GivingUp(reason);
  const { signal } = until;
  const told: unknown[] = [];
  signal.addEventListener('abort', () => told.push(signal.reason));
  expect([until.isGivenUp, signal.aborted, until.signal === signal]).toEqual([false, false, true]);
  until.giveUp();
  until.giveUp();
  expect([until.isGivenUp, signal.aborted, told]).toEqual([true, true, [reason]]);
});

test('who asks afterwards gets a signal that has fired', () => {
  const until = new GivingUp(reason);
  until.giveUp();
  expect([until.signal.aborted, until.signal.reason]).toEqual([true, reason]);
});
