// What callers of a store get when Redis misbehaves, by the clock: the causes that the port promises, no hang, and a next call that is right.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { FakeClock } from '../../src/bench/ports/clock.ts';
import { closedPort } from '../../src/bench/ports/scripted-server.ts';
import { MAX_IN_FLIGHT } from '../../src/store/redis/caller.ts';
import type { Store } from '../../src/store/store.ts';
import { openSockets, socketsClosed } from '../fakes/open-sockets.ts';
import { entry, type FakeRedis, NIL, OK, type RedisAnswer, startFakeRedis } from '../fakes/redis-server.ts';
import { openRedisStore, type StoreRig } from '../fakes/redis-store.ts';

const octets = (text: string): Buffer => Buffer.from(text, 'latin1');
const KEY = octets('k');
const failed = (cause: string) => ({ kind: 'failed', cause });
const DOWN = failed('down');
const TIMEOUT = failed('timeout');
const value = (text: string) => ({ kind: 'value', value: octets(text) });

const stall: RedisAnswer = () => undefined;
const fine: RedisAnswer = ([name]) => (name === 'GET' ? entry('right') : OK);

let clock: FakeClock;
let redis: FakeRedis;
let rig: StoreRig;
let store: Store;
let before: number;

async function open(answer: RedisAnswer, options: Readonly<Record<string, string>> = {}): Promise<void> {
  redis = await startFakeRedis(answer);
  rig = await openRedisStore(`redis://127.0.0.1:${redis.port}`, clock, options);
  store = rig.store;
}

beforeEach(() => {
  clock = new FakeClock();
  before = openSockets();
});

afterEach(async () => {
  await store.close();
  await redis.close();
  await socketsClosed(before);
  expect(clock.pending).toBe(0);
});

/** A call that the server has got by the time this resolves; the outcome comes later. */
async function asked(call: () => unknown): Promise<{ readonly outcome: unknown }> {
  const count = redis.commands.length;
  const outcome = call();
  await redis.received(count + 1);
  return { outcome };
}

/** A call that is not answered. */
async function timedOut(): Promise<void> {
  const { outcome } = await asked(() => store.get(KEY));
  clock.advance(99);
  clock.advance(1);
  expect(await outcome).toEqual(TIMEOUT);
}

/** Waits until the store says so. */
async function until(state: string): Promise<void> {
  await expect.poll(() => store.state(), { interval: 1 }).toBe(state);
}

const downLines = (): readonly string[] => rig.log.lines.map(({ level, message }) => `${level} ${message}`);

describe('a server that accepts and never answers', () => {
  it('costs each call its deadline, and after five of them nothing', async () => {
    await open(stall);
    for (let i = 0; i < 5; i++) {
      expect(store.state()).toBe('up');
      await timedOut();
    }
    // At once: not even a promise.
    expect(store.get(KEY)).toEqual(DOWN);
    expect(store.state()).toBe('down');
    expect(downLines()).toEqual([`err store at 127.0.0.1:${redis.port} is down: no answer within 100 ms`]);
    // Each was asked on a connection of its own.
    expect(redis.server.connections).toHaveLength(5);
  });

  it('is given up with all that waits when the first deadline is over', async () => {
    await open(stall);
    const calls = Array.from({ length: 100 }, () => store.get(KEY));
    await redis.received(100);
    clock.advance(100);
    expect(await Promise.all(calls)).toEqual(calls.map(() => TIMEOUT));
    expect(store.state()).toBe('down');
    expect(rig.log.lines).toHaveLength(1);
  });

  it('does not even answer the log-in: calls wait for the connection no longer than for an answer', async () => {
    redis = await startFakeRedis(fine);
    redis.greet = stall;
    const opening = openRedisStore(`redis://127.0.0.1:${redis.port}`, clock);
    await expect.poll(() => redis.server.connections[0]?.received.length ?? 0).toBeGreaterThan(0);
    clock.advance(500);
    rig = await opening;
    ({ store } = rig);
    await until('down');
    expect(store.get(KEY)).toEqual(DOWN);
    expect(downLines()).toEqual([
      `err store at 127.0.0.1:${redis.port} is down: no answer to PING within 500 ms`,
    ]);
  });

  it('holds no more than the bound', async () => {
    await open(stall);
    const calls = Array.from({ length: MAX_IN_FLIGHT }, () => store.get(KEY));
    expect(store.get(KEY)).toEqual(failed('limit'));
    await redis.received(MAX_IN_FLIGHT);
    clock.advance(100);
    expect(new Set((await Promise.all(calls)).map((one) => JSON.stringify(one)))).toEqual(
      new Set([JSON.stringify(TIMEOUT)]),
    );
  });

  it('holds no more than so many octets', async () => {
    await open(stall);
    redis.server.connections[0]?.socket.pause();
    const large = Buffer.alloc(65_536);
    let refused = 0;
    for (let i = 0; i < 1000; i++) {
      const outcome = store.set(KEY, large, 10);
      if (!(outcome instanceof Promise)) {
        expect(outcome).toEqual(failed('limit'));
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});

describe('by a real clock', () => {
  it('a hundred callers at a stalled server are done soon, and the next at once', async () => {
    redis = await startFakeRedis(stall);
    rig = await openRedisStore(`redis://127.0.0.1:${redis.port}`, systemClock);
    ({ store } = rig);
    const start = performance.now();
    const call = async (): Promise<void> => {
      for (let i = 0; i < 6; i++) await store.get(KEY);
    };
    await Promise.all(Array.from({ length: 100 }, call));
    // 0.1 s where nothing else runs.
    expect(performance.now() - start).toBeLessThan(5000);
    expect(redis.commands.length).toBeLessThan(600);
  });
});

describe('a reply that is late', () => {
  it('does not go to the next call, and the connection stays while others are answered', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await open(async ([, key = '']) => {
      if (key.endsWith('slow')) await held;
      return entry(key);
    });
    const quick = store.get(octets('quick'));
    const slow = store.get(octets('slow'));
    expect(await quick).toEqual(value('smtpe:quick'));
    clock.advance(100);
    expect(await slow).toEqual(TIMEOUT);
    const next = store.get(octets('next'));
    release();
    expect(await next).toEqual(value('smtpe:next'));
    expect(redis.server.connections).toHaveLength(1);
    expect(store.state()).toBe('up');
  });
});

/** What the server answers to the first call; what the caller gets; whether a new connection is made for the next one. */
const replies: readonly (readonly [name: string, reply: string, outcome: unknown, anew: boolean])[] = [
  ['LOADING', '-LOADING Redis is loading the dataset in memory\r\n', DOWN, true],
  ['READONLY', "-READONLY You can't write against a read only replica.\r\n", DOWN, true],
  ['NOAUTH', '-NOAUTH Authentication required.\r\n', DOWN, true],
  ['CLUSTERDOWN', '-CLUSTERDOWN The cluster is down\r\n', DOWN, true],
  ['MOVED', '-MOVED 3999 127.0.0.1:6381\r\n', DOWN, true],
  ['MASTERDOWN', '-MASTERDOWN Link with MASTER is down\r\n', DOWN, true],
  ['OOM', "-OOM command not allowed when used memory > 'maxmemory'.\r\n", failed('limit'), false],
  ['WRONGTYPE', '-WRONGTYPE Operation against a key\r\n', failed('type'), false],
  ['NOPERM', '-NOPERM this user has no permissions\r\n', DOWN, false],
  ['ERR', "-ERR unknown command 'OOM'\r\n", DOWN, false],
  ['BUSY', '-BUSY Redis is busy running a script\r\n', DOWN, false],
  [
    'READONLY in a script of Redis 6',
    '-ERR Error running script (call to f_0123): @user_script: 3: -READONLY You cannot write\r\n',
    DOWN,
    true,
  ],
  [
    'OOM in a script of Redis 6',
    '-ERR Error running script (call to f_0123): @user_script:3: -OOM command not allowed\r\n',
    failed('limit'),
    false,
  ],
  ['NOSCRIPT to what is none', '-NOSCRIPT No matching script\r\n', DOWN, false],
  ['nothing there', NIL, { kind: 'missing' }, false],
  ['an empty value', '$1\r\n\x01\r\n', value(''), false],
  ['a newer version', '$3\r\n\x02xx\r\n', { kind: 'missing' }, false],
  ['a value of somebody else', '$2\r\nxx\r\n', { kind: 'missing' }, false],
  ['an empty string of somebody else', '$0\r\n\r\n', { kind: 'missing' }, false],
  ['a number', ':5\r\n', DOWN, false],
  ['an array', '*1\r\n$1\r\nx\r\n', DOWN, false],
  ['too long a value', `$65538\r\n\x01${'x'.repeat(65_537)}\r\n`, failed('limit'), false],
  ['10 MB', `$10000000\r\n\x01${'x'.repeat(9_999_999)}\r\n`, failed('limit'), false],
  ['what is not the protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n', DOWN, true],
  ['two replies', '$2\r\n\x01a\r\n$2\r\n\x01b\r\n', value('a'), true],
];

describe('a server that answers', () => {
  it.each(replies)('%s', async (_name, reply, outcome, anew) => {
    let first = true;
    await open((words, connection) => {
      if (!first) return fine(words, connection);
      first = false;
      return Buffer.from(reply, 'latin1');
    });
    expect(await store.get(KEY)).toEqual(outcome);
    // What comes behind an answer is seen in a later turn.
    if (anew) await expect.poll(() => redis.server.connections.length).toBe(1 + Number(anew));
    expect(await store.get(KEY)).toEqual(value('right'));
    expect(redis.server.connections).toHaveLength(anew ? 2 : 1);
    expect(store.state()).toBe('up');
  });

  it.each([
    ['half a value', '$10\r\n\x01abc'],
    ['half a length', '$10'],
    ['the head of a value without end', '$99999999999\r\nx'],
    ['the head of an array without end', '*4000000000\r\n$1\r\nx\r\n'],
  ])('%s, and then nothing: the deadline, and a new connection', async (_name, half) => {
    let first = true;
    await open((words, connection) => {
      if (!first) return fine(words, connection);
      first = false;
      return Buffer.from(half, 'latin1');
    });
    const { outcome } = await asked(() => store.get(KEY));
    clock.advance(100);
    // What cannot be a length is seen at once by some.
    expect([TIMEOUT, DOWN]).toContainEqual(await outcome);
    expect(await store.get(KEY)).toEqual(value('right'));
    expect(redis.server.connections).toHaveLength(2);
  });

  it.each(['', '$10\r\n\x01abc'])('%j and closes: down at once, and a new connection', async (half) => {
    let first = true;
    await open(async (words, connection) => {
      if (!first) return fine(words, connection);
      first = false;
      await connection.send(half);
      connection.socket.destroy();
      return undefined;
    });
    const others = [store.get(KEY), store.get(KEY), store.get(KEY)];
    expect(await Promise.all(others)).toEqual([DOWN, DOWN, DOWN]);
    expect(await store.get(KEY)).toEqual(value('right'));
  });

  it('NOSCRIPT to a script, which it gets as text then, once', async () => {
    await open(([name]) => (name === 'EVALSHA' ? '-NOSCRIPT No matching script.\r\n' : '$1\r\n5\r\n'));
    expect(await store.incr(KEY, 5, 60)).toEqual({ kind: 'number', value: 5 });
    expect(redis.commands.map(([name]) => name)).toEqual(['EVALSHA', 'EVAL']);
    redis.answer = () => '-NOSCRIPT No matching script.\r\n';
    expect(await store.incr(KEY, 5, 60)).toEqual(DOWN);
    expect(redis.commands).toHaveLength(4);
  });

  it('errors always: after five calls it is left alone', async () => {
    await open(() => '-NOPERM User smtpe has no permissions to run the command\r\n');
    for (let i = 0; i < 5; i++) expect(await store.get(KEY)).toEqual(DOWN);
    expect(store.get(KEY)).toEqual(DOWN);
    expect(redis.commands).toHaveLength(5);
    expect(downLines()).toEqual([
      `err store at 127.0.0.1:${redis.port} is down: NOPERM User smtpe has no permissions to run the command`,
    ]);
  });

  it('OOM always: one line a minute, and reads go on', async () => {
    await open(([name]) => (name === 'GET' ? entry('right') : '-OOM command not allowed\r\n'));
    for (let i = 0; i < 20; i++) expect(await store.set(KEY, KEY, 60)).toEqual(failed('limit'));
    expect(await store.get(KEY)).toEqual(value('right'));
    clock.advance(60_000);
    await store.set(KEY, KEY, 60);
    expect(rig.log.short).toEqual(
      Array(2).fill(`warning store at 127.0.0.1:${redis.port} refuses to write: OOM command not allowed`),
    );
  });
});

describe('a hundred keys', () => {
  it('are asked for in one round trip, some of them missing', async () => {
    await open(([name, ...keys]) =>
      name === 'MGET'
        ? Buffer.concat([
            octets(`*${keys.length}\r\n`),
            ...keys.map((key, i) => (i % 3 === 0 ? octets('$-1\r\n') : (entry(key) as Buffer))),
          ])
        : OK,
    );
    const keys = Array.from({ length: 100 }, (_, i) => octets(`k${i}`));
    expect(await store.getMany(keys)).toEqual({
      kind: 'values',
      values: keys.map((key, i) => (i % 3 === 0 ? undefined : octets(`smtpe:${key}`))),
    });
    expect(redis.commands).toHaveLength(1);
  });
});

describe('store-prefix', () => {
  it('stands before every key, and another one makes another memory', async () => {
    await open(
      ([name]) => (name === 'GET' ? entry('right') : name === 'SCAN' ? '*2\r\n$1\r\n0\r\n*0\r\n' : OK),
      { 'store-prefix': 'mx[1]*:' },
    );
    await store.get(KEY);
    await store.set(KEY, KEY, 60);
    await store.delete(KEY);
    await store.list(octets('gl:'), 10);
    const named = redis.commands.map(([name, first, ...rest]) =>
      name === 'SCAN' ? rest[rest.indexOf('MATCH') + 1] : first,
    );
    // A pattern has its characters escaped.
    expect(named).toEqual([
      'mx[1]*:k',
      'mx[1]*:k',
      'mx[1]*:k',
      expect.stringMatching(/^mx\\\[1\\?\]\\\*:gl:\*$/),
    ]);
  });
});

describe('a server that comes back', () => {
  it('is found at the next trial, without a call and without a restart', async () => {
    await open(stall);
    for (let i = 0; i < 5; i++) await timedOut();
    // It stays silent for two trials more.
    redis.greet = stall;
    clock.advance(1000);
    await until('trying');
    expect(store.get(KEY)).toEqual(DOWN);
    await expect.poll(() => redis.server.open).toBe(1);
    clock.advance(500);
    await until('down');
    redis.greet = undefined;
    redis.answer = fine;
    clock.advance(1999);
    expect(store.state()).toBe('down');
    clock.advance(1);
    await until('up');
    expect(await store.get(KEY)).toEqual(value('right'));
    expect(rig.log.short).toEqual([
      `err store at 127.0.0.1:${redis.port} is down: no answer within 100 ms`,
      `notice store at 127.0.0.1:${redis.port} is up again after 3.5 s`,
    ]);
  });

  it('at the same port after it was away from the start', async () => {
    const port = await closedPort();
    rig = await openRedisStore(`redis://127.0.0.1:${port}`, clock);
    ({ store } = rig);
    expect(store.state()).toBe('down');
    expect(store.get(KEY)).toEqual(DOWN);
    expect(rig.log.short).toEqual([`err store at 127.0.0.1:${port} is down: 127.0.0.1: ECONNREFUSED`]);
    redis = await startFakeRedis(fine, port);
    clock.advance(1000);
    await until('up');
    expect(await store.get(KEY)).toEqual(value('right'));
  });

  it('after it died while nobody called: the state shows it', async () => {
    await open(fine);
    expect(await store.get(KEY)).toEqual(value('right'));
    const { port } = redis;
    await redis.close();
    await until('down');
    redis = await startFakeRedis(fine, port);
    clock.advance(1000);
    await until('up');
  });

  it('before anybody notices: the next call is right', async () => {
    await open(fine);
    await store.get(KEY);
    redis.server.connections[0]?.socket.destroy();
    await expect.poll(() => redis.server.connections.length).toBe(2);
    expect(await store.get(KEY)).toEqual(value('right'));
    expect(rig.log.lines).toEqual([]);
  });
});

describe('making a connection', () => {
  it.each([
    ['NOAUTH', 'PING', '-NOAUTH Authentication required.\r\n', /NOAUTH Authentication required/],
    ['LOADING', 'PING', '-LOADING Redis is loading\r\n', /LOADING/],
    ['a replica', 'ROLE', '*2\r\n$5\r\nslave\r\n:0\r\n', /replica/],
  ])('%s: down, with the reason', async (_name, at, reply, cause) => {
    redis = await startFakeRedis(fine);
    redis.greet = ([name]) => (name === at ? reply : '+PONG\r\n');
    rig = await openRedisStore(`redis://127.0.0.1:${redis.port}`, clock);
    ({ store } = rig);
    expect(store.get(KEY)).toEqual(DOWN);
    expect(rig.log.lines[0]?.message).toMatch(cause);
    expect(redis.commands).toEqual([]);
  });

  it('logs in as the user with the password of the file, and chooses the database, before anything else', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-store-'));
    const file = join(directory, 'password');
    await writeFile(file, 'sésame öffne\nsecond line\n', 'latin1');
    redis = await startFakeRedis(fine);
    const greeted: string[][] = [];
    let refuses = false;
    redis.greet = (words) => {
      greeted.push([...words]);
      if (refuses) return Buffer.from(`-WRONGPASS ${words.at(-1)} is not the password\r\n`, 'latin1');
      return words[0] === 'ROLE' ? '-NOPERM\r\n' : OK;
    };
    const url = `redis://policy%20user@127.0.0.1:${redis.port}/7`;
    rig = await openRedisStore(url, clock, { 'store-password-file': file });
    expect(rig.store.state()).toBe('up');
    expect(greeted).toEqual([['AUTH', 'policy user', 'sésame öffne'], ['SELECT', '7'], ['PING'], ['ROLE']]);
    await rig.store.close();
    refuses = true;
    rig = await openRedisStore(url, clock, { 'store-password-file': file });
    ({ store } = rig);
    expect(JSON.stringify(rig.log.lines)).toContain('AUTH: WRONGPASS … is not the password');
    expect(JSON.stringify(rig.log.lines)).not.toMatch(/same|ffne/);
    await rm(directory, { recursive: true });
  });

  it.each([
    [
      'a database that there is not',
      '/99',
      'SELECT',
      '-ERR DB index is out of range\r\n',
      /SELECT 99: ERR DB index/,
    ],
    ['a user without a password', '', '', '', /store-password-file is empty/],
  ])('%s: down, never another one', async (_name, path, at, reply, cause) => {
    redis = await startFakeRedis(fine);
    redis.greet = ([name]) => (name === at ? reply : OK);
    const user = path === '' ? 'me@' : '';
    rig = await openRedisStore(`redis://${user}127.0.0.1:${redis.port}${path}`, clock);
    ({ store } = rig);
    expect(rig.log.lines[0]?.message).toMatch(cause);
    expect(store.state()).toBe('down');
  });
});

describe('close', () => {
  it('ends what is under way, and what comes later', async () => {
    await open(stall);
    const { outcome } = await asked(() => store.get(KEY));
    await store.close();
    expect(await outcome).toEqual(DOWN);
    expect(store.get(KEY)).toEqual(DOWN);
    expect(store.state()).toBe('down');
    expect(rig.log.lines).toEqual([]);
  });

  it('ends a trial', async () => {
    await open(stall);
    for (let i = 0; i < 5; i++) await timedOut();
    redis.greet = stall;
    clock.advance(1000);
    await until('trying');
    await store.close();
    expect(store.state()).toBe('down');
  });
});
