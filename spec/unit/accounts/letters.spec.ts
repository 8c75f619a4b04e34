// Letters with their ids and header fields: what a list of them keeps, and what two processes do that see the same letters first at the same moment.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { readFields } from '../../../src/accounts/header-fields.ts';
import { LetterHeads } from '../../../src/accounts/letter-heads.ts';
import { Letters } from '../../../src/accounts/letters.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { systemFiles } from '../../../src/mailbox/files.ts';
import { HeadThread } from '../../../src/mailbox/head-thread.ts';
import { headThreadProgram } from '../../../src/mailbox/head-thread-program.ts';
import type { MailboxParts } from '../../../src/mailbox/parts.ts';
import { type AccountsRig, openAccounts, value } from '../../fakes/accounts-rig.ts';

const never = new AbortController().signal;
let rig: AccountsRig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

/** An account whose INBOX has so many letters that nobody has seen; the first have come first. */
async function withLetters(count: number): Promise<{ readonly id: number; readonly box: string }> {
  rig = await openAccounts();
  const { accounts } = rig;
  await accounts.createDomain('a.test');
  await accounts.save({ user: 'ann', domain: 'a.test', type: 'mbox', password: '', arguments: '' });
  const { id, maildir: box } = value(accounts.exact('a.test', 'ann')) ?? { id: 0, maildir: '' };
  for (const part of ['tmp', 'new', 'cur']) await mkdir(join(box, part), { recursive: true });
  const names = Array.from({ length: count }, (_, at) => at);
  await Promise.all(
    names.map((at) => writeFile(join(box, 'new', `${1_700_000_000 + at}.M1.mx`), `Subject: ${at}\n\nbody\n`)),
  );
  return { id, box };
}

/** Ids that have a line, of all accounts. */
const linesOf = ({ book }: AccountsRig['accounts']): readonly number[] =>
  book.tables.runs
    .keys({ start: Buffer.alloc(0), limit: 5000 })
    .flatMap((key) => book.content('runs', key)?.toString('latin1').trim().split('\n') ?? [])
    .map((line) => Number.parseInt(line, 10));

describe('ids', () => {
  it('are given in the order in which letters came, in more transactions than one, and stay', async () => {
    const { id } = await withLetters(1200);
    const { accounts } = rig as AccountsRig;
    const list = async (letters: Letters) =>
      value(await letters.heads(id, 0, never)).map((one) => [one.id, one.fields.get('subject')]);
    const wanted = Array.from({ length: 1200 }, (_, at) => [at + 1, String(at)]);
    // Two that know nothing of each other, as two workers.
    const [a, b] = await Promise.all([list(new Letters(accounts)), list(new Letters(accounts))]);
    expect(a).toEqual(wanted);
    expect(b).toEqual(wanted);
    expect(await list(new Letters(accounts))).toEqual(wanted);
    expect(linesOf(accounts)).toEqual(wanted.map(([given]) => given));
  });

  it('are never given again, though a row that is damaged stops who gives them', async () => {
    const { id, box } = await withLetters(3);
    const { accounts } = rig as AccountsRig;
    const { book, parts } = accounts;
    await parts.database.write(() =>
      book.withIds('letter', (next) => {
        expect([next(), next()]).toEqual([1, 2]);
      }),
    );
    await Promise.resolve(
      parts.database.write(() =>
        book.withIds('letter', (next) => {
          next();
          throw new Error('made up');
        }),
      ),
    ).catch(() => undefined);
    const ids = value(await new Letters(accounts).heads(id, 0, never)).map((one) => one.id);
    expect(ids[0]).toBeGreaterThanOrEqual(3);
    await writeFile(join(box, 'new', '1800000000.M1.mx'), 'Subject: late\n\n');
    const more = value(await new Letters(accounts).heads(id, 0, never)).map((one) => one.id);
    expect(more).toEqual([...ids, (ids.at(-1) ?? 0) + 1]);
  });
});

describe('what is no letter that can be read', () => {
  const subjects = async (id: number, parts?: Partial<MailboxParts>) => {
    const { directory } = rig as AccountsRig;
    const other = parts === undefined ? undefined : await openAccounts({ directory, parts });
    try {
      const its = other ?? (rig as AccountsRig);
      const listed = value(await new Letters(its.accounts).heads(id, 0, never));
      return { log: its.log, subjects: listed.map((one) => one.fields.get('subject')) };
    } finally {
      await other?.close();
    }
  };
  const failing = (code: string): Partial<MailboxParts> => ({
    files: {
      ...systemFiles,
      head: (path, into, facts) =>
        String(path).includes('1700000001')
          ? Promise.reject(Object.assign(new Error(`${code}: made up`), { code }))
          : systemFiles.head(path, into, facts),
    },
  });

  it('stands in no list, and does not stop it: a pipe, a link, a directory, a socket', async () => {
    const { id, box } = await withLetters(2);
    const run = promisify(execFile);
    await run('mkfifo', [join(box, 'cur', '1700000000.pipe:2,'), join(box, 'new', '1700000000.pipe2')]);
    await symlink('/etc/passwd', join(box, 'cur', '1700000000.link:2,S'));
    await mkdir(join(box, 'new', '1700000000.directory'));
    const server = createServer().listen(join(box, 'new', '1700000000.socket'));
    await once(server, 'listening');
    expect((await subjects(id)).subjects).toEqual(['0', '1']);
    server.close();
  });

  it.each(['ELOOP', 'ESPIPE', 'EISDIR', 'ENXIO'])(
    'is left out where the file system did not say what it is (%s)',
    async (code) => {
      const { id } = await withLetters(3);
      const { log, subjects: listed } = await subjects(id, failing(code));
      expect(listed).toEqual(['0', '2']);
      expect(log.events.all).toEqual([]);
    },
  );

  it.each(['EACCES', 'EPERM'])(
    'because it may not be is left out, and an event says so (%s)',
    async (code) => {
      const { id } = await withLetters(3);
      const { log, subjects: listed } = await subjects(id, failing(code));
      expect(listed).toEqual(['0', '2']);
      expect(log.events.all).toEqual([
        expect.objectContaining({
          name: 'accounts-letters-denied',
          fields: { count: 1, account: 'ann@a.test', cause: `${code}: made up` },
        }),
      ]);
      // It is the same letter when it can be read.
      expect(
        value(await new Letters((rig as AccountsRig).accounts).heads(id, 0, never)).map((one) => one.id),
      ).toEqual([1, 2, 3]);
    },
  );

  it.each(['EIO', 'EMFILE', 'ENOMEM'])(
    'because of the machine fails the list: it would not be whole (%s)',
    async (code) => {
      const { id } = await withLetters(3);
      await expect(subjects(id, failing(code))).rejects.toThrow(`${code}: made up`);
    },
  );

  it('so many files are open at once, however many lists there are', async () => {
    const { id } = await withLetters(300);
    let [open, most] = [0, 0];
    const files: MailboxParts['files'] = {
      ...systemFiles,
      head: async (path, into, facts) => {
        most = Math.max(most, ++open);
        try {
          return await systemFiles.head(path, into, facts);
        } finally {
          open--;
        }
      },
    };
    const other = await openAccounts({ directory: (rig as AccountsRig).directory, parts: { files } });
    const letters = new Letters(other.accounts);
    const lists = await Promise.all(Array.from({ length: 4 }, () => letters.heads(id, 0, never)));
    await other.close();
    expect(lists.map((one) => value(one).length)).toEqual([300, 300, 300, 300]);
    expect(most).toBe(128);
  });
});

describe('letters that a thread reads', () => {
  /** Files that are read one by one, counted; and a thread, with what it runs first. */
  const counted = (first = '') => {
    const eachBy: string[] = [];
    const head: MailboxParts['files']['head'] = (path, into, facts) => {
      eachBy.push(path.toString('latin1').split('/').at(-1) ?? '');
      return systemFiles.head(path, into, facts);
    };
    const heads = new HeadThread({ clock: systemClock, program: `${first}${headThreadProgram}` });
    return { eachBy, heads, parts: { files: { ...systemFiles, head } } };
  };
  const listOf = async (
    id: number,
    settings: { readonly heads?: HeadThread; readonly parts: Partial<MailboxParts> },
    signal = never,
  ) => {
    const other = await openAccounts({ directory: (rig as AccountsRig).directory, ...settings });
    try {
      const listed = await new Letters(other.accounts).heads(id, 0, signal);
      const letters =
        listed.kind === 'failed'
          ? listed
          : listed.value.map(({ fields, file, id: its, isRead, sent, size }) => ({
              ...{ fields: [...fields], file, id: its, isRead, sent, size },
            }));
      return { letters, events: other.log.events.all.map(({ fields, name }) => ({ fields, name })) };
    } finally {
      await other.close();
    }
  };
  const text = fc.oneof(
    fc.constantFrom(
      '',
      '\n',
      '\r\n',
      '\n\nbody',
      'A: b',
      'A: b\n\n\r\n\n',
      'A: b\r\n\nA: c\r\n\r\n',
      '\xe4\xff\0: \xff\n\n',
    ),
    fc
      .tuple(fc.constantFrom('\n', '\r\n'), fc.integer({ min: 0, max: 70_000 }), fc.boolean())
      .map(
        ([end, length, isCut]) =>
          `A: 1${end} ${'x'.repeat(length)}${end}B: 2${end}${isCut ? '' : `${end}C: 3${end}`}`,
      ),
    fc.integer({ min: 8170, max: 8200 }).map((length) => `A: ${'x'.repeat(length)}\r\nB: 2\r\n\r\nC: 3\r\n`),
  );
  const kind = fc.constantFrom('file', 'file', 'file', 'file', 'directory', 'link', 'pipe', 'none');
  const letter = fc.record({
    ...{ kind, text },
    name: fc.constantFrom('', '1700000000.', '0.', '99.M7.', '\xff\xe4.', 'no time '),
    size: fc.constantFrom('', ',S=5', ',S=77,W=80', ',S=x'),
    place: fc.constantFrom(['new', ''], ['cur', ':2,'], ['cur', ':2,FS'], ['cur', ':1,x']),
    /** Of the same message, of another program: it has two files. */
    isTwice: fc.boolean(),
  });

  it('are listed as without it, whatever lies there; those that it can read nobody reads one by one', async () => {
    const { id, box } = await withLetters(0);
    await fc.assert(
      fc.asyncProperty(fc.array(letter, { maxLength: 12 }), async (all) => {
        for (const part of ['new', 'cur']) {
          await rm(join(box, part), { recursive: true });
          await mkdir(join(box, part));
        }
        const readable: string[] = [];
        for (const [at, one] of all.entries()) {
          const base = `${one.name}${at}.mx${one.size}`;
          const [part = '', info = ''] = one.place;
          const path = Buffer.from(`${box}/${part}/${base}${info}`, 'latin1');
          if (one.kind === 'file') {
            await writeFile(path, one.text, 'latin1');
            if (one.isTwice)
              await writeFile(Buffer.from(`${box}/cur/${base}:2,T`, 'latin1'), 'Twice: yes\n\n');
            readable.push(base);
          } else if (one.kind === 'directory') await mkdir(path);
          else if (one.kind === 'link') await symlink('/etc/passwd', path);
          else if (one.kind === 'pipe')
            await promisify(execFile)('mkfifo', [path.toString('latin1')]).catch(() => undefined);
        }
        const { eachBy, heads, parts } = counted();
        const expected = await listOf(id, { parts: counted().parts });
        expect(await listOf(id, { heads, parts })).toEqual(expected);
        expect((expected.letters as { readonly file: string }[]).map(({ file }) => file).toSorted()).toEqual(
          readable.toSorted(),
        );
        expect(eachBy).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('are found where they are now when they were moved or removed after they were seen', async () => {
    const { id, box } = await withLetters(20);
    const { eachBy, heads, parts } = counted();
    const path = (part: string, at: number, info = ''): string =>
      join(box, part, `${1_700_000_000 + at}.M1.mx${info}`);
    let isMoved = false;
    const read = heads.read.bind(heads);
    // Between what was seen and what is read.
    heads.read = async (...asked) => {
      if (!isMoved) {
        isMoved = true;
        await rename(path('new', 3), path('cur', 3, ':2,'));
        await rename(path('new', 4), path('cur', 4, ':2,FS'));
        await unlink(path('new', 5));
      }
      return read(...asked);
    };
    const { events, letters } = await listOf(id, { heads, parts });
    expect((letters as { readonly fields: unknown }[]).map(({ fields }) => fields)).toEqual(
      Array.from({ length: 20 }, (_, at) => [['subject', String(at)]]).filter((_, at) => at !== 5),
    );
    expect(new Set(eachBy.map((name) => name.slice(0, 10)))).toEqual(
      new Set(['1700000003', '1700000004', '1700000005']),
    );
    expect(events).toEqual([]);
  });

  it.each([
    ['at the first message', 1],
    ['in the middle', 3],
  ])('are all listed though it dies %s', async (_, at) => {
    const { id } = await withLetters(1200);
    const { eachBy, heads, parts } = counted(
      `let dying = 0; require('node:worker_threads').parentPort.on('message', () => { if (++dying === ${at}) process.exit(1); });`,
    );
    const expected = await listOf(id, { parts: counted().parts });
    const { events, letters } = await listOf(id, { heads, parts });
    expect(letters).toEqual(expected.letters);
    expect(letters).toHaveLength(1200);
    // The third message is sent when the first is answered.
    expect(eachBy.length).toBeGreaterThan(0);
    if (at === 1) expect(eachBy).toHaveLength(1200);
    else expect(eachBy.length).toBeLessThan(1200);
    expect(events).toEqual([
      { name: 'accounts-thread-lost', fields: { cause: expect.stringMatching(/it has ended$/) } },
    ]);
  });

  it('stop being asked for when nobody wants them any more', async () => {
    const { id } = await withLetters(1200);
    const { eachBy, heads, parts } = counted();
    const leaving = new AbortController();
    let asked = 0;
    const read = heads.read.bind(heads);
    heads.read = async (...its) => {
      asked++;
      const many = await read(...its);
      leaving.abort(new Error('left'));
      return many;
    };
    const { letters } = await listOf(id, { heads, parts }, leaving.signal);
    expect(letters).toEqual({ kind: 'failed', cause: 'left' });
    expect(asked).toBeLessThanOrEqual(2);
    expect(eachBy).toEqual([]);
  });
});

describe('header fields', () => {
  const fieldsOf = (text: string): Record<string, string> => Object.fromEntries(readFields(text));

  it.each([
    ['the last of a name', 'A: 1\r\nb: 2\r\na:3\r\n\r\n', { a: '3', b: '2' }],
    ['an empty one takes it away', 'A: 1\r\nA:\r\n\r\n', {}],
    ['folded', 'A: 1\r\n  2\r\n\t3\r\nB: x\r\n', { a: '1  2\t3', b: 'x' }],
    ['no colon in a line', 'nothing\r\nA: 1\r\nnothing\r\n here\r\nB: 2:3\r\n', { a: '1', b: '2:3' }],
    ['a colon first', ': x\r\nA: 1\n', { a: '1' }],
    ['cut', 'A: 1\r\nB: 2', { a: '1', b: '2' }],
    ['octets above ASCII', 'Ä: \xe4\xff\r\n', { ä: '\xe4\xff' }],
    ['bare line ends', 'A: 1\nB: 2\n\n', { a: '1', b: '2' }],
  ])('%s', (_, text, wanted) => {
    expect(fieldsOf(text)).toEqual(wanted);
  });

  it('a value has 8 KiB at most', () => {
    expect(fieldsOf(`A: ${'x'.repeat(9000)}\r\n`).a).toHaveLength(8192);
    expect(fieldsOf(`A: x\r\n${` ${'y'.repeat(998)}\r\n`.repeat(20)}`).a).toHaveLength(8192);
  });
});

describe('what is kept of letters', () => {
  it('has a bound, by what it keeps in memory, and the least used goes', () => {
    const heads = new LetterHeads();
    const head = { block: 'A: b\n\n', size: 1, sent: 1, weight: 64 * 1024 };
    for (let id = 1; id <= 256; id++) {
      heads.keep(id, head);
      expect(heads.find(1)).toBe(head);
    }
    heads.keep(257, head);
    const there = Array.from({ length: 257 }, (_, at) => heads.find(at + 1)).filter((one) => one === head);
    expect(there.length).toBeLessThan(256);
    expect(there.length).toBeGreaterThan(200);
    expect(heads.find(1)).toBe(head);
    expect(heads.find(2)).toBeUndefined();
  });

  it('counts memory that letters share as long as one of them is kept, once', () => {
    const heads = new LetterHeads();
    const one = 1024 * 1024;
    const sharing = (octets: number) => {
      const shared = { octets: Buffer.alloc(octets), kept: 0 };
      return () => ({ block: '', size: 1, sent: 1, weight: 10, shared });
    };
    let id = 0;
    const kept = (): number =>
      Array.from({ length: id }, (_, at) => heads.find(at + 1)).filter((its) => its !== undefined).length;
    for (let group = 0; group < 15; group++) {
      const head = sharing(one);
      for (let at = 0; at < 10; at++) heads.keep(++id, head());
    }
    expect(kept()).toBe(150);
    const head = sharing(one);
    for (let at = 0; at < 10; at++) heads.keep(++id, head());
    // Sixteen mebibytes and what each letter has by itself: the first three groups had to go as a whole.
    expect(kept()).toBe(130);
  });
});
