// smtpe.callahead and smtpe.once: what the host's replies mean, how often it is asked, and what happens without a store.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type HopScript, NextHop, refusedPort } from '../../../src/bench/ports/next-hop.ts';
import { HelperRig } from '../../fakes/helper-rig.ts';

let rig: HelperRig;
beforeAll(async () => {
  rig = await HelperRig.start({ options: { 'smtp-forward-connections': '0' } });
});
afterAll(() => rig.close());

const hops: NextHop[] = [];
afterEach(async () => {
  rig.isDown = false;
  for (const hop of hops.splice(0)) await hop.close();
});

async function host(script: HopScript): Promise<NextHop> {
  const hop = await NextHop.start(script);
  hops.push(hop);
  return hop;
}

/** What stands in RCPT commands. */
const asked = (hop: NextHop): readonly string[] =>
  hop.connections.flatMap(({ commands }) => commands.filter((line) => line.startsWith('RCPT')));

async function check(hosts: string, rest = '', recipient = 'bob@example.com'): Promise<readonly unknown[]> {
  return rig.run(
    `local callahead = require 'smtpe.callahead'\nlocal a, b, c = callahead.check{ recipient = '${recipient}', hosts = ${hosts}${rest} }\nreturn a, b, c`,
  );
}

describe('callahead.check', () => {
  it.each([
    ['550 5.1.1 no such user', 'unknown_user'],
    ['550 5.1.0 bad', 'unknown_user'],
    ['550 5.1.2 bad domain', 'unknown_user'],
    ['550 5.1.6 moved', 'unknown_user'],
    ['550 5.2.1 disabled', 'unknown_user'],
    ['550 no such user', 'unknown_user'],
    ['553 not here', 'unknown_user'],
    ['550 5.7.1 you may not', 'unsure'],
    ['552 5.2.2 full', 'unsure'],
    ['554 no', 'unsure'],
    ['450 4.2.1 later', 'unsure'],
    ['451 greylisted', 'unsure'],
  ])('%s: %s', async (reply, result) => {
    const hop = await host({ rcpt: `${reply}\r\n` });
    const refusal = result === 'unknown_user' ? reply : undefined;
    expect(await check(`'${hop.target}'`)).toEqual([result, refusal, reply]);
    // Remembered.
    expect(await check(`'${hop.target}'`)).toEqual([result, refusal, reply]);
    expect(asked(hop)).toEqual(['RCPT TO:<bob@example.com>']);
    expect(hop.connections[0]?.commands).toContain('MAIL FROM:<>');
    expect(hop.connections.flatMap(({ commands }) => commands)).not.toContain('DATA');
  });

  it('takes a recipient that the host takes, when it does not take everybody', async () => {
    const hop = await host({ rcpt: ['250 2.1.5 ok\r\n', '550 5.1.1 no\r\n'] });
    expect(await check(`'${hop.target}'`)).toEqual(['valid', undefined, '250 2.1.5 ok']);
    expect(await check(`'${hop.target}'`, '', 'Bob@example.com')).toEqual([
      'valid',
      undefined,
      '250 2.1.5 ok',
    ]);
    const [first, second = '', ...more] = asked(hop);
    expect(first).toBe('RCPT TO:<bob@example.com>');
    expect(second).toMatch(/^RCPT TO:<[\da-f]{20}@example\.com>$/);
    expect(more).toEqual([]);
  });

  it('is unsure about a host that takes everybody, which is asked once', async () => {
    const hop = await host({});
    for (const user of ['bob', 'al', 'carol'])
      expect(await check(`'${hop.target}'`, '', `${user}@example.com`)).toEqual([
        'unsure',
        undefined,
        'the host takes any recipient',
      ]);
    expect(asked(hop).length).toBe(4);
  });

  it('is unsure when no host can be reached, and says 451 when it is told to', async () => {
    const nowhere = `127.0.0.1:${await refusedPort()}`;
    const [result, reply, why] = await check(`'${nowhere}'`);
    expect([result, reply]).toEqual(['unsure', undefined]);
    expect(why).toMatch(/refused|connect/i);
    expect((await check(`'${nowhere}'`, ", on_failure = 'closed'")).slice(0, 2)).toEqual([
      'unsure',
      '451 4.4.3 nobody can say whether this recipient exists',
    ]);
  });

  it('tries the next host, two at most', async () => {
    const nowhere = `127.0.0.1:${await refusedPort()}`;
    const hop = await host({ rcpt: '550 5.1.1 no\r\n' });
    expect((await check(`{ '${nowhere}', '${hop.target}' }`))[0]).toBe('unknown_user');
    expect((await check(`{ '${nowhere}', '${nowhere}', '${hop.target}' }`))[0]).toBe('unsure');
    expect((await check(`{ '${nowhere}', '${hop.target}' }`, ', max_hosts = 1'))[0]).toBe('unsure');
  });

  it('asks once for a hundred who want to know at once', { timeout: 60_000 }, async () => {
    const hop = await host({ rcpt: '550 5.1.1 no such user\r\n' });
    const all = await Promise.all(Array.from({ length: 100 }, () => check(`'${hop.target}'`)));
    expect(new Set(all.map(([result]) => result))).toEqual(new Set(['unknown_user']));
    expect(asked(hop)).toEqual(['RCPT TO:<bob@example.com>']);
  });

  it('has no more than per_host ask at once', { timeout: 60_000 }, async () => {
    const hop = await host({ rcpt: '550 5.1.1 no such user\r\n' });
    let most = 0;
    const look = setInterval(() => {
      most = Math.max(most, hop.connections.filter(({ closed }) => !closed).length);
    }, 1);
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, i) => check(`'${hop.target}'`, ', per_host = 2', `u${i}@example.com`)),
    );
    clearInterval(look);
    expect(new Set(all.map(([result]) => result))).toEqual(new Set(['unknown_user']));
    expect(asked(hop).length).toBe(12);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('when the store has failed', async () => {
    rig.isDown = true;
    const hop = await host({ rcpt: '550 5.1.1 no\r\n' });
    expect(await check(`'${hop.target}'`)).toEqual(['unsure', undefined, 'down']);
    expect((await check(`'${hop.target}'`, ", on_failure = 'closed'"))[1]).toMatch(/^451 /);
    expect(asked(hop)).toEqual([]);
    expect((await check(`'${hop.target}'`, ", on_failure = 'local'"))[0]).toBe('unknown_user');
    expect((await check(`'${hop.target}'`, ", on_failure = 'local'"))[0]).toBe('unknown_user');
    expect(asked(hop).length).toBe(1);
  });

  it.each([
    ["{ recipient = 'a@b' }", "callahead.check: the field 'hosts' is missing"],
    ["{ recipient = 'a@b', host = 'x' }", "there is no field 'host'; did you mean 'hosts'?"],
    ["{ recipient = 'a@b', hosts = {} }", 'callahead.check: there are no hosts'],
  ])('%s', async (given, message) => {
    await expect(rig.run(`local a = require('smtpe.callahead').check${given}`)).rejects.toThrow(message);
  });
});

describe('once', () => {
  const code = (key: string, f: string): string =>
    `local once = require 'smtpe.once'\nlocal a, b = once(${key}, 60, ${f})\nreturn a, b`;

  it('runs a function in one of all, and gives its answer to all', { timeout: 60_000 }, async () => {
    const f = "function() local n = store.incr('ran', 1, 60) util.sleep(0.05) return 'answer ' .. n end";
    const all = await Promise.all(Array.from({ length: 50 }, () => rig.run(code("'together'", f))));
    expect(new Set(all.map(([answer]) => answer))).toEqual(new Set(['answer 1']));
  });

  it('asks again when there was no answer, or an error', async () => {
    expect(await rig.run(code("'k1'", 'function() return nil end'))).toEqual([undefined, 'missing']);
    await expect(rig.run(code("'k1'", "function() error('no luck', 0) end"))).rejects.toThrow('no luck');
    expect((await rig.run(code("'k1'", 'function() return 5 end')))[0]).toBe('5');
    expect((await rig.run(code("'k1'", 'function() return 6 end')))[0]).toBe('5');
  });

  it('takes arguments, a lifetime of its own, and keys of any length', async () => {
    expect(
      (
        await rig.run(
          "local a = require('smtpe.once')(('k'):rep(600), 60, function(x, y) return x .. y, 1000 end, 'a', 'b') return a",
        )
      )[0],
    ).toBe('ab');
    expect(
      (
        await rig.run(
          "local a = require('smtpe.once')('long', 60, function() return 'x', 1000 end) return store.ttl('long')",
        )
      )[0],
    ).toBe(1000);
  });

  it('says why there is nothing', async () => {
    rig.isDown = true;
    expect(await rig.run(code("'k2'", "function() return 'x' end"))).toEqual([undefined, 'down']);
  });

  it.each([
    ["('', 60, print)", "bad argument #1 to 'once' (string expected, got an empty one)"],
    ["('k', 0.5, print)", "bad argument #2 to 'once' (whole seconds expected)"],
    ["('k', 60)", "bad argument #3 to 'once' (function expected, got nil)"],
  ])('%s', async (args, message) => {
    await expect(rig.run(`local a = require('smtpe.once')${args}`)).rejects.toThrow(message);
  });
});
