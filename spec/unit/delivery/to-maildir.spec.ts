import { spawnSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import type { Delivery } from '../../../src/delivery/port/delivery.ts';
import { lookAtMaildir, toMaildir } from '../../../src/delivery/to-maildir.ts';
import { createMaildir, type Maildir } from '../../../src/mailbox/maildir.ts';
import { ofThisProcess } from '../../../src/mailbox/parts.ts';
import { recipientOf } from '../../../src/smtp/protocol/recipient.ts';
import { delivery, MESSAGE, source, streamed, to } from '../smtp/client/support.ts';

let directory: string;
let log: RecordLog;
let maildir: Maildir;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-maildir-'));
  log = new RecordLog();
  maildir = createMaildir({
    ...ofThisProcess(),
    clock: systemClock,
    random: () => 255,
    hostName: 'mx/1:example',
    processId: 77,
  });
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const never = new AbortController().signal;
const put = (path: string, message = source('Subject: x\r\n\r\n.dot\r\n')) =>
  toMaildir({ maildir, log }, path, { ...delivery([]), message }, never);
const TRACE = 'Return-Path: <alice@example.com>\r\nDelivered-To: bob@example.org\r\n';
const list = async (path: string): Promise<Record<string, string[]>> => ({
  tmp: await readdir(join(path, 'tmp')),
  new: await readdir(join(path, 'new')),
  cur: await readdir(join(path, 'cur')),
});

describe('maildir', () => {
  it('makes the directories and puts exactly the bytes behind its own headers into a private file in new/', async () => {
    const path = join(directory, 'deep/er');
    const bytes = Buffer.concat([
      Buffer.from('Subject: x\r\n\r\n..dot\r\n'),
      Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
    ]);
    const outcome = await put(path, source(bytes));
    const {
      tmp,
      new: [name = ''],
    } = (await list(path)) as { tmp: string[]; new: string[] };
    expect(tmp).toEqual([]);
    expect(name).toMatch(/^\d+\.M\d+P77Q1Rff\.mx\\0571\\072example,S=342,W=343$/);
    const file = await readFile(join(path, 'new', name));
    expect(file.subarray(0, TRACE.length).toString()).toBe(TRACE);
    expect(file.subarray(TRACE.length).equals(bytes)).toBe(true);
    expect((await lstat(join(path, 'new', name))).mode & 0o777).toBe(0o600);
    expect((await lstat(join(path, 'new'))).mode & 0o777).toBe(0o700);
    expect(outcome).toEqual({
      kind: 'delivered',
      host: `maildir:${path}`,
      code: 250,
      text: `250 2.0.0 ${name}`,
      rcpts: [{ recipient: recipientOf('bob@example.org'), code: 250, text: '250 2.1.5 recipient ok' }],
    });
  });

  it('keeps apart what comes at the same moment, in memory, on disk and empty', async () => {
    const messages = [source('a'), streamed([Buffer.from('b'), Buffer.from('c')]), source('')];
    await Promise.all(messages.map((message) => put(directory, message)));
    const { new: names = [] } = await list(directory);
    const contents = await Promise.all(names.map((name) => readFile(join(directory, 'new', name), 'utf8')));
    expect(contents.sort()).toEqual([TRACE, `${TRACE}a`, `${TRACE}bc`]);
  });

  it('supplies directories that are missing', async () => {
    await mkdir(join(directory, 'tmp'));
    expect((await put(directory)).kind).toBe('delivered');
    await rm(join(directory, 'new'), { recursive: true });
    expect((await put(directory)).kind).toBe('delivered');
  });

  it('knows its recipients without a message', async () => {
    const outcome = await toMaildir(
      { maildir, log },
      directory,
      { ...delivery([]), message: undefined },
      never,
    );
    expect(outcome).toMatchObject({ kind: 'verified', code: 250 });
    expect(await readdir(directory)).toEqual([]);
  });

  it('says 451 and why in the log when it cannot store', async () => {
    await writeFile(join(directory, 'file'), '');
    const path = join(directory, 'file/x');
    expect(await put(path)).toMatchObject({
      kind: 'refused',
      stage: 'content',
      code: 451,
      text: '451 4.3.0 message cannot be stored',
    });
    expect(log.lines).toMatchObject([
      {
        level: 'err',
        message: 'cannot store in maildir',
        fields: { id: 'T1', host: `maildir:${path}`, cause: expect.stringContaining('ENOTDIR') },
      },
    ]);
  });

  it('leaves nothing behind when the message cannot be read', async () => {
    const message = {
      ...source('x'),
      pieces: undefined,
      async *read() {
        yield Buffer.from('beginning');
        throw new Error('EIO');
      },
    };
    expect(await put(directory, message)).toMatchObject({ kind: 'refused', code: 451 });
    expect(await list(directory)).toEqual({ tmp: [], new: [], cur: [] });
  });

  it('leaves nothing behind when it is given up', async () => {
    const abort = new AbortController();
    const message = {
      ...source('x'),
      pieces: undefined,
      async *read() {
        yield Buffer.from('beginning');
        abort.abort();
        yield Buffer.from('end');
      },
    };
    const outcome = await toMaildir({ maildir, log }, directory, { ...delivery([]), message }, abort.signal);
    expect(outcome).toMatchObject({ kind: 'failed', error: 'given up' });
    expect(await list(directory)).toEqual({ tmp: [], new: [], cur: [] });
  });
});

describe('a directory of each recipient', () => {
  const recipients = to('Bob@Example.org', 'eve@example.org');
  const send = (path: string, changes: Partial<Delivery> = {}) =>
    toMaildir(
      { maildir, log },
      path,
      { ...delivery([]), recipients, allRecipients: true, ...changes },
      never,
    );
  const stored = async (path: string): Promise<readonly string[]> => {
    const names = await readdir(join(path, 'new')).catch(() => []);
    return Promise.all(names.map((name) => readFile(join(path, 'new', name), 'latin1')));
  };

  it('whose place is known by name has it there, and it is made; the others have theirs by the path', async () => {
    await mkdir(join(directory, 'eve'));
    const place = join(directory, 'homes/b/Maildir');
    const [bob, eve] = recipients;
    if (bob === undefined || eve === undefined) throw new Error('two are needed');
    for (const path of [join(directory, '%n'), join(directory, 'eve')]) {
      const all = [{ ...bob, maildir: place }, eve];
      const looked = lookAtMaildir({ maildir, path, log });
      expect((await Promise.all(all.map((one) => looked.look(one)))).map(({ kind }) => kind)).toEqual([
        'yes',
        'yes',
      ]);
      expect(await send(path, { recipients: all })).toMatchObject({ kind: 'delivered' });
    }
    const texts = [...(await stored(place)), ...(await stored(join(directory, 'eve')))];
    expect(texts.map((text) => /Delivered-To: (\S+)/.exec(text)?.[1])).toEqual(
      [bob, bob, eve, eve].map(({ address }) => address),
    );
  });

  it.each([
    ['%u', ['bob@example.org', 'eve@example.org']],
    ['%d/%n', ['example.org/bob', 'example.org/eve']],
    ['x%%%n', ['x%bob', 'x%eve']],
  ])('maildir:.../%s: each has a copy with its own name on it', async (form, paths) => {
    for (const path of paths) await mkdir(join(directory, path), { recursive: true });
    expect(await send(join(directory, form))).toMatchObject({
      kind: 'delivered',
      rcpts: [{ code: 250 }, { code: 250 }],
    });
    expect((await Promise.all(paths.map((path) => stored(join(directory, path))))).flat()).toEqual(
      recipients.map(
        ({ address }) => `Return-Path: <alice@example.com>\r\nDelivered-To: ${address}\r\n${MESSAGE}`,
      ),
    );
  });

  it.each([
    [['bob@example.org', 'bob@example.org'], ['bob@example.org']],
    [['Bob@Example.org', 'bob@example.org', '"bob"@example.org', '"b\\ob"@example.org'], ['Bob@Example.org']],
    [
      ['bob@example.org', 'eve@example.org', 'bob@EXAMPLE.org'],
      ['bob@example.org', 'eve@example.org'],
    ],
    [['b\xc3\xbcro@example.org', 'B\xc3\x9cRO@example.org'], ['b\xc3\xbcro@example.org']],
    [
      ['bob@b\xc3\xbcro.example', 'BOB@xn--bro-hoa.example', 'bob@B\xc3\x9cRO.Example'],
      ['bob@b\xc3\xbcro.example'],
    ],
    // Others, who have that directory as well.
    [
      ['bob@example.org', 'bob@example.net'],
      ['bob@example.org', 'bob@example.net'],
    ],
  ])('%j: whoever is named more than once has one copy, and the same reply each time', async (named, had) => {
    const path = join(directory, '%n');
    for (const name of ['bob', 'eve', 'büro']) await mkdir(join(directory, name));
    const outcome = await send(path, { recipients: to(...named) });
    expect(outcome).toMatchObject({
      kind: 'delivered',
      rcpts: named.map((address) => ({ recipient: { address } })),
    });
    const texts = await Promise.all(['bob', 'eve', 'büro'].map((name) => stored(join(directory, name))));
    expect(
      texts
        .flat()
        .map((text) => /Delivered-To: (\S+)/.exec(text)?.[1])
        .sort(),
    ).toEqual([...had].sort());
    const replies = new Set(outcome.rcpts.map(({ text }) => text));
    expect(replies.size).toBe(had.length);
  });

  // No directory can have these names, but what they have in common can be one's name, or somebody has said where their mail lies.
  it.each([
    ['S/MIME@example.org', 's/mime@Example.org'],
    ['".bob"@example.org', '".BOB"@example.org'],
    [`"${'\\x'.repeat(250)}"@example.org`, `"${'x'.repeat(250)}"@example.org`],
  ])(
    'whoever has a name that no directory has, and is named in two forms, has one copy (%#)',
    async (one, other) => {
      await mkdir(join(directory, 'example.org'));
      const path = join(directory, 'named');
      for (const [target, recipients] of [
        [join(directory, '%d'), to(one, other)],
        ['unused', to(one, other).map((recipient) => ({ ...recipient, maildir: path }))],
      ] as const) {
        const outcome = await send(target, { recipients });
        expect(outcome.rcpts.map(({ code }) => code)).toEqual([250, 250]);
      }
      expect(await stored(join(directory, 'example.org'))).toHaveLength(1);
      expect(await stored(path)).toHaveLength(1);
    },
  );

  it.each([
    ['b\xc3\xbcro@example.org', 'büro'],
    ['B\xc3\x9cRO@example.org', 'büro'],
    ['x@ex\xc3\xa4mple.org', 'x'],
  ])('octets in UTF-8 (RFC 6531), %j: the directory is text', async (address, name) => {
    const path = join(directory, '%d/%n');
    const own = join(directory, Buffer.from(address.split('@')[1] ?? '', 'latin1').toString(), name);
    await mkdir(own, { recursive: true });
    expect(await send(path, { recipients: to(address) })).toMatchObject({ kind: 'delivered' });
    expect((await stored(own))[0]).toContain(`Delivered-To: ${address}\r\n`);
  });

  it('somebody has no directory: nobody gets anything, unless some may', async () => {
    await mkdir(join(directory, 'bob'));
    const path = join(directory, '%n');
    const refused = { kind: 'refused', stage: 'rcpt', code: 550, text: '550 5.1.1 no such mailbox' };
    expect(await send(path)).toMatchObject({ ...refused, rcpts: [{ code: 250 }, { code: 550 }] });
    expect(await readdir(directory)).toEqual(['bob']);
    expect(await readdir(join(directory, 'bob'))).toEqual([]);
    expect(await send(path, { allRecipients: false })).toMatchObject({
      kind: 'delivered',
      rcpts: [{ code: 250 }, { code: 550 }],
    });
    expect(await stored(join(directory, 'bob'))).toHaveLength(1);
    expect(await send(path, { recipients: to('eve@example.org') })).toMatchObject(refused);
  });

  it.each([
    '..@example.org',
    '../bob@example.org',
    '"../bob"@example.org',
    '"a/b"@example.org',
    '".hidden"@example.org',
    '"\\./x"@example.org',
    'nul\0@example.org',
    `${'x'.repeat(300)}@example.org`,
    'postmaster',
    'no\xfcutf@example.org',
  ])('%j is the name of nobody', async (address) => {
    await mkdir(join(directory, 'bob'));
    await mkdir(join(directory, 'deep'));
    const path = join(directory, 'deep/%d/%n');
    expect(await send(path, { recipients: to(address) })).toMatchObject({ kind: 'refused', code: 550 });
    const looked = lookAtMaildir({ maildir, path, log });
    expect(await looked.look(recipientOf(address))).toMatchObject({
      kind: 'refused',
      stage: 'rcpt',
      code: 550,
    });
    expect(await readdir(join(directory, 'deep'))).toEqual([]);
  });

  it.each([
    ['within it', '1000S,3C\n900 2\n', 250],
    ['no octet left', '1000S\n500 1\n500 1\n', 452],
    ['no message left', '1000S,2C\n10 2\n', 452],
    ['some was taken away', '1000S\n1000 2\n-900 -1\n', 250],
    ['no limit', '\n1000000 200\n', 250],
  ])('quota, %s: %j is %d', async (_, sizes, code) => {
    await mkdir(join(directory, 'bob'));
    await writeFile(join(directory, 'bob/maildirsize'), sizes);
    const path = join(directory, '%n');
    const looked = lookAtMaildir({ maildir, path, log });
    expect(await looked.look(recipientOf('bob@x.example'))).toMatchObject({ code });
    const outcome = await send(path, { recipients: to('bob@x.example') });
    expect(outcome.code).toBe(code);
    const after = await readFile(join(directory, 'bob/maildirsize'), 'utf8');
    const [written = ''] = await stored(join(directory, 'bob'));
    expect(after).toBe(code === 250 ? `${sizes}${written.length} 1\n` : sizes);
  });

  it('cannot be looked at: 451, and the log says why', async () => {
    const broken: Maildir = { ...maildir, look: async () => ({ kind: 'failed', error: new Error('EIO') }) };
    const looked = lookAtMaildir({ maildir: broken, path: join(directory, '%n'), log });
    expect(await looked.look(recipientOf('bob@x.example'))).toMatchObject({ kind: 'refused', code: 451 });
    expect(log.lines).toMatchObject([{ message: 'cannot store in maildir', fields: { stage: 'rcpt' } }]);
  });
});

/** A file system of 64 KiB, where the tests may mount one. */
function mountSmall(path: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]).status === 0;
}
const probe = join(tmpdir(), `smtpe-mount-${process.pid}-${hostname()}`);
const mayMount = await (async () => {
  await mkdir(probe, { recursive: true });
  const mounted = mountSmall(probe);
  if (mounted) spawnSync('umount', [probe]);
  await rm(probe, { recursive: true, force: true });
  return mounted;
})();

describe.skipIf(!mayMount)('maildir on a full file system (needs the right to mount)', () => {
  it('says 452, and leaves nothing behind', async () => {
    expect(mountSmall(directory)).toBe(true);
    try {
      expect((await put(directory)).kind).toBe('delivered');
      const outcome = await put(directory, source(Buffer.alloc(200_000, 'x\r\n')));
      expect(outcome).toMatchObject({
        kind: 'refused',
        stage: 'content',
        code: 452,
        text: '452 4.3.1 no space for the message',
      });
      const { tmp, new: files } = await list(directory);
      expect(tmp).toEqual([]);
      expect(files).toHaveLength(1);
    } finally {
      spawnSync('umount', [directory]);
    }
  });
});
