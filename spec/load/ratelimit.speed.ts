// What a question to ratelimit.check costs over the store in memory, beside the store's own part of it: a ratio within one run.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HelperRig } from '../fakes/helper-rig.ts';

let rig: HelperRig;
beforeAll(async () => {
  rig = await HelperRig.start({ options: { 'hook-time-limit': '600' } });
});
afterAll(() => rig.close());

/** Processor time of a call, µs: the best of several rounds. */
async function cost(call: string, rounds = 2000): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const before = process.cpuUsage();
    await rig.run(
      `local ratelimit, store = require 'smtpe.ratelimit', store\nfor i = 1, ${rounds} do ${call} end`,
    );
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / rounds);
  }
  return best;
}

it('costs little more than the store', { timeout: 60_000 }, async () => {
  const own = await cost("store.rate('rl:x', 1e9, 60, 1e9)");
  const whole = await cost("ratelimit.check{ key = 'x', limit = 1e9, per = 'minute' }");
  const get = await cost("store.get('rl:none')");
  console.info(
    `ratelimit.check ${whole.toFixed(1)} µs, of which store.rate ${own.toFixed(1)}; store.get ${get.toFixed(1)}`,
  );
  expect(whole).toBeLessThan(own * 4 + 10);
});
