// map.open in policies: where a file lies, who shares it, when it is read again, and what an author hears.
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { createMapModule } from '../../../src/modules/map/map.ts';
import { MapFiles } from '../../../src/modules/map/map-files.ts';
import { reply, TestEngine } from '../../fakes/lua-engine.ts';
import { waitUntil } from '../../fakes/wait-until.ts';

const directory = mkdtempSync(join(tmpdir(), 'smtpe-map-'));
const clock = new FakeClock();
const log = new RecordLog();
let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.start({ modules: [createMapModule(new MapFiles(clock, log))] });
});
afterAll(() => {
  engine.engine.close();
  rmSync(directory, { recursive: true, force: true });
});
afterEach(() => {
  log.lines.length = 0;
});

let count = 0;
/** A list of its own. */
function list(text: string): string {
  const path = join(directory, `list${++count}`);
  writeFileSync(path, text);
  return path;
}

/** A finished file in the place of another. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

const opened = (path: string): string =>
  `local list = map.open('${path}')\nfunction hook.rcpt(key) return list:lookup(key) or 'nothing' end`;

const lines = (): readonly string[] => log.lines.map(({ message }) => message);

it('reads a list once for all connections of a policy', async () => {
  const path = list('a 1\n');
  const policy = await engine.load(opened(path));
  const first = await engine.open(policy);
  rmSync(path);
  const second = await engine.open(policy);
  expect(await reply(first, 'rcpt', 'a')).toBe('1');
  expect(await reply(second, 'rcpt', 'A')).toBe('1');
  expect(await reply(second, 'rcpt', 'b')).toBe('nothing');
});

it('reads it anew for another revision, which a mistake keeps from service', async () => {
  const path = list('a 1\n');
  await engine.open(await engine.load(opened(path)));
  replace(path, 'a 2\n');
  const next = await engine.open(await engine.load(opened(path)));
  expect(await reply(next, 'rcpt', 'a')).toBe('2');
  replace(path, 'a 2\na 3\n');
  await expect(engine.open(await engine.load(opened(path)))).rejects.toThrow(
    `test.lua:1: map.open: ${path}:2: 'a' stands above with another value`,
  );
});

/** A look has found that it changes. */
const lookedAt = (): Promise<void> => waitUntil(() => expect(clock.pending).toBe(1));

describe('a file that has changed', () => {
  it.each(['written where it stands', 'made anew'])(
    '%s in pieces is read when it is finished',
    async (how) => {
      const path = list('a 1\n');
      const policy = await engine.open(opened(path));
      if (how === 'made anew') rmSync(path);
      writeFileSync(path, '');
      for (const piece of ['b 2\n', 'c 3\n', 'a 4\n', '']) {
        clock.advance(1000);
        expect(await reply(policy, 'rcpt', 'a')).toBe('1');
        await lookedAt();
        appendFileSync(path, piece);
      }
      clock.advance(1000);
      await waitUntil(() => expect(lines()).toEqual([`${path} was read again: 3 entries`]));
      expect(await reply(policy, 'rcpt', 'a')).toBe('4');
    },
  );

  it('is read again in the background, a second later at the earliest', async () => {
    const path = list('a 1\n');
    const policy = await engine.open(opened(path));
    replace(path, 'a 2\nb 3\n');
    expect(await reply(policy, 'rcpt', 'a')).toBe('1');
    clock.advance(1000);
    // This one finds out, and does not wait.
    expect(await reply(policy, 'rcpt', 'a')).toBe('1');
    await lookedAt();
    expect(await reply(policy, 'rcpt', 'a')).toBe('1');
    // The second look comes by itself.
    clock.advance(1000);
    await waitUntil(() => expect(lines()).toEqual([`${path} was read again: 2 entries`]));
    expect(await reply(policy, 'rcpt', 'a')).toBe('2');
    clock.advance(5000);
    expect(await reply(policy, 'rcpt', 'b')).toBe('3');
    expect(lines().length).toBe(1);
  });

  it.each([
    [
      'a mistake in line 7',
      (path: string) => replace(path, '# 1\n\nb 1\nc 2\nd 3\ne 4\nf\0\ng 5\n'),
      ':7: there is a control character (0): the file is no text of lines',
    ],
    ['gone', (path: string) => rmSync(path), ': it cannot be read: there is no such file'],
    [
      'a directory',
      (path: string) => {
        rmSync(path);
        mkdirSync(path);
      },
      ': it is no file',
    ],
  ])('and is %s leaves what was there; one line says so, and mending it helps', async (_, spoil, cause) => {
    const path = list('a 1\n');
    const policy = await engine.open(opened(path));
    spoil(path);
    clock.advance(1000);
    expect(await reply(policy, 'rcpt', 'a')).toBe('1');
    await lookedAt();
    clock.advance(1000);
    const told = [`${path}${cause}; the content that was read before stays`];
    await waitUntil(() => expect(lines()).toEqual(told));
    for (let i = 0; i < 3; i++) {
      clock.advance(1000);
      expect(await reply(policy, 'rcpt', 'a')).toBe('1');
      await new Promise((resolve) => setImmediate(resolve));
    }
    rmSync(path, { recursive: true, force: true });
    replace(path, 'a 9\n');
    await waitUntil(async () => {
      clock.advance(1000);
      expect(await reply(policy, 'rcpt', 'a')).toBe('9');
    });
    expect(lines()).toEqual([...told, `${path} was read again: 1 entries`]);
  });
});

it('finds a relative path beside the script', async () => {
  const place = join(directory, 'etc');
  mkdirSync(join(place, 'lists'), { recursive: true });
  writeFileSync(join(place, 'lists/people'), 'a beside\n');
  writeFileSync(join(place, 'policy.lua'), opened('lists/people'));
  const policy = await engine.load({ path: join(place, 'policy.lua') });
  expect(await reply(await engine.open(policy), 'rcpt', 'a')).toBe('beside');
});

it('reads no pipe, no device, no folder, and names the path', async () => {
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const path of [pipe, '/dev/zero', directory])
    await expect(engine.eval(`map.open('${path}')`)).rejects.toThrow(`map.open: ${path}: it is no file`);
});

it.each([
  ["map.open('/nowhere/list')", 'map.open: /nowhere/list: it cannot be read: there is no such file'],
  [
    "map.open('x', 'network')",
    "bad argument #2 to 'map.open' (keys, networks, access expected, got 'network'; did you mean networks?)",
  ],
  ["map.open('/x\\0y')", 'map.open: /x\0y: it cannot be read: there is a NUL in its name'],
  ['map.open()', "bad argument #1 to 'map.open' (string expected, got no value)"],
])('%s: %s', async (call, message) => {
  await expect(engine.eval(call)).rejects.toThrow(message);
});

it('reads a file that is wrong once a second, whoever asks', async () => {
  const path = list('a 1\na 2\n');
  const policy = await engine.load(
    `function hook.rcpt() return pcall(map.open, '${path}') and 'open' or 'wrong' end`,
  );
  const instance = await engine.open(policy);
  expect(await reply(instance, 'rcpt')).toBe('wrong');
  replace(path, 'a 1\n');
  expect(await reply(instance, 'rcpt')).toBe('wrong');
  clock.advance(1000);
  expect(await reply(instance, 'rcpt')).toBe('open');
});

it('opens 100 files for a policy and no more', async () => {
  const path = list('a 1\n');
  const outcome = engine.eval(`for i = 1, 101 do map.open('${path}' .. (i > 1 and i or '')) end`);
  for (let i = 2; i <= 101; i++) writeFileSync(`${path}${i}`, 'a 1\n');
  await expect(outcome).rejects.toThrow(`a policy can have 100 files open; ${path}101 would be one more`);
});

it('has many open one list at once, which is read once', async () => {
  const path = list('a 1\n');
  const policy = await engine.load(opened(path));
  const all = await Promise.all(Array.from({ length: 50 }, () => engine.open(policy)));
  for (const one of all) expect(await reply(one, 'rcpt', 'a')).toBe('1');
});
