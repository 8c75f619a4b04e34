// How long the event loop stands still, in processor time of this process: what a busy machine does to others is not ours. Never more than the
// time that passed: the process has other threads too.

import { performance } from 'node:perf_hooks';

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The most that was used between two rounds of the event loop while `work` went on, milliseconds. */
export async function standstill(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  let ended = false;
  let before = 0;
  let began = 0;
  const round = (): void => {
    const now = processorTime();
    const time = performance.now();
    longest = Math.max(longest, Math.min(now - before, time - began));
    before = now;
    began = time;
    if (!ended) setImmediate(round);
  };
  await new Promise<void>((resolve) => setImmediate(resolve));
  before = processorTime();
  began = performance.now();
  setImmediate(round);
  try {
    await work();
  } finally {
    ended = true;
  }
  await new Promise<void>((resolve) => setImmediate(resolve));
  return longest;
}
