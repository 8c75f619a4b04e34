// The uid list: what is written, and what becomes of one that others have damaged. A delivery works with each of them, and no uid comes twice.
import { mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entryLine, headerLine, readEntry, readHeader } from '../../../src/mailbox/uid-list-text.ts';
import { done, MailSite, quickClock } from './support.ts';

const GUID = '0123456789abcdef0123456789abcdef';
const header = `3 V1000 N7 G${GUID}\n`;

describe('the text of a uid list', () => {
  it.each([
    ['3 V1 N2 G0123456789abcdef0123456789abcdef', { uidValidity: 1, nextUid: 2, guid: GUID, others: '' }],
    ['3 G0123456789abcdef0123456789abcdef N2  V1 Xfoo Ybar', { guid: GUID, others: ' Xfoo Ybar' }],
    ['3 V1 N2 Gshort', { guid: '' }],
    ['3 V4294967295 N4294967295', { uidValidity: 4_294_967_295 }],
    ['1 5 6', { version: 1, uidValidity: 5, nextUid: 6 }],
  ])('%j is a header', (line, facts) => {
    expect(readHeader(line)).toMatchObject({ kind: 'header', header: facts });
  });

  it.each([
    '',
    '3',
    '3 V1',
    '3 V0 N1',
    '3 V1 N0',
    '3 V4294967296 N1',
    '3 Vx N1',
    '1 5',
    'x V1 N1',
    '3V1 N1',
    '-3 V1 N1',
  ])('%j is a broken one', (line) => {
    expect(readHeader(line)).toEqual({ kind: 'broken' });
  });

  it.each(['2 V1 N1', '4 V1 N1', '30 V1 N1'])('%j is of a program that we do not know', (line) => {
    expect(readHeader(line).kind).toBe('foreign');
  });

  it.each([
    ['5 :1.h,S=3', { uid: 5, fields: '', base: '1.h,S=3' }],
    ['5 S3 W4 Pabc :1.h:2,S', { uid: 5, fields: ' S3 W4 Pabc', base: '1.h' }],
    ['5 x9 W4 :1.h', { uid: 5, fields: ' W4', base: '1.h' }],
    ['4294967294 :a b', { uid: 4_294_967_294, fields: '', base: 'a b' }],
  ])('%j is a line', (line, entry) => {
    expect(readEntry(line, 3)).toEqual(entry);
  });

  it.each([
    '',
    '5',
    '5 ',
    '5 :',
    '5 name',
    '0 :a',
    '-1 :a',
    '4294967295 :a',
    '5 :a/b',
    'x :a',
    '5 S3',
    '5 ::2,S',
  ])('%j is none', (line) => {
    expect(readEntry(line, 3)).toBeUndefined();
  });

  it('is read as it was written', () => {
    const entry = { uid: 9, fields: ' S1 Pz', base: 'x,S=1' };
    expect(readEntry(entryLine(entry).trimEnd(), 3)).toEqual(entry);
    const read = readHeader(
      headerLine({ version: 3, uidValidity: 5, nextUid: 6, guid: GUID, others: ' Zz' }).trimEnd(),
    );
    expect(read).toMatchObject({ header: { uidValidity: 5, nextUid: 6, guid: GUID, others: ' Zz' } });
  });
});

describe('a delivery and a uid list', () => {
  let site: MailSite;
  beforeEach(async () => {
    site = await MailSite.make({ clock: quickClock() });
    for (const part of ['cur', 'new', 'tmp']) await mkdir(join(site.path, part), { recursive: true });
    // Messages of before: the list may know them or not.
    await site.write('cur/1.a:2,S', 'Subject: a\n\n');
    await site.write('cur/2.b:2,', 'Subject: b\n\n');
  });
  afterEach(() => site.remove());
  const list = (text: string): Promise<void> => site.write('dovecot-uidlist', text);
  const two = '3 S12 W13 :1.a\n5 :2.b\n';

  /** What the list is, the uid of the message that is delivered now, and those of the others when all have been read. */
  const rows: readonly (readonly [
    string,
    string | undefined,
    number | undefined,
    readonly [number, number],
  ])[] = [
    ['none', undefined, 3, [1, 2]],
    ['an empty one', '', 3, [1, 2]],
    ['a good one', header + two, 7, [3, 5]],
    ['one whose header is behind', `3 V1000 N2 G${GUID}\n${two}`, 6, [3, 5]],
    ['one with a header only', header, 7, [8, 9]],
    ['one with line ends of CRLF', `${header}${two}`.replaceAll('\n', '\r\n'), 7, [3, 5]],
    ['one that is cut in a line', `${header}${two}9 :3.`, 10, [3, 5]],
    ['one that is cut in a number', `${header}${two}1`, 7, [3, 5]],
    ['one with garbage behind', `${header}${two}\0\xff garbage\n`, 7, [3, 5]],
    ['one with garbage inside', `${header}3 :1.a\nwhat is this\n5 :2.b\n`, 7, [3, 5]],
    ['one with an unfit line at its end', `${header}${two}12 nothing\n`, 13, [3, 5]],
    ['one that is not in order', `${header}3 :1.a\n9 :gone\n5 :2.b\n`, 10, [3, 5]],
    ['one with a uid twice', `${header}3 :1.a\n3 :2.b\n`, 8, [3, 7]],
    ['one with a base twice', `${header}3 :1.a\n4 :2.b\n6 :2.b\n`, 7, [3, 6]],
    ['one without a guid', `3 V1000 N7\n${two}`, 7, [3, 5]],
    ['one of version 1', '1 1000 7\n3 1.a\n5 2.b\n', 7, [3, 5]],
    ['one of version 4, which is left alone', `4 V1000 N7\n${two}`, undefined, [0, 0]],
    ['one whose header is broken', `what\n${two}`, 3, [1, 2]],
    ['one that has used up all uids', `3 V1000 N4294967295 G${GUID}\n${two}`, undefined, [3, 5]],
  ];
  it.each(rows)('%s', async (_, text, uid, [first, second]) => {
    if (text !== undefined) await list(text);
    expect(await site.deliver()).toBe(uid);
    const [name = ''] = (await site.files()).filter((one) => one.startsWith('new/'));
    if (text?.startsWith('4')) {
      expect(await site.read('dovecot-uidlist')).toBe(text);
      expect(await site.user.mailbox('INBOX').status()).toMatchObject({ kind: 'failed' });
      return;
    }
    const mails = await done(site.user.mailbox('INBOX').mails());
    const uids = await site.uids();
    expect([uids['1.a'], uids['2.b']]).toEqual([first, second]);
    if (uid !== undefined) expect(uids[name.slice(4)]).toBe(uid);
    expect(new Set(Object.values(uids)).size).toBe(Object.values(uids).length);
    if (uid !== undefined)
      expect(mails.map((mail) => mail.uid)).toEqual([first, second, uid].sort((a, b) => a - b));
    // What another program keeps with a message stays with it.
    if (text?.includes(' S12 W13') && first === 3)
      expect(await site.read('dovecot-uidlist')).toMatch(/^3 S12 W13 :1\.a\r?$/m);
    expect(await readdir(join(site.path, 'tmp'))).toEqual([]);
    expect((await readdir(site.path)).filter((one) => /\.(lock|tmp|smtpe)$/.test(one))).toEqual([]);
  });

  it('is left to Dovecot when its header is broken and Dovecot has an index', async () => {
    await list(`what\n${two}`);
    await site.write('dovecot.index.log', 'x');
    expect(await site.deliver()).toBeUndefined();
    expect(await site.read('dovecot-uidlist')).toBe(`what\n${two}`);
  });

  it('keeps fields of the header that others know', async () => {
    await list(`3 V1000 N7 G${GUID} Xother\n${two}cut`);
    expect(await site.deliver()).toBe(7);
    expect(await site.read('dovecot-uidlist')).toMatch(/^3 V1000 N8 G[0-9a-f]{32} Xother\n/);
  });

  it.each([
    ['a directory', () => mkdir(join(site.path, 'dovecot-uidlist/x'), { recursive: true })],
    ['a link', () => symlink('/etc/passwd', join(site.path, 'dovecot-uidlist'))],
    ['a directory where its lock would be', () => mkdir(join(site.path, 'dovecot-uidlist.lock'))],
  ])('%s is no reason to lose a message', async (_, make) => {
    await make();
    expect(await site.deliver()).toBeUndefined();
    expect((await site.files()).filter((one) => one.startsWith('new/'))).toHaveLength(1);
  });

  it('is not read as a whole when a message comes', async () => {
    const lines = Array.from({ length: 50_000 }, (_, at) => `${at + 10} :${at}.x\n`).join('');
    await list(header + lines);
    const before = await stat(join(site.path, 'dovecot-uidlist'));
    expect(await site.deliver()).toBe(50_010);
    const after = await stat(join(site.path, 'dovecot-uidlist'));
    expect(after.ino).toBe(before.ino);
    const [name = ''] = (await site.files()).filter((one) => one.startsWith('new/'));
    expect(after.size - before.size).toBe(`50010 :${name.slice(4)}\n`.length);
  });

  it('gets rid of lines of messages that are gone when most of them are', async () => {
    const lines = Array.from({ length: 1500 }, (_, at) => `${at + 10} :${at}.x\n`).join('');
    await list(`${header}${two}${lines}`);
    expect((await done(site.user.mailbox('INBOX').status())).uidNext).toBe(1510);
    expect(await site.uids()).toEqual({ '1.a': 3, '2.b': 5 });
    expect(await site.deliver()).toBe(1510);
  });

  it('gives the next uids to messages of others, in the order in which they came', async () => {
    await list(header + two);
    for (const name of ['new/20.M5.x', 'new/20.M10.x', 'cur/3.x:2,F', 'new/.hidden', 'new/line\nend'])
      await site.write(name, 'x');
    await mkdir(join(site.path, 'cur/7.directory'));
    await symlink('/etc/passwd', join(site.path, 'cur/8.link'));
    const box = site.user.mailbox('INBOX');
    expect((await done(box.mails())).map(({ uid }) => uid)).toEqual([3, 5, 7, 8, 9]);
    expect(await site.uids()).toEqual({ '1.a': 3, '2.b': 5, '3.x': 7, '20.M5.x': 8, '20.M10.x': 9 });
    expect(await done(box.status())).toMatchObject({
      messages: 5,
      recent: 2,
      unseen: 4,
      firstRecentUid: 8,
      firstUnseenSeq: 2,
    });
  });

  it('of two files with one base the first is the message, and the other one stays', async () => {
    await list(header + two);
    await writeFile(join(site.path, 'cur/1.a:2,F'), 'other');
    const mails = await done(site.user.mailbox('INBOX').mails());
    expect(mails.map(({ flags, uid }) => [uid, flags])).toEqual([
      [3, ['\\Flagged']],
      [5, []],
    ]);
    expect(await site.files()).toEqual(['cur/1.a:2,F', 'cur/1.a:2,S', 'cur/2.b:2,']);
  });
});
