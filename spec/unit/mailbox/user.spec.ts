// Somebody's mail as a tree: folders, messages, flags, annotations, and what is told of it.
import { chmod, mkdir, readdir, readFile, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMailUsers } from '../../../src/mailbox/maildir-user.ts';
import type { FlagChange } from '../../../src/mailbox/port/mailbox.ts';
import { troubleText } from '../../../src/mailbox/port/outcome.ts';
import { content, done, MailSite, never, quickClock } from './support.ts';

let site: MailSite;
beforeEach(async () => {
  site = await MailSite.make();
});
afterEach(() => site.remove());

const plain = { flags: [], keywords: [] } as const;
const add = (...flags: FlagChange['flags']): FlagChange => ({ how: 'add', flags, keywords: [] });

describe('folders', () => {
  it('are made, listed, subscribed to, renamed with those below, and deleted with what is in them', async () => {
    const { user } = site;
    await done(user.create('Work/Entwürfe'));
    await done(user.create('Work/Entwürfe/Alt'));
    await done(user.create('Zeit'));
    await done(user.subscribe('Work/Entwürfe'));
    await done(user.subscribe('Work/Entwürfe'));
    expect(await done(user.list())).toEqual([
      { vname: 'INBOX', isSubscribed: false, isOnlyParent: false },
      { vname: 'Work', isSubscribed: false, isOnlyParent: true },
      { vname: 'Work/Entwürfe', isSubscribed: true, isOnlyParent: false },
      { vname: 'Work/Entwürfe/Alt', isSubscribed: false, isOnlyParent: false },
      { vname: 'Zeit', isSubscribed: false, isOnlyParent: false },
    ]);
    expect(await site.read('subscriptions')).toBe('V\t2\n\nWork\tEntw&APw-rfe\n');
    expect((await readdir(join(site.path, '.Work.Entw&APw-rfe'))).sort()).toEqual([
      'cur',
      'maildirfolder',
      'new',
      'tmp',
    ]);
    const saved = await done(user.mailbox('Work/Entwürfe/Alt').save(content('x'), plain));
    await done(user.rename('Work/Entwürfe', 'Fertig'));
    const [mail] = await done(user.mailbox('Fertig/Alt').mails());
    expect(mail?.uid).toBe(saved.uid);
    await done(user.delete('Fertig/Alt'));
    expect(await user.mailbox('Fertig/Alt').open()).toEqual({ kind: 'missing', mailbox: 'Fertig/Alt' });
    await done(user.unsubscribe('Work/Entwürfe'));
    await done(user.unsubscribe('never'));
    expect(await done(user.subscriptions())).toEqual([]);
    expect((await readdir(site.path)).sort()).toEqual([
      '.Fertig',
      '.Zeit',
      'cur',
      'new',
      'subscriptions',
      'tmp',
    ]);
    expect(site.events).toEqual([
      'mailbox_create INBOX',
      'mailbox_create Work/Entwürfe',
      'mailbox_create Work/Entwürfe/Alt',
      'mailbox_create Zeit',
      'mailbox_subscribe Work/Entwürfe',
      'message_append Work/Entwürfe/Alt 1',
      'mailbox_rename Fertig Work/Entwürfe',
      'message_expunge Fertig/Alt 1',
      'mailbox_delete Fertig/Alt',
      'mailbox_unsubscribe Work/Entwürfe',
    ]);
  });

  it.each([
    ['create', 'there', { kind: 'exists', mailbox: 'there' }],
    ['create', 'inbox', { kind: 'exists', mailbox: 'INBOX' }],
    ['create', 'a file', { kind: 'refused' }],
    ['create', '../x', { kind: 'bad-name' }],
    ['delete', 'none', { kind: 'missing', mailbox: 'none' }],
    ['delete', 'INBOX', { kind: 'refused' }],
    ['delete', 'a//b', { kind: 'bad-name' }],
    ['subscribe', 'none', { kind: 'missing' }],
    ['subscribe', 'a file', { kind: 'missing' }],
    ['unsubscribe', 'a.b', { kind: 'bad-name' }],
  ] as const)('%s %j is not done', async (verb, name, outcome) => {
    await site.deliver();
    await done(site.user.create('there'));
    await writeFile(join(site.path, '.a file'), '');
    const before = site.events.length;
    const ended = await site.user[verb](name);
    expect(ended).toMatchObject(outcome);
    if (ended.kind !== 'done') expect(troubleText(ended)).not.toBe('');
    expect(site.events.length).toBe(before);
    expect(await readFile(join(site.path, '.a file'), 'utf8')).toBe('');
  });

  it.each([
    ['none', 'x', 'missing'],
    ['there', 'other', 'exists'],
    ['there', 'there/below', 'refused'],
    ['there', 'INBOX', 'refused'],
    ['INBOX', 'x', 'refused'],
    ['there', '', 'bad-name'],
  ])('renaming %j to %j is %s', async (from, to, kind) => {
    await done(site.user.create('there'));
    await done(site.user.create('other'));
    expect((await site.user.rename(from, to)).kind).toBe(kind);
  });

  it('are made when they are opened with autoCreate, and without only INBOX is', async () => {
    expect((await site.user.mailbox('a').open()).kind).toBe('missing');
    await done(site.user.mailbox('a', { autoCreate: true, autoSubscribe: true }).open());
    expect(await done(site.user.subscriptions())).toEqual(['a']);
    expect(site.events).toEqual(['mailbox_create INBOX', 'mailbox_create a', 'mailbox_subscribe a']);
  });

  it('of other programs and of older forms of files are read, and stay', async () => {
    await done(site.user.create('Old'));
    await mkdir(join(site.path, '.&broken/cur'), { recursive: true });
    await mkdir(join(site.path, '..hidden/cur'), { recursive: true });
    await mkdir(join(site.path, '.empty'));
    await symlink(join(site.path, '.Old'), join(site.path, '.Link'));
    await site.write('subscriptions', 'Old\nEntw&APw-rfe.x\n&broken\nINBOX\n');
    await done(site.user.subscribe('Link'));
    expect(await site.read('subscriptions')).toBe('Old\nEntw&APw-rfe.x\n&broken\nINBOX\nLink\n');
    expect(await done(site.user.subscriptions())).toEqual(['Old', 'Entwürfe/x', 'INBOX', 'Link']);
    expect((await done(site.user.list())).map(({ vname }) => vname)).toEqual(['INBOX', 'Link', 'Old']);
  });
});

describe('messages', () => {
  it('that are delivered are new, have a uid, and are told', async () => {
    const listened = { user: 'alice', listener: { committed: () => void site.events.push('told') } };
    const outcome = await site.maildir.store(site.path, content('a\r\nb\nc'), never, listened);
    const [file = ''] = await site.files();
    expect(file).toMatch(/^new\/\d+\.M\d+P\d+Q1R[0-9a-f]+\.mx\.example,S=6,W=7$/);
    expect(outcome).toMatchObject({ kind: 'stored', name: file.slice(4), uid: 1 });
    expect(site.events).toEqual(['told', 'told']);
    expect(await site.deliver()).toBe(2);
    expect(await done(site.user.mailbox('INBOX').status())).toMatchObject({
      ...{
        messages: 2,
        recent: 2,
        unseen: 2,
        uidNext: 3,
        firstRecentUid: 1,
        firstUnseenSeq: 1,
        keywords: [],
      },
    });
  });

  it('are saved with flags, keywords and a date', async () => {
    const box = site.user.mailbox('INBOX');
    const facts = {
      flags: ['\\Seen', '\\Flagged'],
      keywords: ['$Work', 'Junk'],
      internalDate: 1_000_000_000_000,
    } as const;
    const saved = await done(box.save(content('Subject: x\n\nb\n'), facts));
    expect(await site.files()).toEqual([`cur/${saved.fileName}:2,FSab`]);
    expect(await site.read('dovecot-keywords')).toBe('0 $Work\n1 Junk\n');
    const [mail] = await done(box.mails());
    expect(mail).toMatchObject({
      uid: 1,
      seq: 1,
      isRecent: false,
      flags: ['\\Flagged', '\\Seen'],
      keywords: ['$Work', 'Junk'],
    });
    expect(await mail?.facts()).toEqual({
      kind: 'done',
      value: { size: 14, virtualSize: 17, internalDate: 1_000_000_000_000 },
    });
    expect(site.events).toEqual([
      'mailbox_create INBOX',
      'message_append INBOX 1 +\\Seen,\\Flagged,$Work,Junk',
    ]);
  });

  it('of which the name says no sizes are looked at', async () => {
    await done(site.user.mailbox('INBOX').open());
    await site.write('cur/1.x:2,', 'a\nb\r\n\n');
    const [mail] = await done(site.user.mailbox('INBOX').mails());
    expect(await mail?.facts()).toMatchObject({ value: { size: 6, virtualSize: 8 } });
  });

  it('are listed by their files without anything being written, and read where a mail reader has put them meanwhile', async () => {
    await done(site.user.mailbox('INBOX').open());
    const bases = Array.from({ length: 20 }, (_, at) => `${at + 1}.x`);
    for (const base of bases) await site.write(`new/${base}`, `Subject: ${base}\n\nbody\n`);
    await rename(join(site.path, 'new/20.x'), join(site.path, 'cur/20.x:2,FS'));
    const opened: string[] = [];
    const { files } = site.parts;
    const watched: typeof files = {
      ...files,
      opendir: (...args: Parameters<typeof files.opendir>) => {
        opened.push(String(args[0]));
        return files.opendir(...args);
      },
    };
    const box = site.userOf({ ...site.parts, files: watched }).mailbox('INBOX');
    const found = await done(box.files());
    expect(found.filter(({ isSeen }) => isSeen).map(({ base }) => base)).toEqual(['20.x']);
    expect(found.map(({ base }) => base).sort()).toEqual([...bases].sort());
    expect((await readdir(site.path)).sort()).toEqual(['cur', 'new', 'tmp']);
    expect(opened.length).toBe(2);
    // As a mail reader does it that opens the mailbox: not for each of them is the folder read again.
    for (const base of bases.slice(0, 19))
      await rename(join(site.path, 'new', base), join(site.path, 'cur', `${base}:2,`));
    const heads = await Promise.all(found.map((file) => done(file.head(Buffer.alloc(9)))));
    expect(heads.map(({ octets }) => octets.toString())).toEqual(found.map(() => 'Subject: '));
    expect(opened.length).toBe(2);
    await rename(join(site.path, 'cur/1.x:2,'), join(site.path, 'cur/1.x:2,R'));
    await unlink(join(site.path, 'cur/2.x:2,'));
    const [first, second] = ['1.x', '2.x'].map((base) => found.find((file) => file.base === base));
    expect(await first?.head(Buffer.alloc(12))).toMatchObject({ kind: 'done', value: { size: 19 } });
    expect(await second?.head(Buffer.alloc(12))).toEqual({ kind: 'missing', mailbox: 'INBOX' });
  });

  it('are read, also when a mail reader has renamed them meanwhile, and missing when they are gone', async () => {
    await site.deliver('Subject: x\r\n\r\nthe body\r\n');
    const [mail] = await done(site.user.mailbox('INBOX').mails());
    const [file = ''] = await site.files();
    const moved = join(site.path, 'cur', `${file.slice(4)}:2,S`);
    await rename(join(site.path, file), moved);
    if (mail === undefined) throw new Error('none');
    const opened = await done(mail.open());
    const pieces: Buffer[] = [];
    for await (const piece of opened.read()) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe('Subject: x\r\n\r\nthe body\r\n');
    await unlink(moved);
    expect(await mail.open()).toEqual({ kind: 'missing', mailbox: 'INBOX' });
    expect(await mail.facts()).toEqual({ kind: 'missing', mailbox: 'INBOX' });
    await expect(opened.read()[Symbol.asyncIterator]().next()).rejects.toThrow('gone');
    expect(await site.user.mailbox('INBOX').mail(1)).toEqual({ kind: 'missing', mailbox: 'INBOX' });
  });

  const rows: readonly (readonly [string, FlagChange, string, readonly string[]])[] = [
    [
      'adding',
      add('\\Seen'),
      ':2,FSa',
      ['flags_clear INBOX 1 was \\Flagged,', 'flags_set INBOX 1 +\\Seen', 'message_read INBOX 1'],
    ],
    ['adding what is there', add('\\Flagged'), ':2,Fa', []],
    [
      'adding \\Deleted and a keyword',
      { how: 'add', flags: ['\\Deleted'], keywords: ['New'] },
      ':2,FTab',
      ['flags_clear INBOX 1 was \\Flagged,Old', 'flags_set INBOX 1 +\\Deleted,New', 'message_trash INBOX 1'],
    ],
    [
      'removing',
      { how: 'remove', flags: ['\\Flagged'], keywords: [] },
      ':2,a',
      ['flags_clear INBOX 1 +\\Flagged was \\Flagged,'],
    ],
    [
      'removing a keyword in another case',
      { how: 'remove', flags: [], keywords: ['OLD'] },
      ':2,F',
      ['flags_clear INBOX 1 +Old was ,Old', 'flags_set INBOX 1'],
    ],
    ['removing what is not there', { how: 'remove', flags: ['\\Draft'], keywords: ['None'] }, ':2,Fa', []],
    [
      'replacing',
      { how: 'replace', flags: ['\\Seen'], keywords: ['New'] },
      ':2,Sb',
      [
        'flags_clear INBOX 1 +\\Flagged,Old was \\Flagged,Old',
        'flags_set INBOX 1 +\\Seen,New',
        'message_read INBOX 1',
      ],
    ],
  ];
  it.each(rows)('%s flags', async (_, change, info, events) => {
    const box = site.user.mailbox('INBOX');
    await done(box.save(content('x'), { flags: ['\\Flagged'], keywords: ['Old'] }));
    site.events.length = 0;
    const before = (await done(box.status())).highestModseq;
    expect(await done(box.changeFlags([1, 99], change))).toBe(events.length === 0 ? 0 : 1);
    expect((await site.files()).map((name) => name.replace(/^cur\/[^:]*/, ''))).toEqual([info]);
    expect(site.events.map((event) => event.replace(' was ,', ' was ').replace(/,$/, ''))).toEqual(
      events.map((event) => event.replace(' was ,', ' was ').replace(/,$/, '')),
    );
    const grown = (await done(box.status())).highestModseq - before;
    expect(grown > 0).toBe(events.length > 0);
  });

  it('of several in one transaction are told by uid, and flags take them out of new/', async () => {
    for (let at = 0; at < 3; at++) await site.deliver();
    await done(site.user.mailbox('INBOX').changeFlags([3, 1], add('\\Answered')));
    expect(site.events).toEqual(
      [1, 3].flatMap((uid) => [`flags_clear INBOX ${uid} was `, `flags_set INBOX ${uid} +\\Answered`]),
    );
    expect((await site.files()).map((name) => name.slice(0, 3))).toEqual(['new', 'cur', 'cur']);
  });

  it('are expunged, and their uids never come again', async () => {
    await site.deliver();
    await site.write('maildirsize', '1000S\n28 1\n');
    const box = site.user.mailbox('INBOX');
    expect(await done(box.expunge([1, 5]))).toBe(1);
    expect(await done(box.expunge([1]))).toBe(0);
    expect(await site.files()).toEqual([]);
    expect(await site.read('maildirsize')).toBe('1000S\n28 1\n-20 -1\n');
    expect(site.events).toEqual(['message_expunge INBOX 1']);
    expect(await site.deliver()).toBe(2);
  });

  it.each([
    ['a keyword with a blank', ['a b'], 'bad-name'],
    ['an empty one', [''], 'bad-name'],
    ['one that is too long', ['x'.repeat(51)], 'bad-name'],
    ['one beyond ASCII', ['ü'], 'bad-name'],
    ['27 of them', Array.from({ length: 27 }, (_, at) => `k${at}`), 'bad-name'],
    ['26 of them', Array.from({ length: 26 }, (_, at) => `k${at}`), 'done'],
  ])('%s: %#', async (_, keywords, kind) => {
    const box = site.user.mailbox('INBOX');
    expect((await box.save(content('x'), { flags: [], keywords })).kind).toBe(kind);
    if (kind === 'done') return;
    expect(await site.files()).toEqual([]);
    expect((await readdir(join(site.path, 'tmp')).catch(() => [])).length).toBe(0);
    expect(site.events.filter((event) => event.startsWith('message'))).toEqual([]);
  });

  it('cannot be changed in a mailbox that was opened to be read', async () => {
    await site.deliver();
    const box = site.user.mailbox('INBOX', { readOnly: true });
    expect((await box.save(content('x'), plain)).kind).toBe('refused');
    expect((await box.changeFlags([1], add('\\Seen'))).kind).toBe('refused');
    expect((await box.expunge([1])).kind).toBe('refused');
    expect((await done(box.status())).messages).toBe(1);
    await done(box.metadata.set('/private/x', 'y'));
  });

  it('over the quota are not saved, and whose content fails is rolled back', async () => {
    await done(site.user.mailbox('INBOX').open());
    await site.write('maildirsize', '10S\n10 1\n');
    expect((await site.user.mailbox('INBOX').save(content('x'), plain)).kind).toBe('full');
    await unlink(join(site.path, 'maildirsize'));
    const failing = {
      pieces: undefined,
      // biome-ignore lint/correctness/useYield: it fails before.
      async *read(): AsyncGenerator<Buffer> {
        throw new Error('cut');
      },
    };
    expect(await site.user.mailbox('INBOX').save(failing, plain)).toMatchObject({
      kind: 'failed',
      why: 'cut',
    });
    expect(site.rolledBack).toEqual(['message_append INBOX undefined']);
    expect(await readdir(join(site.path, 'tmp'))).toEqual([]);
  });

  it('wait for a lock no longer than four seconds of the clock', async () => {
    await site.deliver();
    await site.write('dovecot-uidlist.lock', '');
    const clock = { ...quickClock(), now: () => Date.now() };
    const user = createMailUsers({ ...site.parts, clock }).user(
      { name: 'a', path: site.path },
      { signal: never },
    );
    const box = user.mailbox('INBOX');
    expect(await box.changeFlags([1], add('\\Seen'))).toEqual({ kind: 'locked', mailbox: 'INBOX' });
    expect(clock.monotonic()).toBeLessThan(5000);
    expect(clock.monotonic()).toBeGreaterThan(3000);
    expect(await box.save(content('x'), { flags: [], keywords: ['K'] })).toEqual({
      kind: 'locked',
      mailbox: 'INBOX',
    });
    expect(await done(box.save(content('x'), plain))).toMatchObject({ uid: undefined });
    expect((await done(box.status())).messages).toBe(1);
    await unlink(join(site.path, 'dovecot-uidlist.lock'));
    expect((await done(box.status())).messages).toBe(2);
  });
});

describe('annotations', () => {
  it('are of a mailbox, or of the user, and lie in one file that Dovecot can read', async () => {
    await done(site.user.create('a'));
    const box = site.user.mailbox('a').metadata;
    expect(await done(box.get('/private/x'))).toBeUndefined();
    await done(box.set('/private/x', 'a\tb\nc'));
    await done(box.set('/shared/comment', ''));
    await done(site.user.metadata.set('/private/x', 'of the user'));
    expect(await done(box.get('/private/x'))).toBe('a\tb\nc');
    expect(await done(box.list('/private/'))).toEqual(new Map([['/private/x', 'a\tb\nc']]));
    expect(await done(box.list('/shared/'))).toEqual(new Map([['/shared/comment', '']]));
    expect(await done(site.user.metadata.list('/private/'))).toEqual(
      new Map([['/private/x', 'of the user']]),
    );
    expect(await done(site.user.mailbox('INBOX').metadata.list('/private/'))).toEqual(new Map());
    const guid = /G(\w{32})/.exec(await site.read('.a/dovecot-uidlist'))?.[1];
    const [key, value] = (await site.read('dovecot-attributes')).split('\n');
    expect([key, value]).toEqual([`priv/${guid}/x`, 'a\x01tb\x01nc']);
    await done(box.unset('/private/x'));
    await done(box.unset('/private/x'));
    expect(await done(box.get('/private/x'))).toBeUndefined();
    await done(site.user.delete('a'));
    expect(await site.read('dovecot-attributes')).not.toContain(guid);
    expect(await site.read('dovecot-attributes')).toContain('of the user');
  });

  it.each([
    ['x', 'v', 'Invalid key prefix, must be /private/ or /shared/'],
    ['/Private/x', 'v', 'Invalid key prefix, must be /private/ or /shared/'],
    ['/private/', 'v', 'there is nothing behind the prefix of the key'],
    ['/private/x', 'a\0b', 'Attribute string value has NULs'],
    ['/private/x', 'v'.repeat(65_537), 'a value has at most 65536 octets'],
    [`/private/${'x'.repeat(1000)}`, 'v', 'a key has at most 1000 octets'],
  ])('%j cannot be set', async (key, value, why) => {
    expect(await site.user.metadata.set(key, value)).toMatchObject({ kind: 'bad-name', why });
  });

  it('are 1000 at most', async () => {
    await site.deliver();
    const guid = /G(\w{32})/.exec(await site.read('dovecot-uidlist'))?.[1];
    await site.write(
      'dovecot-attributes',
      Array.from({ length: 1000 }, (_, at) => `priv/${guid}/${at}\nv\n`).join(''),
    );
    const { metadata } = site.user.mailbox('INBOX');
    expect((await metadata.set('/private/more', 'x')).kind).toBe('full');
    await done(metadata.set('/private/7', 'x'));
    expect((await done(metadata.list('/private/'))).size).toBe(1000);
  });

  it('of a mailbox that is not there are missing', async () => {
    expect((await site.user.mailbox('none').metadata.get('/private/x')).kind).toBe('missing');
    expect((await site.user.mailbox('none').metadata.set('/private/x', 'y')).kind).toBe('missing');
    expect(await done(site.user.metadata.get('/private/x'))).toBeUndefined();
  });
});

it('what is made has the rights of the directory, whatever the mask says', async () => {
  await site.deliver();
  await chmod(site.path, 0o770);
  await site.deliver();
  const { stat } = await import('node:fs/promises');
  const modes = await Promise.all(
    (await site.files()).map(async (name) => (await stat(join(site.path, name))).mode & 0o777),
  );
  expect(modes).toEqual([0o600, 0o660]);
});
