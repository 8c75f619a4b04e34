// smtpe.ratelimit: what it counts, and what it says when the store has failed or an author has misspelt something.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import type { Store } from '../../../src/store/store.ts';
import { HelperRig } from '../../fakes/helper-rig.ts';

const clock = new FakeClock();
let rig: HelperRig;
beforeAll(async () => {
  rig = await HelperRig.start({ clock });
});
afterAll(() => rig.close());

/** What a call gives, without the nils at its end. */
async function run(code: string): Promise<readonly unknown[]> {
  const values = await rig.run(
    `local ratelimit = require 'smtpe.ratelimit'\nlocal a, b, c, d, e = ${code}\nreturn a, b, c, d, e`,
  );
  return values.slice(0, values.findLastIndex((value) => value !== undefined) + 1);
}

let used = 0;
/** A key that nobody else has. */
const fresh = (): string => `k${++used}`;

describe('ratelimit.check', () => {
  it('lets the burst through at once, and then one after the other', async () => {
    const call = `ratelimit.check{ key = '${fresh()}', limit = 100, per = 'hour', burst = 20 }`;
    for (let left = 19; left >= 0; left--) expect(await run(call)).toEqual([true, left, 0]);
    expect(await run(call)).toEqual([false, 0, 36]);
    clock.advance(35_999);
    expect((await run(call))[0]).toBe(false);
    clock.advance(1);
    expect(await run(call)).toEqual([true, 0, 0]);
    expect(await run(call)).toEqual([false, 0, 36]);
    clock.advance(3_600_000);
    expect((await run(call))[1]).toBe(19);
  });

  it.each([
    ["per = 'second'", 1],
    ["per = 'minute'", 60],
    ["per = 'hour'", 3600],
    ["per = 'day'", 86_400],
    ['per = 90', 90],
  ])('%s', async (per, seconds) => {
    const call = `ratelimit.check{ key = '${fresh()}', limit = 2, ${per} }`;
    expect(await run(call)).toEqual([true, 1, 0]);
    expect(await run(call)).toEqual([true, 0, 0]);
    expect(await run(call)).toEqual([false, 0, seconds / 2]);
  });

  it('counts what a call costs, all of it or nothing', async () => {
    const key = fresh();
    const call = (cost: number): string =>
      `ratelimit.check{ key = '${key}', limit = 1000, per = 1000, cost = ${cost} }`;
    expect(await run(call(600))).toEqual([true, 400, 0]);
    expect(await run(call(500))).toEqual([false, 400, 100]);
    expect(await run(call(400))).toEqual([true, 0, 0]);
    expect(await run(call(1001))).toEqual([false, 0, Number.POSITIVE_INFINITY]);
  });

  it('takes a key of any length and octets, also a number', async () => {
    for (const key of ["('x'):rep(5000)", "'\\0\\255\\r\\n'", '42', "''"]) {
      const call = `ratelimit.check{ key = ${key}, limit = 1, per = 'day' }`;
      expect(await run(call)).toEqual([true, 0, 0]);
      expect((await run(call))[0]).toBe(false);
    }
  });

  it('asks the store once', async () => {
    const before = rig.calls;
    await run(`ratelimit.check{ key = '${fresh()}', limit = 2, per = 'hour' }`);
    expect(rig.calls).toBe(before + 1);
  });
});

it('ratelimit.peek does not count', async () => {
  const key = fresh();
  const call = (name: string, cost = 1): string =>
    `ratelimit.${name}{ key = '${key}', limit = 2, per = 20, cost = ${cost} }`;
  expect(await run(call('peek'))).toEqual([true, 2, 0]);
  expect(await run(call('check'))).toEqual([true, 1, 0]);
  expect(await run(call('peek'))).toEqual([true, 1, 0]);
  expect(await run(call('peek', 2))).toEqual([false, 1, 10]);
  expect(await run(call('peek', 3))).toEqual([false, 1, Number.POSITIVE_INFINITY]);
  expect(await run(call('check'))).toEqual([true, 0, 0]);
});

it('ratelimit.reset forgets', async () => {
  const key = fresh();
  const call = `ratelimit.check{ key = '${key}', limit = 1, per = 'day' }`;
  await run(call);
  expect((await run(call))[0]).toBe(false);
  expect(await run(`ratelimit.reset('${key}')`)).toEqual([true]);
  expect(await run(`ratelimit.reset('${key}')`)).toEqual([true]);
  expect((await run(call))[0]).toBe(true);
});

it('ratelimit.all counts nothing when one refuses, and says which', async () => {
  const [a, b] = [fresh(), fresh()];
  const call = `ratelimit.all{ { key = '${a}', limit = 3, per = 60 }, { key = '${b}', limit = 1, per = 'hour' } }`;
  expect(await run(call)).toEqual([true, 0, 0]);
  expect(await run(call)).toEqual([false, 0, 3600, undefined, b]);
  expect(await run(`ratelimit.peek{ key = '${a}', limit = 3, per = 60 }`)).toEqual([true, 2, 0]);
});

it('ratelimit.all adds up what one limit is to count twice', async () => {
  const key = fresh();
  const one = `{ key = '${key}', limit = 5, per = 60 }`;
  const call = `ratelimit.all{ ${one}, { key = '${fresh()}', limit = 9, per = 60 }, ${one} }`;
  expect(await run(call)).toEqual([true, 3, 0]);
  expect(await run(call)).toEqual([true, 1, 0]);
  expect(await run(call)).toEqual([false, 1, 12, undefined, key]);
  expect((await run(`ratelimit.peek${one}`))[1]).toBe(1);
});

describe('what would never refuse', () => {
  it.each([
    [1e6, 30, 3],
    [1e6, 1, 1],
    [1e9, 30_000, 3],
    [1e9, 1, 1],
    [1e12, 3e7, 3],
    [1e12, 1, 1],
  ])('%d in a second, %d at once: %d calls', async (limit, burst, times) => {
    const call = `ratelimit.check{ key = '${fresh()}', limit = ${limit}, per = 'second', burst = ${burst}, cost = 0.5 }`;
    for (let i = 0; i < times; i++) expect((await run(call))[0]).toBe(true);
    expect((await run(call))[0]).toBe(false);
  });

  it('a full day may be worked off in a year, and no more', async () => {
    const call = (burst: number): string =>
      `ratelimit.check{ key = '${fresh()}', limit = 1, per = 'day', burst = ${burst} }`;
    expect(await run(call(365))).toEqual([true, 364, 0]);
    await expect(run(call(366))).rejects.toThrow(
      'ratelimit.check: at 1 in 86400 s a burst of 366 takes 366 days to be worked off, and 365 are counted; right would be a burst of 365 at most',
    );
  });
});

it('check and distinct of one key are two things', async () => {
  const key = fresh();
  const check = `ratelimit.check{ key = '${key}', limit = 1, per = 'hour', on_failure = 'closed' }`;
  const distinct = (item: string): string =>
    `ratelimit.distinct{ key = '${key}', item = '${item}', limit = 1, per = 'hour', on_failure = 'closed' }`;
  expect(await run(check)).toEqual([true, 0, 0]);
  expect(await run(distinct('a'))).toEqual([true, 0, 0]);
  expect(await run(check)).toEqual([false, 0, 3600]);
  expect(await run(distinct('b'))).toEqual([false, 0, 3600]);
  await run(`ratelimit.reset('${key}')`);
  expect(await run(check)).toEqual([true, 0, 0]);
  expect(await run(distinct('b'))).toEqual([true, 0, 0]);
});

describe('ratelimit.parse', () => {
  it.each([
    ['100/h', 100, 3600, 100],
    ['100/h burst 20', 100, 3600, 20],
    [' 5 / 10min ', 5, 600, 5],
    ['1/s', 1, 1, 1],
    ['2.5/second', 2.5, 1, 2.5],
    ['30/Minute BURST 3', 30, 60, 3],
    ['7/2 days', 7, 172_800, 7],
  ])('%j', async (text, limit, per, burst) => {
    const [parsed] = await run(`ratelimit.parse('${text}')`);
    expect(parsed).toEqual(
      new Map<string, number>([
        ['limit', limit],
        ['per', per],
        ['burst', burst],
      ]),
    );
  });

  it.each([
    '',
    '100',
    '100/',
    '/h',
    '100/fortnight',
    '0/h',
    '5/0h',
    '100/h burst',
    '100/h burst 0',
    '100/h x',
    '-1/h',
  ])('is none: %j', async (text) => {
    await expect(run(`ratelimit.parse('${text}')`)).rejects.toThrow(
      `spec:2: ratelimit.parse: '${text}' is no limit; right would be '100/h', '100/h burst 20' or '5/10min'`,
    );
  });

  it('gives what check takes', async () => {
    const code = `(function() local limit = ratelimit.parse('1/h') limit.key = '${fresh()}' return ratelimit.check(limit) end)()`;
    expect(await run(code)).toEqual([true, 0, 0]);
  });
});

it('ratelimit.distinct counts different items until their time is over', async () => {
  const key = fresh();
  const call = (item: string): string =>
    `ratelimit.distinct{ key = '${key}', item = ${item}, limit = 2, per = 'hour' }`;
  expect(await run(call("'a'"))).toEqual([true, 1, 0]);
  expect(await run(call("'a'"))).toEqual([true, 1, 0]);
  expect(await run(call("('b'):rep(600)"))).toEqual([true, 0, 0]);
  expect(await run(call("'a'"))).toEqual([true, 0, 0]);
  clock.advance(600_000);
  expect(await run(call("'c'"))).toEqual([false, 0, 3000]);
  expect(await run(call("'a'"))).toEqual([false, 0, 3000]);
  clock.advance(3_000_000);
  expect(await run(call("'c'"))).toEqual([true, 1, 0]);
});

describe('a store that has no room', () => {
  let full: HelperRig;
  let items = 0;
  beforeAll(async () => {
    const failed = { kind: 'failed', cause: 'limit' } as const;
    const store = {
      ...{ rate: () => failed, member: () => failed, ttl: () => ({ kind: 'number', value: 700 }) },
      count: () => ({ kind: 'number', value: items }),
    } as unknown as Store;
    full = await HelperRig.start({ clock, store });
  });
  afterAll(() => full.close());

  const ask = async (name: string, rest: string): Promise<readonly unknown[]> =>
    full.run(
      `local ratelimit = require 'smtpe.ratelimit'
      local a, b, c, d = ratelimit.${name}{ key = '${fresh()}', limit = 1, per = 'hour' ${rest} } return a, b, c, d`,
    );

  it.each([
    ['check', '', [true, 0, 0, 'limit']],
    ['check', ", on_failure = 'open'", [true, 0, 0, 'limit']],
    ['check', ", on_failure = 'closed'", [false, 0, 60, 'limit']],
    ['distinct', ", item = 'a'", [true, 0, 0, 'limit']],
    ['distinct', ", item = 'a', on_failure = 'open'", [true, 0, 0, 'limit']],
    ['distinct', ", item = 'a', on_failure = 'closed'", [false, 0, 60, 'limit']],
  ])('has failed: %s%s', async (name, rest, expected) => {
    items = 1;
    expect(await ask(name, rest)).toEqual(expected);
  });

  it('a set that has all it may have, or more than the limit, has not: it refuses', async () => {
    for (items of [2, 10_000])
      expect(await ask('distinct', ", item = 'a', on_failure = 'open'")).toEqual([false, 0, 700, undefined]);
  });
});

describe('when the store has failed', () => {
  beforeAll(() => {
    rig.isDown = true;
  });
  afterAll(() => {
    rig.isDown = false;
  });

  const calls = (rest: string): readonly string[] => [
    `check{ key = '${fresh()}', limit = 1, per = 'hour' ${rest} }`,
    `peek{ key = '${fresh()}', limit = 1, per = 'hour' ${rest} }`,
    `all{ { key = '${fresh()}', limit = 1, per = 'hour' } ${rest} }`,
    `distinct{ key = '${fresh()}', item = 'a', limit = 1, per = 'hour' ${rest} }`,
  ];

  it('open lets it pass', async () => {
    for (const call of calls(", on_failure = 'open'")) {
      expect(await run(`ratelimit.${call}`)).toEqual([true, 0, 0, 'down']);
      expect(await run(`ratelimit.${call}`)).toEqual([true, 0, 0, 'down']);
    }
  });

  it('closed does not', async () => {
    for (const call of calls(", on_failure = 'closed'"))
      expect(await run(`ratelimit.${call}`)).toEqual([false, 0, 60, 'down']);
  });

  it('local, which is the default, counts on this machine', async () => {
    for (const rest of ['', ", on_failure = 'local'"]) {
      for (const call of calls(rest)) {
        const [allowed, , , cause] = await run(`ratelimit.${call}`);
        expect([allowed, cause]).toEqual([true, 'down']);
        if (call.startsWith('peek') || call.startsWith('distinct')) continue;
        expect((await run(`ratelimit.${call}`))[0]).toBe(false);
      }
    }
  });

  it('reset says so', async () => {
    expect(await run("ratelimit.reset('x')")).toEqual([false, 'down']);
  });
});

describe('what an author hears', () => {
  it.each([
    [
      "check{ key = 'x', limit = 1, pre = 'hour' }",
      "ratelimit.check: there is no field 'pre'; did you mean 'per'?",
    ],
    [
      "check{ key = 'x', limt = 1, per = 'hour' }",
      "ratelimit.check: there is no field 'limt'; did you mean 'limit'?",
    ],
    ["check{ key = 'x', on_falure = 'open', limit = 1, per = 1 }", "did you mean 'on_failure'?"],
    ["check{ key = 'x', zzzzzzzz = 1 }", 'there are burst, cost, key, limit, on_failure, per'],
    ["check{ key = 'x', limit = 1 }", "ratelimit.check: the field 'per' is missing"],
    ['check{ limit = 1, per = 1 }', "ratelimit.check: the field 'key' is missing"],
    ['check{ key = {}, limit = 1, per = 1 }', 'ratelimit.check: string expected as key, got table'],
    [
      "check{ key = 'x', limit = '1', per = 1 }",
      "ratelimit.check: number above 0 expected as limit, got '1'",
    ],
    ["check{ key = 'x', limit = 0, per = 1 }", 'ratelimit.check: number above 0 expected as limit, got 0'],
    ["check{ key = 'x', limit = 0/0, per = 1 }", 'ratelimit.check: number above 0 expected as limit'],
    [
      "check{ key = 'x', limit = 1, per = 1, cost = -1 }",
      'ratelimit.check: number from 0 expected as cost, got -1',
    ],
    [
      "check{ key = 'x', limit = 1, per = 'week' }",
      "ratelimit.check: 'second', 'minute', 'hour', 'day' or seconds up to 31536000 expected as per, got 'week'",
    ],
    [
      "check{ key = 'x', limit = 1, per = 1, on_failure = 'closd' }",
      "ratelimit.check: 'open', 'closed' or 'local' expected as on_failure, got 'closd'",
    ],
    ["check('x')", "ratelimit.check: table with burst, cost, key, limit, on_failure, per expected, got 'x'"],
    ['all{}', 'ratelimit.all: table of limits expected'],
    ["all{ limit = 1, per = 1, key = 'x' }", 'ratelimit.all: table of limits expected'],
    [
      "all((function() local t = {} for i = 1, 17 do t[i] = { key = 'k' .. i, limit = 1, per = 1 } end return t end)())",
      'ratelimit.all: at most 16 limits expected, got 17',
    ],
    [
      "all{ { key = 'x', limit = 1, per = 1 }, nil, { key = 'y', limit = 1, per = 1 }, }",
      "ratelimit.all: there is no field '3'; there are limits and on_failure",
    ],
    [
      "all{ { key = 'x', limit = 1, per = 'hour' }, { key = 'x', limit = 5, per = 'day' } }",
      "ratelimit.all: [2]: the key 'x' is that of another limit above; right would be a word in front of each, such as 'hour:' and 'day:'",
    ],
    [
      "all{ { key = 'x', limit = 1, per = 'day', burst = 10000 } }",
      'ratelimit.all: [1]: at 1 in 86400 s a burst of 10000 takes 10000 days to be worked off, and 365 are counted; right would be a burst of 365 at most',
    ],
    ["check{ key = 'x', limit = 0.5, per = 31536000 }", 'right would be a limit of at least one in 365 days'],
    [
      "peek{ key = 'x', limit = 1, per = 'day', burst = 10000 }",
      'ratelimit.peek: at 1 in 86400 s a burst of 10000 takes 10000 days',
    ],
    [
      "check{ key = 'x', limit = 1e13, per = 1 }",
      'ratelimit.check: a limit of at most 1e+12 in a second expected, got 1e+13 in 1 s',
    ],
    [
      "parse('1/d burst 10000')",
      "ratelimit.parse: '1/d burst 10000': at 1 in 86400 s a burst of 10000 takes",
    ],
    [
      "distinct{ key = 'x', item = 'a', limit = 10001, per = 1 }",
      'ratelimit.distinct: number above 0 and up to 10000 expected as limit, got 10001',
    ],
    ["all{ { key = 'x', limit = 1 } }", "ratelimit.all: [1]: the field 'per' is missing"],
    [
      "all{ { key = 'x', limit = 1, per = 1 }, onfailure = 'open' }",
      "ratelimit.all: there is no field 'onfailure'",
    ],
    [
      "distinct{ key = 'x', itme = 'a', limit = 1, per = 1 }",
      "ratelimit.distinct: there is no field 'itme'; did you mean 'item'?",
    ],
    ['reset()', "bad argument #1 to 'ratelimit.reset' (string expected, got nil)"],
  ])('%s', async (call, message) => {
    await expect(run(`ratelimit.${call}`)).rejects.toThrow(message);
    // Where the policy has it.
    await expect(run(`ratelimit.${call}`)).rejects.toThrow(/^(?:error: )?spec:2: /);
  });
});
