// Every call of the file system fails once, or from there on: what is answered is true, nothing is lost or doubled, nothing stays open or behind.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMaildir } from '../../../src/mailbox/maildir.ts';
import { FaultyFiles } from '../../fakes/faulty-files.ts';
import { content, done, MailSite, never, quickClock } from './support.ts';

const codes = ['ENOSPC', 'EIO'] as const;

let site: MailSite;
beforeEach(async () => {
  site = await MailSite.make({ clock: quickClock() });
});
afterEach(() => site.remove());

/** A lock that could not be taken away would be waited for by the next one: that is spec/unit/mailbox/dotlock.spec.ts. */
const unlock = (): Promise<void> => rm(join(site.path, 'dovecot-uidlist.lock'), { force: true });

/** Left behind by nobody. */
async function leftovers(): Promise<readonly string[]> {
  const all = (await readdir(site.path).catch(() => [])).filter((name) => /\.(tmp|smtpe)$/.test(name));
  return [...all, ...(await readdir(join(site.path, 'tmp')).catch(() => []))];
}

const texts = async (): Promise<readonly string[]> =>
  Promise.all((await site.files()).map((name) => readFile(join(site.path, name), 'latin1')));

describe.each([
  ['once', false],
  ['from there on', true],
])('a delivery whose file system fails %s', (_, lasting) => {
  it.each(codes)('with %s, at each call', async (code) => {
    await site.deliver('first');
    const expected = ['first'];
    let calls = 1;
    let troubles = 0;
    for (let at = 1; at <= calls; at++) {
      const faulty = new FaultyFiles({ at, code, lasting });
      const text = `message ${at}`;
      const maildir = createMaildir({ ...site.parts, files: faulty.files });
      const outcome = await maildir.store(site.path, content(text), never);
      calls = Math.max(calls, at === 1 ? 40 : faulty.calls);
      const found = (await texts()).filter((one) => one === text).length;
      if (outcome.kind === 'stored') expect(found, `stored, ${faulty.names.at(-1)}`).toBe(1);
      else if (outcome.kind === 'failed') {
        troubles++;
        expect(found, `failed at ${faulty.names[at - 1]}`).toBe(outcome.mayBeStored ? 1 : 0);
        expect(outcome.isFull).toBe(code === 'ENOSPC');
      } else throw new Error(outcome.kind);
      if (found === 1) expected.push(text);
      expect(faulty.left).toBe(0);
      await unlock();
      if (faulty.calls < at) break;
    }
    expect(troubles).toBeGreaterThan(3);
    expect([...(await texts())].sort()).toEqual(expected.sort());
    // A reader afterwards: each has a uid of its own, and none is left out.
    const mails = await done(site.user.mailbox('INBOX').mails());
    expect(mails).toHaveLength(expected.length);
    expect(new Set(mails.map(({ uid }) => uid)).size).toBe(mails.length);
    if (!lasting) expect((await leftovers()).filter((name) => !name.endsWith('.lock'))).toEqual([]);
  });
});

describe.each([
  [
    'save with flags and a keyword',
    async (user: MailSite['user']) =>
      user.mailbox('INBOX').save(content('saved'), { flags: ['\\Seen'], keywords: ['New'] }),
  ],
  [
    'flags',
    async (user: MailSite['user']) =>
      user.mailbox('INBOX').changeFlags([1, 2], { how: 'add', flags: ['\\Seen'], keywords: ['New'] }),
  ],
  ['status', async (user: MailSite['user']) => user.mailbox('INBOX').status()],
  ['create', async (user: MailSite['user']) => user.create('New')],
  ['subscribe', async (user: MailSite['user']) => user.subscribe('INBOX')],
  ['annotate', async (user: MailSite['user']) => user.metadata.set('/private/x', 'y')],
  ['list', async (user: MailSite['user']) => user.list()],
  ['expunge', async (user: MailSite['user']) => user.mailbox('INBOX').expunge([3])],
  ['rename', async (user: MailSite['user']) => user.rename('Old', 'Other')],
  ['delete', async (user: MailSite['user']) => user.delete('Old')],
])('%s', (name, work) => {
  it.each(['EIO', 'ENOSPC'])(
    'fails with %s at each call: an outcome, nothing open, uids as they were',
    async (code) => {
      for (const text of ['1', '2', '3']) await site.deliver(text);
      await done(site.user.create('Old'));
      const before = await site.uids();
      for (let at = 1; at <= 80; at++) {
        const faulty = new FaultyFiles({ at, code, lasting: false });
        const outcome = await work(site.userOf({ ...site.parts, files: faulty.files }));
        await unlock();
        expect(faulty.left, `${name} ${at} ${faulty.names.at(-1)}`).toBe(0);
        if (outcome.kind !== 'done')
          expect(
            ['failed', 'full', 'locked', 'missing', 'exists'],
            `${at} ${JSON.stringify(outcome)}`,
          ).toContain(outcome.kind);
        if (faulty.calls < at) break;
      }
      expect(await site.uids()).toMatchObject(before);
      const left = name === 'expunge' ? ['1', '2'] : ['1', '2', '3'];
      expect((await texts()).filter((text) => text !== 'saved').sort()).toEqual(left);
      const uids = (await done(site.user.mailbox('INBOX').mails())).map(({ uid }) => uid);
      expect(new Set(uids).size).toBe(uids.length);
    },
  );
});

it('the same message is never stored twice by one delivery, whatever fails in the lock', async () => {
  await site.deliver('first');
  const faulty = new FaultyFiles({ at: 0, code: 'EIO', lasting: false });
  // The lock is taken away by another program before the line is written.
  faulty.before = (name) => {
    if (name === 'rename') faulty.fault.at = faulty.calls + 4;
  };
  const maildir = createMaildir({ ...site.parts, files: faulty.files });
  expect((await maildir.store(site.path, content('second'), never)).kind).toBe('stored');
  expect([...(await texts())].sort()).toEqual(['first', 'second']);
});
