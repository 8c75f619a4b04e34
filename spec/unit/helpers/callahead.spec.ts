// smtpe.callahead and smtpe.once: what the host's replies mean, how often it is asked, and what happens without a store.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type HopScript, NextHop, refusedPort } from '../../../src/bench/ports/next-hop.ts';
import type { PolicyInstance } from '../../../src/policy/instance.ts';
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

  describe('gives its place and its lock back, however the call ends', () => {
    const code = (target: string): string =>
      `local callahead = require 'smtpe.callahead'
      for i = 1, 3 do callahead.check{ recipient = 'x@example.com', hosts = '${target}', per_host = 1 } end`;
    const left = async (): Promise<readonly unknown[]> =>
      rig.run("return table.concat(store.list('ca:place:'), ' ') .. table.concat(store.list('lock:'), ' ')");

    it.each([
      ['the client is gone', (instance: PolicyInstance) => instance.cancel(), 'cancelled'],
      ['the connection is closed', (instance: PolicyInstance) => instance.close(), 'cancelled'],
    ] as const)('%s', async (_name, end, kind) => {
      const hop = await host({ rcpt: { end: 'hang' } });
      const instance = await rig.open();
      const running = instance.run(code(hop.target), '=spec');
      await hop.saw('RCPT TO:<x@example.com>');
      expect(await left()).not.toEqual(['']);
      end(instance);
      expect((await running).kind).toBe(kind);
      expect(await left()).toEqual(['']);
      instance.close();
    });

    it('the store is far away, and nobody waits for its answer any more', async () => {
      const far = await HelperRig.start({ answersLater: true, options: { 'smtp-forward-connections': '0' } });
      const hop = await host({ rcpt: { end: 'hang' } });
      const instance = await far.open();
      const running = instance.run(code(hop.target), '=spec');
      await hop.saw('RCPT TO:<x@example.com>');
      const kept = "return #store.list('ca:place:'), #store.list('lock:')";
      expect(await far.run(kept)).toEqual([1, 1]);
      instance.cancel();
      expect((await running).kind).toBe('cancelled');
      expect(await far.run(kept)).toEqual([0, 0]);
      instance.close();
      await far.close();
    });

    it('it has taken too long', async () => {
      const slow = await HelperRig.start({
        options: { 'hook-time-limit': '1', 'smtp-forward-connections': '0' },
      });
      const hop = await host({ rcpt: { end: 'hang' } });
      await expect(slow.run(code(hop.target))).rejects.toThrow(/still running after 1 s/);
      expect(await slow.run("return #store.list('ca:place:'), #store.list('lock:')")).toEqual([0, 0]);
      await slow.close();
    });

    it('it raises an error', async () => {
      const hop = await host({});
      await expect(check(`'${hop.target}'`, ", sender = 'a b'", 'x@example.com')).rejects.toThrow(
        'an address without angle brackets expected',
      );
      expect(await left()).toEqual(['']);
    });

    it.each([
      ['taken', 'take = function() return true end', 'add k 10 delete k'],
      ['had by somebody', "take = function() return false, 'exists' end", 'add k 10'],
      ['not known', "take = function() return false, 'timeout' end", 'add k 10 replace k 1'],
      ['refused', "take = function() return false, 'down' end", 'add k 10'],
      ['cut off in between', "take = function() error('cut', 0) end", 'add k 10 replace k 1'],
      ['kept too long', 'take = function(t) t.late = true return true end', 'add k 10 replace k 1'],
    ])('what it holds is %s', async (_name, take, calls) => {
      const [said] = await rig.run(`local hold = require 'smtpe.hold'
        local said, t = {}, { ${take} }
        local used = {}
        function used.add(key, mine, ttl) said[#said + 1] = 'add ' .. key .. ' ' .. ttl return t:take() end
        function used.delete(key) said[#said + 1] = 'delete ' .. key end
        function used.replace(key, old, new, ttl) assert(old == new and #old == 8) said[#said + 1] = 'replace ' .. key .. ' ' .. ttl end
        pcall(function()
          local held <close> = hold.new(used, 10)
          held:take('k')
          if t.late then held.since = held.since - 10 end
        end)
        return table.concat(said, ' ')`);
      expect(said).toBe(calls);
    });
  });

  it('takes what a host says to one sender for nobody else', async () => {
    const hop = await host({
      mail: ['550 5.7.1 not you\r\n', '250 ok\r\n'],
      rcpt: ['250 ok\r\n', '550 5.1.1 no\r\n'],
    });
    expect((await check(`'${hop.target}'`, ", sender = 'bad@example.org'")).slice(0, 2)).toEqual([
      'unsure',
      undefined,
    ]);
    expect((await check(`'${hop.target}'`, ", sender = 'good@example.org'")).slice(0, 2)).toEqual([
      'valid',
      undefined,
    ]);
    expect((await check(`'${hop.target}'`, ", sender = 'bad@example.org'"))[0]).toBe('unsure');
    expect(asked(hop).length).toBe(2);
  });

  it.each(['550 5.1.1 no such user', '550 no', '553 no'])(
    'a host that says %s to MAIL, or before, has said nothing of the recipient',
    async (reply) => {
      for (const stage of ['mail', 'ehlo', 'banner'] as const) {
        const script =
          stage === 'ehlo' ? { ehlo: `${reply}\r\n`, helo: `${reply}\r\n` } : { [stage]: `${reply}\r\n` };
        const hop = await host(script);
        expect((await check(`'${hop.target}'`)).slice(0, 2)).toEqual(['unsure', undefined]);
      }
    },
  );

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
    [
      "{ recipient = 'a@b', hosts = { 'x', true } }",
      'callahead.check: string expected as hosts[2], got boolean',
    ],
    [
      "{ recipient = 'a@b', hosts = { 'x', nil, 'y' } }",
      "callahead.check: hosts is an array without holes; '3' stands behind one",
    ],
    ["{ recipient = 'a@b', hosts = { nil, 'y' } }", 'callahead.check: there are no hosts'],
    ["{ recipient = 5, hosts = 'x' }", 'callahead.check: string expected as recipient, got 5'],
    [
      "{ recipient = 'a@b', sender = false, hosts = 'x' }",
      'callahead.check: string expected as sender, got boolean',
    ],
    ["{ recipient = 'a@b', hosts = 'x', per_host = 1e9 }", 'whole number from 1 to 100 expected as per_host'],
    [
      "{ recipient = 'a@b', hosts = 'x', max_hosts = 0.5 }",
      'whole number from 1 to 100 expected as max_hosts, got 0.5',
    ],
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

  it('takes whole seconds that were divided: in Lua 5.4 they are floats', async () => {
    const [left] = await rig.run(
      "local a = require('smtpe.once')('half', 3600 / 2, function() return 'x' end) return store.ttl('half')",
    );
    expect(left).toBe(1800);
  });

  it('says why there is nothing', async () => {
    rig.isDown = true;
    expect(await rig.run(code("'k2'", "function() return 'x' end"))).toEqual([undefined, 'down']);
  });

  it.each([
    ["('', 60, print)", "bad argument #1 to 'once' (string expected, got an empty one)"],
    ...(
      [
        ['0.5', '0.5'],
        ['0', '0'],
        ['-1', '-1'],
        ['31536001', '31536001'],
        ['1e300', '1e+300'],
        ['math.huge', 'inf'],
        ["'60'", 'string'],
        ['nil', 'nil'],
      ] as const
    ).map(([ttl, got]) => [
      `('k', ${ttl}, print)`,
      `bad argument #2 to 'once' (whole seconds, 1 to 31536000, expected, got ${got})`,
    ]),
    ["('k', 60)", "bad argument #3 to 'once' (function expected, got nil)"],
  ])('%s', async (args, message) => {
    await expect(rig.run(`local a = require('smtpe.once')${args}`)).rejects.toThrow(message);
  });
});
