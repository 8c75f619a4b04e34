// The helpers over a real Redis: two machines keep one limit exactly, a client who was asked to wait on one passes on the other, and one of all asks.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { HelperRig } from '../fakes/helper-rig.ts';
import { openRedisStore } from '../fakes/redis-store.ts';
import { describeWith } from './needs.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

describeWith(['redis-server'], 'the helpers on two machines with one Redis', () => {
  let redis: RedisServer;
  let machines: HelperRig[] = [];
  const closes: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    redis = await startRedis();
    machines = await Promise.all(
      [1, 2].map(async () => {
        const { store } = await openRedisStore(redis.url, systemClock, { 'store-timeout': '5000' });
        closes.push(() => store.close());
        return HelperRig.start({ store });
      }),
    );
  });
  afterAll(async () => {
    for (const machine of machines) await machine.close();
    for (const close of closes) await close();
    await redis.stop();
  });
  const onBoth = (code: string): Promise<readonly (readonly unknown[])[]> =>
    Promise.all(machines.map((machine) => machine.run(code)));

  it('allow a thousand calls at once exactly the limit', async () => {
    const code = `local ratelimit = require 'smtpe.ratelimit'
      local allowed = 0
      for i = 1, 100 do
        if ratelimit.check{ key = 'both', limit = 137, per = 'day' } then allowed = allowed + 1 end
      end
      return allowed`;
    const counts = await Promise.all(Array.from({ length: 5 }, () => onBoth(code)));
    expect(counts.flat(2).reduce((sum: number, count) => sum + Number(count), 0)).toBe(137);
  });

  it('count nothing of several limits when one refuses, and different items', async () => {
    const all =
      "return require('smtpe.ratelimit').all{ { key = 'a', limit = 5, per = 'day' }, { key = 'b', limit = 1, per = 'day' } }";
    expect((await onBoth(all)).map(([allowed]) => allowed).sort()).toEqual([false, true]);
    const left = "return require('smtpe.ratelimit').peek{ key = 'a', limit = 5, per = 'day' }";
    expect((await onBoth(left)).map(([, remaining]) => remaining)).toEqual([4, 4]);
    const distinct = (item: string): string =>
      `return require('smtpe.ratelimit').distinct{ key = 'd', item = '${item}', limit = 1, per = 'day' }`;
    expect((await onBoth(distinct('x'))).map(([allowed]) => allowed)).toEqual([true, true]);
    expect((await onBoth(distinct('y'))).map(([allowed]) => allowed)).toEqual([false, false]);
  });

  it('know a client whom the other one has asked to wait', async () => {
    const code = `local result = require('smtpe.greylist').check{ ip = '192.0.2.1', sender = 'a@example.com', recipient = 'b@example.net', delay = 1 } return result`;
    const [first, second] = machines;
    expect(await first?.run(code)).toEqual(['wait']);
    await expect.poll(() => second?.run(code), { timeout: 20_000 }).toEqual(['pass']);
    expect(await first?.run(code)).toEqual(['pass']);
  });

  it('find something out in one of them', async () => {
    const code = `local once = require 'smtpe.once'
      local answer = once('both', 60, function() util.sleep(0.05) return 'by ' .. store.incr('runs', 1, 60) end)
      return answer`;
    const all = await Promise.all(Array.from({ length: 10 }, () => onBoth(code)));
    expect(new Set(all.flat(2))).toEqual(new Set(['by 1']));
  });

  it('look up a list in it', async () => {
    const [first, second] = machines;
    await first?.run(
      "store.set('acl:.example.com', 'REJECT no', 600) store.set('acl:192.0.2.0/24', 'OK', 600) store.set('acl:2001:db8::/32', 'six', 600)",
    );
    const look = (call: string): Promise<readonly unknown[]> | undefined =>
      second?.run(`local list = require('smtpe.access').redis('acl:') local a, b = list:${call} return a, b`);
    expect(await look("address('al@mx.example.com')")).toEqual(['REJECT no', '.example.com']);
    expect(await look("client('192.0.2.77', 'mx.example.com')")).toEqual(['OK', '192.0.2.0/24']);
    expect(await look("client('2001:db8::1')")).toEqual(['six', '2001:db8::/32']);
    expect(await look("address('al@example.net')")).toEqual([undefined, undefined]);
  });
});
