// A process that ends between any two steps of what it does to an account, as kill -9 ends it: what it has begun is finished by the next one that
// starts, or was never begun. A step is a call of the file system or a transaction; the process ends by never coming back from it.
import { type FileHandle, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Accounts } from '../../src/accounts/accounts.ts';
import { systemFiles } from '../../src/mailbox/files.ts';
import type { MailContent } from '../../src/mailbox/port/mail.ts';
import { ownMark } from '../../src/ops/process-mark.ts';
import { freshDirectory, openAccounts, value } from '../fakes/accounts-rig.ts';

const never = new AbortController().signal;
const directories: string[] = [];
afterAll(() => Promise.all(directories.map((path) => rm(path, { recursive: true, force: true }))));

const message: MailContent = {
  pieces: [Buffer.from('Subject: x\r\n\r\nx\r\n')],
  read: async function* () {},
};
const wish = { user: 'ann', domain: 'a.test', type: 'mbox', password: 'p', arguments: '' } as const;

/** The mark of a process of this machine that is over: it began at another time. */
async function overMark(): Promise<string> {
  const [pid, start, ...rest] = (await ownMark()).split('.');
  return [pid, `${start}1`, ...rest].join('.');
}

/** Ends at step `at`, from 1; later than all: does everything. */
class Ending {
  steps = 0;
  readonly #at: number;
  onEnd: () => void = () => undefined;
  constructor(at: number) {
    this.#at = at;
  }
  step = (): Promise<void> => {
    this.steps++;
    if (this.#at === 0 || this.steps < this.#at) return Promise.resolve();
    this.onEnd();
    return new Promise(() => undefined);
  };
}

interface Case {
  readonly name: string;
  readonly before?: (accounts: Accounts, storage: string) => Promise<void>;
  readonly work: (accounts: Accounts) => Promise<unknown>;
  /** One word for what there is then: one of two. */
  readonly state: (accounts: Accounts, storage: string) => Promise<string>;
  readonly states: readonly string[];
}

const letter = async (storage: string, place: string): Promise<void> => {
  for (const part of ['tmp', 'new', 'cur']) await mkdir(join(storage, place, part), { recursive: true });
  await writeFile(join(storage, place, 'new/1.x'), 'letter');
};
const lies = async (path: string): Promise<string> =>
  readFile(join(path, 'new/1.x'), 'utf8').catch(() => '-');
const withAnn = async (accounts: Accounts, storage: string): Promise<void> => {
  await accounts.createDomain('a.test');
  await accounts.save(wish);
  await letter(storage, 'a.test/ann');
};

const cases: readonly Case[] = [
  {
    name: 'createDomain',
    work: (accounts) => accounts.createDomain('a.test'),
    state: async (accounts) => {
      const there = value(accounts.domain('a.test')) !== undefined;
      // It can be used whatever is there of it.
      await accounts.createDomain('a.test');
      expect(value(await accounts.save(wish))).toBe(1);
      const found = value(accounts.byId(1));
      if (found === undefined) throw new Error('it is not there');
      expect((await accounts.store(found, message, never)).kind).toBe('stored');
      return String(there);
    },
    states: ['true', 'false'],
  },
  {
    name: 'saveAccount of a new one',
    before: async (accounts) => void (await accounts.createDomain('a.test')),
    work: (accounts) => accounts.save(wish),
    state: async (accounts) => {
      const found = value(accounts.exact('a.test', 'ann'));
      expect(value(await accounts.list('a.test')).map(({ id }) => id)).toEqual(
        found === undefined ? [] : [found.id],
      );
      expect(value(await accounts.save(wish)) === undefined).toBe(found !== undefined);
      return String(found !== undefined);
    },
    states: ['true', 'false'],
  },
  {
    name: 'saveAccount by another name',
    before: withAnn,
    work: (accounts) => accounts.save({ ...wish, id: 1, user: 'bea' }),
    state: async (accounts, storage) => {
      const { maildir = '', user = '' } = value(accounts.byId(1)) ?? {};
      expect(await readdir(join(storage, 'a.test'))).toEqual([user]);
      return `${user} ${await lies(maildir)}`;
    },
    states: ['ann letter', 'bea letter'],
  },
  {
    name: 'updateDomain',
    before: withAnn,
    work: (accounts) => accounts.updateDomain('a.test', 'b.test'),
    state: async (accounts, storage) => {
      const { maildir = '', domain = '' } = value(accounts.byId(1)) ?? {};
      expect(await readdir(storage)).toEqual([domain]);
      return `${domain} ${await lies(maildir)}`;
    },
    states: ['a.test letter', 'b.test letter'],
  },
  {
    name: 'deleteAccount',
    before: withAnn,
    work: (accounts) => accounts.delete({ id: 1 }),
    state: async (accounts, storage) => {
      const there = await readdir(join(storage, 'a.test'));
      const isThere = value(accounts.byId(1)) !== undefined;
      expect(there).toEqual([isThere ? 'ann' : expect.stringContaining('ann.deleted-')]);
      expect(await lies(join(storage, 'a.test', there[0] ?? ''))).toBe('letter');
      // A new one of that name has nothing of it.
      if (!isThere) expect(value(await accounts.save(wish))).toBe(2);
      return `${isThere} ${await lies(join(storage, 'a.test/ann'))}`;
    },
    states: ['true letter', 'false -'],
  },
  {
    name: 'delivery',
    before: withAnn,
    work: async (accounts) => {
      const found = value(accounts.byId(1));
      return found && accounts.store(found, message, never);
    },
    state: async (_, storage) => {
      const names = await readdir(join(storage, 'a.test/ann/new'));
      for (const name of names.filter((one) => one !== '1.x'))
        expect(await readFile(join(storage, 'a.test/ann/new', name), 'utf8')).toBe('Subject: x\r\n\r\nx\r\n');
      return String(names.length);
    },
    states: ['1', '2'],
  },
];

describe.each(cases)('$name', ({ before, state, states, work }) => {
  it('is whole or not there, wherever its process ends', async () => {
    const seen: string[] = [];
    const dead = await overMark();
    for (let at = 1; ; at++) {
      const directory = await freshDirectory();
      directories.push(directory);
      const storage = join(directory, 'mail');
      const first = await openAccounts({ directory });
      await before?.(first.accounts, storage);
      const ending = new Ending(at);
      const left: FileHandle[] = [];
      const stopped = new Proxy(systemFiles, {
        get: (target, name) => {
          const real: unknown = Reflect.get(target, name);
          return async (...args: readonly unknown[]) => {
            await ending.step();
            const result: unknown = await Reflect.apply(
              real as (...all: readonly unknown[]) => unknown,
              target,
              args,
            );
            if (name === 'open') left.push(result as FileHandle);
            return result;
          };
        },
      });
      const doomed = await openAccounts({
        directory,
        mark: dead,
        step: ending.step,
        parts: { files: stopped },
      });
      const ended = new Promise<'killed'>((resolve) => {
        ending.onEnd = () => resolve('killed');
      });
      const how = await Promise.race([ended, work(doomed.accounts).then(() => 'done')]);
      const next = await openAccounts({ directory });
      expect(await next.accounts.recover()).toBeUndefined();
      const now = await state(next.accounts, storage);
      expect(states).toContain(now);
      seen.push(now);
      for (const file of left) await file.close().catch(() => undefined);
      // All three share one environment, which nobody uses any more.
      await first.close();
      await next.close();
      await doomed.close();
      if (how === 'done') break;
      expect(at).toBeLessThan(60);
    }
    expect([...new Set(seen)].sort()).toEqual([...states].sort());
    expect(seen.length).toBeGreaterThan(2);
  });
});
