// What a Maildir may be besides one in its own directory, with short names, of one process, on a disk with room: each is delivered into, or refused, and
// nothing is lost, doubled or left behind.
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Files } from '../../../src/mailbox/files.ts';
import { createMaildir } from '../../../src/mailbox/maildir.ts';
import { createMailUsers } from '../../../src/mailbox/maildir-user.ts';
import { systemFlags } from '../../../src/mailbox/port/mail.ts';
import { content, done, MailSite, never, quickClock } from './support.ts';

let site: MailSite;
beforeEach(async () => {
  site = await MailSite.make();
});
afterEach(() => site.remove());

const plain = { flags: [], keywords: [] } as const;
const noLeftovers = async (path = site.path): Promise<void> => {
  expect(await readdir(join(path, 'tmp')).catch(() => [])).toEqual([]);
  expect((await readdir(path)).filter((name) => /\.(lock|tmp|smtpe)$/.test(name))).toEqual([]);
};

/** The same files, with other methods of what is opened by a path that fits. */
function opening(fits: RegExp, change: (file: Awaited<ReturnType<Files['open']>>) => object): Files {
  const { files } = site.parts;
  return {
    ...files,
    open: async (path, flags, mode) => {
      const file = await files.open(path, flags, mode);
      if (!fits.test(String(path))) return file;
      const other = change(file);
      return new Proxy(file, {
        get: (target, name) => {
          const found: unknown = Reflect.get(other, name) ?? Reflect.get(target, name);
          return typeof found === 'function' ? found.bind(target) : found;
        },
      });
    },
  };
}

describe('several processes', () => {
  it('deliver into one Maildir at once while a third one reads: each message has one uid, for good', async () => {
    // Each knows of the others by the disk alone.
    const others = [1, 2].map((n) =>
      createMaildir({ ...site.parts, processId: process.pid + n, isAlive: () => true }),
    );
    const reader = createMailUsers({ ...site.parts, processId: process.pid + 3, isAlive: () => true })
      .user({ name: 'a', path: site.path }, { signal: never })
      .mailbox('INBOX');
    const seen = new Map<number, string>();
    const look = async (): Promise<void> => {
      for (const mail of await done(reader.mails())) {
        let name = '';
        for await (const piece of (await done(mail.open())).read()) name += piece.toString();
        expect(seen.get(mail.uid) ?? name).toBe(name);
        seen.set(mail.uid, name);
      }
    };
    const stored = await Promise.all(
      others.flatMap((maildir, at) =>
        Array.from({ length: 25 }, async (_, n) => {
          const outcome = await maildir.store(site.path, content(`${at}.${n}`), new AbortController().signal);
          if (n % 10 === 0) await look();
          return outcome;
        }),
      ),
    );
    await look();
    expect(stored.map(({ kind }) => kind)).toEqual(stored.map(() => 'stored'));
    const uids = await site.uids();
    for (const outcome of stored)
      if (outcome.kind === 'stored' && outcome.uid !== undefined)
        expect(uids[outcome.name]).toBe(outcome.uid);
    expect(new Set(Object.values(uids)).size).toBe(50);
    const texts = await Promise.all((await site.files()).map((name) => site.read(name)));
    expect(new Set(texts).size).toBe(50);
    expect(texts.length).toBe(50);
    await noLeftovers();
  });

  it('one of which was killed while it had the lock: the next one waits no longer than two seconds', async () => {
    site = await MailSite.make({ clock: quickClock(), isAlive: () => false });
    expect(await site.deliver()).toBe(1);
    await site.write('dovecot-uidlist.lock', `4000000:${hostname()}`);
    const before = Date.now() / 1000 - 3;
    await utimes(join(site.path, 'dovecot-uidlist.lock'), before, before);
    expect(await site.deliver()).toBe(2);
    await noLeftovers();
  });
});

describe('long names', () => {
  it('our own is none, however long host-name is, with all flags and keywords', async () => {
    site = await MailSite.make({
      hostName: `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}`,
    });
    const box = site.user.mailbox('INBOX');
    const keywords = Array.from({ length: 26 }, (_, n) => `K${n}`);
    await done(box.save(content('x'), { flags: systemFlags, keywords }));
    await site.deliver();
    expect(await done(box.changeFlags([2], { how: 'add', flags: systemFlags, keywords }))).toBe(1);
    const names = (await site.files()).map((name) => name.slice(4));
    expect(names).toHaveLength(2);
    for (const name of names) expect(name).toMatch(/:2,DFRSTabcdefghijklmnopqrstuvwxyz$/);
    expect(Math.max(...names.map(({ length }) => length))).toBeLessThan(255);
  });

  it('of others, of 255 octets: they are read, and a flag that has no room is an error for that one', async () => {
    const base = `1.${'x'.repeat(250)}`;
    await site.write(`cur/${base}:2,`, 'long');
    await site.write('cur/2.short:2,', 'short');
    await mkdir(join(site.path, 'new'));
    await writeFile(Buffer.from(`${site.path}/new/3.${'\xff'.repeat(253)}`, 'latin1'), 'octets');
    for (const part of ['tmp']) await mkdir(join(site.path, part));
    const box = site.user.mailbox('INBOX');
    expect((await done(box.mails())).map(({ uid }) => uid)).toEqual([1, 2, 3]);
    expect(await site.deliver()).toBe(4);
    const change = (uids: readonly number[]) =>
      box.changeFlags(uids, { how: 'add', flags: ['\\Seen'], keywords: [] });
    expect(await change([1])).toMatchObject({ kind: 'failed', why: expect.stringContaining('ENAMETOOLONG') });
    expect(await done(change([2]))).toBe(1);
    expect(await change([3])).toMatchObject({ kind: 'failed' });
    expect(await done(box.expunge([1, 3]))).toBe(2);
    expect((await done(box.mails())).map(({ uid }) => uid)).toEqual([2, 4]);
  });

  it('of a folder have 254 octets on disk, and one more is too long', async () => {
    expect(await site.user.create('x'.repeat(254))).toEqual({ kind: 'done', value: undefined });
    await done(site.user.mailbox('x'.repeat(254)).save(content('x'), plain));
    expect(await site.user.create('x'.repeat(255))).toMatchObject({
      kind: 'bad-name',
      why: 'it is too long',
    });
    expect(await site.user.create('ü'.repeat(96))).toMatchObject({ kind: 'bad-name' });
    const listed = (await done(site.user.list())).map(({ vname }) => vname);
    expect(listed).toEqual(['INBOX', 'x'.repeat(254)]);
    expect(await site.user.rename('x'.repeat(254), `${'y'.repeat(254)}`)).toMatchObject({ kind: 'done' });
  });
});

describe('other things in the place of a Maildir', () => {
  const cases: readonly (readonly [string, () => Promise<unknown>, 'stored' | 'failed'])[] = [
    [
      'a link to one',
      async () => {
        await mkdir(join(site.directory, 'real'));
        await symlink(join(site.directory, 'real'), site.path);
      },
      'stored',
    ],
    ['a link to nothing', () => symlink(join(site.directory, 'none'), site.path), 'failed'],
    ['a file', () => writeFile(site.path, 'mine'), 'failed'],
    ['a ring of links', () => symlink('Maildir', site.path), 'failed'],
    [
      'one whose new is a link',
      async () => {
        for (const part of ['tmp', 'cur']) await mkdir(join(site.path, part), { recursive: true });
        await mkdir(join(site.directory, 'away'));
        await symlink(join(site.directory, 'away'), join(site.path, 'new'));
      },
      'stored',
    ],
    [
      'one whose new is a link to nothing',
      async () => {
        for (const part of ['tmp', 'cur']) await mkdir(join(site.path, part), { recursive: true });
        await symlink(join(site.directory, 'none'), join(site.path, 'new'));
      },
      'failed',
    ],
    [
      'one whose new is a file',
      async () => {
        for (const part of ['tmp', 'cur']) await mkdir(join(site.path, part), { recursive: true });
        await writeFile(join(site.path, 'new'), 'mine');
      },
      'failed',
    ],
    [
      'one whose tmp is a file',
      async () => {
        for (const part of ['new', 'cur']) await mkdir(join(site.path, part), { recursive: true });
        await writeFile(join(site.path, 'tmp'), 'mine');
      },
      'failed',
    ],
    ['one without cur and tmp', () => mkdir(join(site.path, 'new'), { recursive: true }), 'stored'],
  ];
  it.each(cases)('%s', async (_, make, kind) => {
    await make();
    const outcome = await site.maildir.store(site.path, content('x'), never);
    expect(outcome.kind).toBe(kind);
    const files = await site.files();
    expect(files.length).toBe(kind === 'stored' ? 1 : 0);
    if (outcome.kind === 'stored') {
      expect(outcome.uid).toBe(1);
      await noLeftovers();
      expect((await done(site.user.mailbox('INBOX').mails())).length).toBe(1);
    } else if (outcome.kind === 'failed') {
      expect(outcome.mayBeStored).toBe(false);
      expect(await readdir(join(site.path, 'tmp')).catch(() => [])).toEqual([]);
      // What was there is there, and everything else says so without an exception.
      for (const name of ['', 'new', 'tmp']) {
        const text = await readFile(join(site.path, name), 'utf8').catch(() => 'mine');
        expect(text).toBe('mine');
      }
      expect((await site.user.mailbox('INBOX').status()).kind).toMatch(/^(done|missing|failed|refused)$/);
      expect((await site.user.list()).kind).toMatch(/^(done|missing|failed)$/);
    }
  });
});

describe('a disk without room for the uid list', () => {
  /** Each write takes at most so many octets, and after so many of them there is no room. */
  const narrow = (atOnce: number, room: number): Files => {
    let left = room;
    return opening(/dovecot-uidlist$/, (file) => ({
      write: async (octets: Buffer, offset: number, length: number, position: number | null) => {
        if (left === 0) throw Object.assign(new Error('ENOSPC: made up'), { code: 'ENOSPC' });
        const some = Math.min(atOnce, length, left);
        left -= some;
        return file.write(octets, offset, some, position);
      },
    }));
  };

  it.each([
    ['writes of one octet', 1, Number.POSITIVE_INFINITY, 2],
    ['none', 100, 0, undefined],
    ['half a line', 5, 10, undefined],
    ['all but the line end', 1, 40, undefined],
  ])('%s', async (_, atOnce, room, uid) => {
    expect(await site.deliver('first')).toBe(1);
    const before = await site.read('dovecot-uidlist');
    const maildir = createMaildir({ ...site.parts, files: narrow(atOnce, room) });
    expect(await maildir.store(site.path, content('second'), never)).toMatchObject({ kind: 'stored', uid });
    if (uid === undefined) expect(await site.read('dovecot-uidlist')).toBe(before);
    await noLeftovers();
    // There is room again.
    expect(await site.deliver('third')).toBe(uid === undefined ? 2 : 3);
    const mails = await done(site.user.mailbox('INBOX').mails());
    expect(mails.map((mail) => mail.uid)).toEqual([1, 2, 3]);
  });
});

describe('root', () => {
  const OWNER = { uid: 1234, gid: 1235 };
  /** As root in a tree whose \`owned\` directory is somebody's: who was given what. */
  function asRoot(owned: string): { readonly files: Files; readonly given: Map<string, string> } {
    const given = new Map<string, string>();
    let path = '';
    const { files } = site.parts;
    const opened = opening(/./, (file) => {
      const its = path;
      return {
        chown: async (user: number, group: number) => void given.set(its, `${user}:${group}`),
        stat: async () => Object.assign(await file.stat(), { uid: 0 }),
      };
    });
    return {
      given,
      files: {
        ...opened,
        open: async (name, flags, mode) => {
          path = String(name);
          return opened.open(name, flags, mode);
        },
        stat: (async (name: string) => {
          const facts = await files.stat(name);
          const isTheirs = name === owned || given.has(name);
          return Object.assign(facts, isTheirs ? OWNER : { uid: 0, gid: 0 });
        }) as Files['stat'],
      },
    };
  }

  it.each([
    ['the directory above it', '', 'example.com/bob/Maildir'],
    ['a directory far above it', '', 'a/b/c/d'],
    ['its own directory', 'bob', 'bob'],
  ])('gives all that it makes to who owns %s', async (_, owned, maildir) => {
    const base = join(site.directory, 'vmail');
    await mkdir(join(base, owned), { recursive: true });
    const { files, given } = asRoot(join(base, owned));
    const parts = { ...site.parts, files, isRoot: () => true };
    const path = join(base, maildir);
    const user = createMailUsers(parts).user({ name: 'bob', path }, { signal: never });
    expect((await createMaildir(parts).store(path, content('x'), never)).kind).toBe('stored');
    await done(user.create('Work'));
    await done(user.subscribe('Work'));
    await done(user.metadata.set('/private/x', 'y'));
    await done(user.mailbox('Work').save(content('x'), { flags: ['\\Seen'], keywords: ['K'] }));
    await done(user.mailbox('Work').changeFlags([1], { how: 'add', flags: ['\\Flagged'], keywords: [] }));
    const all = (await readdir(base, { recursive: true })).filter((name) => name !== owned);
    // Files are given under the name that they are written with, and renamed.
    const owners = new Set(given.values());
    expect(owners).toEqual(new Set(['1234:1235']));
    for (const name of all) {
      const isDirectory = (await stat(join(base, name))).isDirectory();
      if (isDirectory || name.endsWith('maildirfolder')) expect(given.has(join(base, name)), name).toBe(true);
    }
    const made = ['dovecot-uidlist.tmp', 'subscriptions.smtpe', 'dovecot-attributes.smtpe'];
    for (const name of made)
      expect(
        [...given.keys()].some((key) => key.endsWith(name)),
        name,
      ).toBe(true);
    expect([...given.keys()].filter((key) => key.includes('/tmp/1')).length).toBe(2);
  });

  it('gives nothing away that somebody has put there in the meantime', async () => {
    const base = join(site.directory, 'vmail');
    const secret = join(site.directory, 'secret');
    await mkdir(base);
    await mkdir(secret);
    const { files, given } = asRoot(base);
    const path = join(base, 'bob');
    const swapping: Files = {
      ...files,
      mkdir: (async (name: string, how: { readonly mode: number }) => {
        const made = await files.mkdir(name, how);
        if (name.endsWith('/new')) {
          await rm(name, { recursive: true });
          await symlink(secret, name);
        }
        return made;
      }) as Files['mkdir'],
    };
    const maildir = createMaildir({ ...site.parts, files: swapping, isRoot: () => true });
    expect((await maildir.store(path, content('x'), never)).kind).toBe('failed');
    expect([...given.keys()].filter((name) => name.endsWith('/new'))).toEqual([]);
  });
});

it('what is made in a directory that the group may enter has its rights, whatever the mask says', async () => {
  await mkdir(site.path);
  await chmod(site.path, 0o770);
  await site.deliver();
  await done(site.user.create('Work'));
  const modes = await Promise.all(
    ['new', 'cur', 'tmp', '.Work', '.Work/cur', '.Work/maildirfolder', 'dovecot-uidlist'].map(async (name) =>
      ((await stat(join(site.path, name))).mode & 0o777).toString(8),
    ),
  );
  expect(modes).toEqual(['770', '770', '770', '770', '770', '660', '660']);
  await rm(site.path, { recursive: true });
  await mkdir(site.path);
  await chmod(site.path, 0o755);
  await site.deliver();
  expect((await stat(join(site.path, 'new'))).mode & 0o777).toBe(0o750);
});
