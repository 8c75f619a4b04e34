// ratelimit.check against a bucket that fills evenly, told in the most obvious way: the same answers for any arrivals.
import fc from 'fast-check';
import { afterAll, beforeAll, it } from 'vitest';
import { FakeClock } from '../../src/bench/ports/clock.ts';
import { HelperRig } from '../fakes/helper-rig.ts';

const clock = new FakeClock();
let rig: HelperRig;
beforeAll(async () => {
  rig = await HelperRig.start({ clock });
});
afterAll(() => rig.close());

/** Counts in ticks: a unit takes `interval` of them to come back. */
class Bucket {
  #level: number;
  readonly #room: number;
  readonly #interval: number;

  constructor(interval: number, burst: number) {
    this.#interval = interval;
    this.#room = burst * interval;
    this.#level = this.#room;
  }

  pass(ticks: number): void {
    this.#level = Math.min(this.#room, this.#level + ticks);
  }

  take(units: number): string {
    const wanted = units * this.#interval;
    const allowed = wanted <= this.#level;
    if (allowed) this.#level -= wanted;
    const wait = allowed ? 0 : wanted > this.#room ? 'inf' : (wanted - this.#level) / 1000;
    return `${allowed} ${Math.floor(this.#level / this.#interval)} ${wait}`;
  }
}

let used = 0;

it('any arrivals', { timeout: 60_000 }, async () => {
  const arrivals = fc.array(fc.tuple(fc.integer({ min: 0, max: 120_000 }), fc.integer({ min: 1, max: 5 })), {
    minLength: 1,
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(1, 250, 1000, 36_000),
      fc.integer({ min: 1, max: 20 }),
      arrivals,
      async (interval, burst, mails) => {
        const bucket = new Bucket(interval, burst);
        const key = `p${++used}`;
        for (const [ticks, cost] of mails) {
          clock.advance(ticks);
          bucket.pass(ticks);
          const [answer] = await rig.run(
            `local allowed, left, wait = require('smtpe.ratelimit').check{ key = '${key}', limit = 1000, per = ${interval}, burst = ${burst}, cost = ${cost} }
             return ('%s %d %s'):format(allowed, left, wait == math.huge and 'inf' or ('%.3f'):format(wait):gsub('%.?0+$', ''))`,
          );
          const expected = bucket.take(cost);
          if (answer !== expected) throw new Error(`${answer} instead of ${expected}`);
        }
      },
    ),
    { numRuns: 40 },
  );
});
