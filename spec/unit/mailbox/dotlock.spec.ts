// Locks that other programs know: who holds one, who is gone, and how long is waited.
import { readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { Dotlocks, type Lock, type LockOutcome } from '../../../src/mailbox/dotlock.ts';
import type { Files } from '../../../src/mailbox/files.ts';
import type { MailboxParts } from '../../../src/mailbox/parts.ts';
import { FaultyFiles } from '../../fakes/faulty-files.ts';
import { MailSite, never } from './support.ts';

const STALE_MS = 120_000;
const DEAD = 4_000_000;

let site: MailSite;
let path: string;
beforeEach(async () => {
  site = await MailSite.make();
  path = join(site.directory, 'list');
});
afterEach(() => site.remove());

const take = (parts: Partial<MailboxParts> = {}, waitMs = 300, signal = never): Promise<LockOutcome> =>
  new Dotlocks({ ...site.parts, isAlive: (id) => id !== DEAD, ...parts }).take({
    ...{ path, waitMs, staleMs: STALE_MS, mode: 0o600, signal },
  });
const locked = async (outcome: Promise<LockOutcome>): Promise<Lock> => {
  const ended = await outcome;
  if (ended.kind !== 'locked') throw new Error(ended.kind);
  return ended.lock;
};
/** Seconds ago. */
const age = (seconds: number): Promise<void> => {
  const at = Date.now() / 1000 - seconds;
  return utimes(`${path}.lock`, at, at);
};
const later = (ms: number) => ({ clock: { ...systemClock, now: () => Date.now() + ms } });

describe('a lock', () => {
  it('is a file with the process and the machine in it, and gone when it is released', async () => {
    const lock = await locked(take());
    expect(await readFile(`${path}.lock`, 'utf8')).toBe(`${process.pid}:${hostname()}`);
    expect(await lock.isHeld()).toBe(true);
    await lock.release();
    await expect(stat(`${path}.lock`)).rejects.toThrow('ENOENT');
    expect(await lock.isHeld()).toBe(false);
  });

  it('names its process from its first moment, and whatever cannot be done there is one, with nothing left of the making', async () => {
    for (const scratch of [undefined, join(site.directory, 'none')]) {
      for (let at = 0; at <= 12; at++) {
        const faulty = new FaultyFiles({ at, code: 'EPERM', lasting: false });
        const seen: string[] = [];
        const files: Files = {
          ...faulty.files,
          // As whoever is killed after this step leaves it.
          unlink: async (name) => {
            seen.push(await readFile(`${path}.lock`, 'utf8').catch(() => 'none'));
            return faulty.files.unlink(name);
          },
          link: async (from, to) => {
            await faulty.files.link(from, to);
            seen.push(await readFile(`${path}.lock`, 'utf8'));
          },
        };
        const locks = new Dotlocks({ ...site.parts, files });
        const wish = { path, scratch, waitMs: 300, staleMs: STALE_MS, mode: 0o600, signal: never };
        const outcome = await locks.take(wish);
        faulty.fault.at = 0;
        const left = (await readdir(site.directory)).filter((name) => name !== 'list.lock');
        expect(left, `${at} ${faulty.names.join()}`).toEqual([]);
        expect(faulty.left).toBe(0);
        if (outcome.kind === 'failed') {
          // Both ways were closed.
          expect(scratch).toBeDefined();
          expect(['open', 'file.stat']).toContain(faulty.names[at - 1]);
          await expect(stat(`${path}.lock`)).rejects.toThrow('ENOENT');
          continue;
        }
        if (outcome.kind !== 'locked') throw new Error(`${at} ${faulty.names.join()}`);
        if (scratch === undefined && at === 0)
          expect(seen).toEqual([`${process.pid}:${hostname()}`, `${process.pid}:${hostname()}`]);
        // In the second best way a lock without words is a lock still.
        const words =
          scratch !== undefined && faulty.names[at - 1] === 'file.write'
            ? ''
            : `${process.pid}:${hostname()}`;
        expect(await readFile(`${path}.lock`, 'utf8')).toBe(words);
        expect(await outcome.lock.isHeld()).toBe(true);
        await outcome.lock.release();
        await rm(`${path}.lock`, { force: true });
      }
    }
  });

  it('is one when the answer of the network file system was lost', async () => {
    const link: Files['link'] = async (from, to) => {
      await site.parts.files.link(from, to);
      throw Object.assign(new Error('made up'), { code: 'EEXIST' });
    };
    const outcome = await locked(take({ files: { ...site.parts.files, link } }));
    expect(await outcome.isHeld()).toBe(true);
    await outcome.release();
    expect(await readdir(site.directory)).toEqual([]);
  });

  it('that another one has taken away meanwhile is not released', async () => {
    const lock = await locked(take());
    await writeFile(`${path}.new`, 'other');
    const { rename } = await import('node:fs/promises');
    await rename(`${path}.new`, `${path}.lock`);
    expect(await lock.isHeld()).toBe(false);
    await lock.release();
    expect(await readFile(`${path}.lock`, 'utf8')).toBe('other');
  });

  const rows: readonly (readonly [string, string, number, Partial<MailboxParts>, LockOutcome['kind']])[] = [
    ['of a process that is there', `1:${hostname()}`, 600, {}, 'busy'],
    ['of one that is gone', `${DEAD}:${hostname()}`, 600, {}, 'locked'],
    ['of one that is gone, with a line end', `${DEAD}:${hostname()}\n`, 600, {}, 'locked'],
    ['of one that is gone, too young to be judged', `${DEAD}:${hostname()}`, 0, {}, 'busy'],
    ['of another machine', `${DEAD}:other`, 600, {}, 'busy'],
    ['of another machine, without a change for long', `${DEAD}:other`, 0, later(STALE_MS + 5000), 'locked'],
    [
      'of a process that is there, without a change for long',
      `1:${hostname()}`,
      0,
      later(STALE_MS + 5000),
      'busy',
    ],
    ['that says nothing', '', 0, {}, 'busy'],
    ['that says nothing, without a change for long', '', 0, later(STALE_MS + 5000), 'locked'],
    ['that says something else', '0:x', 0, later(STALE_MS + 5000), 'locked'],
    ['of a process before us with our number', `${process.pid}:${hostname()}`, 600, {}, 'locked'],
  ];
  it.each(rows)('%s: %j, %d s old', async (_, text, seconds, parts, kind) => {
    await writeFile(`${path}.lock`, text);
    await age(seconds);
    // What is to be taken is waited for: the machine may be slow.
    const outcome = await take(parts, kind === 'locked' ? 30_000 : 300);
    expect(outcome.kind).toBe(kind);
    if (outcome.kind === 'locked') await outcome.lock.release();
    else expect(await readFile(`${path}.lock`, 'utf8')).toBe(text);
  });

  it('without a word is not given up while the file that it protects changes', async () => {
    await writeFile(`${path}.lock`, '');
    const soon = Date.now() / 1000 + (STALE_MS + 3000) / 1000;
    await writeFile(path, 'x');
    await utimes(path, soon, soon);
    expect((await take(later(STALE_MS + 5000))).kind).toBe('busy');
  });

  it('cannot be made where there is no directory', async () => {
    path = join(site.directory, 'none/list');
    expect(await take()).toMatchObject({ kind: 'failed', error: { code: 'ENOENT' } });
  });

  it('is waited for in line, each in its turn, and no longer than wanted', async () => {
    const locks = new Dotlocks(site.parts);
    const wish = { path, waitMs: 10_000, staleMs: STALE_MS, mode: 0o600, signal: never };
    const first = await locked(locks.take(wish));
    const order: number[] = [];
    const others = [1, 2, 3].map(async (at) => {
      const lock = await locked(locks.take(wish));
      order.push(at);
      await lock.release();
    });
    expect((await locks.take({ ...wish, waitMs: 20 })).kind).toBe('busy');
    const gone = new AbortController();
    const given = locks.take({ ...wish, signal: gone.signal });
    gone.abort();
    expect((await given).kind).toBe('aborted');
    await first.release();
    await Promise.all(others);
    expect(order).toEqual([1, 2, 3]);
  });

  it('of this process that is reached by another way is not taken for left behind', async () => {
    const locks = new Dotlocks(site.parts);
    const wish = { waitMs: 100, staleMs: STALE_MS, mode: 0o600, signal: never };
    const lock = await locked(locks.take({ ...wish, path }));
    await age(600);
    expect((await locks.take({ ...wish, path: join(site.directory, 'x/../list') })).kind).toBe('busy');
    await lock.release();
  });

  it('is given up when the signal aborts', async () => {
    await writeFile(`${path}.lock`, '');
    const gone = new AbortController();
    const outcome = take({}, 10_000, gone.signal);
    setImmediate(() => gone.abort());
    expect((await outcome).kind).toBe('aborted');
  });
});
