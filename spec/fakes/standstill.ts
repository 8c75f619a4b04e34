// How long the event loop stands still, in processor time of this process: what a busy machine does to others is not ours.

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The most that was used between two rounds of the event loop while `work` went on, milliseconds. */
export async function standstill(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  let ended = false;
  let before = 0;
  const round = (): void => {
    const now = processorTime();
    longest = Math.max(longest, now - before);
    before = now;
    if (!ended) setImmediate(round);
  };
  await new Promise<void>((resolve) => setImmediate(resolve));
  before = processorTime();
  setImmediate(round);
  try {
    await work();
  } finally {
    ended = true;
  }
  await new Promise<void>((resolve) => setImmediate(resolve));
  return longest;
}
