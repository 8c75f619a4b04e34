// A Maildir that both smtpe and a real Dovecot write and read: each sees what the other did, uids stay, nothing is lost or doubled.
// SMTPE_TEST_MESSAGES: how many there are (1000 were tried).
import { execFile } from 'node:child_process';
import { chown, mkdir, readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { FolderSite } from '../../src/mailbox/folder.ts';
import { createMaildir } from '../../src/mailbox/maildir.ts';
import { createMailUsers } from '../../src/mailbox/maildir-user.ts';
import { ofThisProcess } from '../../src/mailbox/parts.ts';
import type { Mail } from '../../src/mailbox/port/mail.ts';
import type { Mailbox } from '../../src/mailbox/port/mailbox.ts';
import { content, done, never } from '../unit/mailbox/support.ts';
import { type Dovecot, dovecotNeeds, startRealDovecot } from './dovecot-server.ts';
import { fetchAll, ImapClient } from './imap-client.ts';
import { describeWith, findProgram } from './needs.ts';

const MESSAGES = Number(process.env.SMTPE_TEST_MESSAGES ?? 120);
const NOBODY = 65_534;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const settings = (port: number): string => `protocols = imap
service imap-login {
  inet_listener imap {
    address = 127.0.0.1
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
protocol imap {
  imap_metadata = yes
}
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_attribute_dict = file:%h/Maildir/dovecot-attributes
namespace inbox {
  inbox = yes
  separator = /
}
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=${NOBODY} gid=${NOBODY} home=HERE/mail/%n
}
`;

const message = (number: string): string => `X-Number: ${number}\r\nSubject: x\r\n\r\nbody of ${number}\r\n`;

/** So many at a time. */
async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next++];
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

describeWith([...dovecotNeeds, '../lib/dovecot/imap'], 'a Maildir that Dovecot serves', () => {
  let dovecot: Dovecot;
  let port: number;
  const clients: ImapClient[] = [];
  const logIn = async (name: string): Promise<ImapClient> => {
    const client = await ImapClient.logIn(port, name);
    clients.push(client);
    return client;
  };
  const parts = { ...ofThisProcess(), clock: systemClock, random: systemRandom, hostName: 'mx.example' };
  const site = new FolderSite(parts);
  const maildir = createMaildir(parts, site);
  const users = createMailUsers(parts, site);
  const pathOf = (name: string): string => join(dovecot.directory, 'mail', name, 'Maildir');
  const userOf = (name: string) => users.user({ name, path: pathOf(name) }, { signal: never });
  const doveadm = async (...args: readonly string[]): Promise<string> => {
    const conf = join(dovecot.directory, 'dovecot.conf');
    const { stdout } = await promisify(execFile)(findProgram('doveadm') ?? 'doveadm', ['-c', conf, ...args]);
    return stdout;
  };
  /** By the number in the message. */
  const numbered = async (box: Mailbox): Promise<ReadonlyMap<string, Mail>> => {
    const all = new Map<string, Mail>();
    for (const mail of await done(box.mails())) {
      const opened = await done(mail.open());
      let text = '';
      for await (const piece of opened.read()) text += piece.toString('latin1');
      const number = /^X-Number: (\S+)\r?$/m.exec(text)?.[1] ?? '';
      expect(all.has(number), number).toBe(false);
      all.set(number, mail);
    }
    return all;
  };

  beforeAll(async () => {
    port = await freePort();
    dovecot = await startRealDovecot({ files: {}, settings: settings(port) });
    for (const name of ['', 'alice', 'bob']) {
      await mkdir(join(dovecot.directory, 'mail', name));
      await chown(join(dovecot.directory, 'mail', name), NOBODY, NOBODY);
    }
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await dovecot?.stop();
  });

  it('that both write at once: no uid comes twice or changes, nothing is lost', async () => {
    const imap = await logIn('alice');
    await imap.command('SELECT INBOX');
    const user = userOf('alice');
    const box = user.mailbox('INBOX');
    const told = new Map<string, number>();
    const half = Array.from({ length: MESSAGES / 2 }, (_, at) => at);
    const ours = inLanes(half, 8, async (at) => {
      const outcome = await maildir.store(user.path, content(message(`s${at}`)), never);
      if (outcome.kind !== 'stored') throw new Error(JSON.stringify(outcome));
      if (outcome.uid !== undefined) told.set(`s${at}`, outcome.uid);
    });
    const theirs = inLanes([0, 1], 2, async (lane) => {
      const client = await logIn('alice');
      await client.command('SELECT INBOX');
      for (const at of half.filter((one) => one % 2 === lane)) {
        const answer = await client.command('APPEND INBOX', message(`d${at}`));
        const uid = /APPENDUID \d+ (\d+)/.exec(answer.at(-1) ?? '')?.[1];
        told.set(`d${at}`, Number(uid));
        // Dovecot takes what is new into cur/, and renames files.
        if (at % 5 === 0) await client.command('STORE 1:* +FLAGS.SILENT (\\Answered)');
      }
    });
    const flagging = (async () => {
      for (let turn = 0; turn < 10; turn++) {
        const uids = [...told.values()].slice(-5);
        const outcome = await box.changeFlags(uids, {
          how: 'add',
          flags: ['\\Flagged'],
          keywords: ['$Both'],
        });
        expect(['done', 'locked']).toContain(outcome.kind);
        await done(box.status());
      }
    })();
    await Promise.all([ours, theirs, flagging]);

    const shown = await fetchAll(imap);
    expect(shown.map(({ number }) => number).sort()).toEqual(
      half.flatMap((at) => [`d${at}`, `s${at}`]).sort(),
    );
    expect(new Set(shown.map(({ uid }) => uid)).size).toBe(MESSAGES);
    const uids = Object.fromEntries(shown.map(({ number, uid }) => [number, uid]));
    for (const [number, uid] of told) expect([number, uids[number]]).toEqual([number, uid]);
    // Hardly any was left to Dovecot.
    expect(told.size).toBeGreaterThan(MESSAGES * 0.9);
    const read = await numbered(box);
    expect(Object.fromEntries([...read].map(([number, mail]) => [number, mail.uid]))).toEqual(uids);
    for (const { flags, number } of shown) {
      const mail = read.get(number);
      expect([...(mail?.flags ?? []), ...(mail?.keywords ?? [])].sort()).toEqual([...flags].sort());
    }
    const status = await done(box.status());
    expect(await doveadm('mailbox', 'status', '-u', 'alice', 'messages uidnext uidvalidity', 'INBOX')).toBe(
      `INBOX messages=${MESSAGES} uidnext=${status.uidNext} uidvalidity=${status.uidValidity}\n`,
    );
    // Without an index Dovecot knows no more than the uid list says.
    await doveadm('force-resync', '-u', 'alice', 'INBOX');
    const again = await fetchAll(await logInto('alice'));
    expect(Object.fromEntries(again.map(({ number, uid }) => [number, uid]))).toEqual(uids);
    expect((await readdir(user.path)).filter((name) => /\.lock$|\.tmp$/.test(name))).toEqual([]);
  });

  async function logInto(name: string, mailbox = 'INBOX'): Promise<ImapClient> {
    const client = await logIn(name);
    await client.command(`SELECT "${mailbox}"`);
    return client;
  }

  it('has the folders, flags, keywords, sizes, subscriptions and annotations of both', async () => {
    const user = userOf('bob');
    await maildir.store(user.path, content(message('first')), never);
    await done(user.create('Entwürfe/Übung'));
    await done(user.subscribe('Entwürfe/Übung'));
    const box = user.mailbox('Entwürfe/Übung');
    const text = 'X-Number: bare\nSubject: x\n\nbody\n';
    await done(
      box.save(content(text), {
        flags: ['\\Seen', '\\Draft'],
        keywords: ['$Ours'],
        internalDate: 1_000_000_000_000,
      }),
    );
    await done(box.metadata.set('/private/ours', 'a\tb'));
    await done(user.metadata.set('/private/key', 'of bob'));

    const imap = await logInto('bob', 'Entw&APw-rfe/&ANw-bung');
    expect(await fetchAll(imap)).toEqual([
      { uid: 1, number: 'bare', size: text.length + 4, flags: ['\\Seen', '\\Draft', '$Ours'] },
    ]);
    expect((await imap.command('UID FETCH 1 INTERNALDATE')).join()).toMatch(/"(09|08)-Sep-2001 /);
    expect((await imap.command('LSUB "" *')).join('\n')).toContain('"/" Entw&APw-rfe/&ANw-bung');
    expect((await imap.command('LIST "" *')).join('\n')).toMatch(/\\Noselect.*Entw&APw-rfe$/m);
    expect(
      await doveadm('mailbox', 'metadata', 'get', '-u', 'bob', 'Entwürfe/Übung', '/private/ours'),
    ).toContain('a\tb');
    expect(await doveadm('mailbox', 'metadata', 'list', '-u', 'bob', 'INBOX', '/private')).toContain(
      'vendor/vendor.dovecot/pvt/server/key',
    );

    await imap.command('STORE 1 -FLAGS (\\Draft $Ours)');
    await imap.command('STORE 1 +FLAGS (\\Answered $Theirs)');
    await imap.command('CREATE Ordner.x').catch(() => undefined);
    await imap.command('CREATE Fr&APw-h');
    await imap.command('SUBSCRIBE Fr&APw-h');
    await imap.command('UNSUBSCRIBE Entw&APw-rfe/&ANw-bung');
    await imap.command('APPEND Fr&APw-h (\\Flagged $New)', message('theirs'));
    await doveadm('mailbox', 'metadata', 'set', '-u', 'bob', 'Entwürfe/Übung', '/shared/theirs', 'c');
    const [mail] = await done(box.mails());
    expect([mail?.flags, mail?.keywords]).toEqual([['\\Answered', '\\Seen'], ['$Theirs']]);
    expect((await done(box.status())).keywords).toEqual(['$Ours', '$Theirs']);
    expect(await done(user.subscriptions())).toEqual(['Früh']);
    expect((await done(user.list())).map(({ vname }) => vname)).toEqual([
      'INBOX',
      'Entwürfe',
      'Entwürfe/Übung',
      'Früh',
    ]);
    const [theirs] = await done(user.mailbox('Früh').mails());
    expect([theirs?.uid, theirs?.flags, theirs?.keywords]).toEqual([1, ['\\Flagged'], ['$New']]);
    expect(await theirs?.facts()).toMatchObject({ value: { virtualSize: message('theirs').length } });
    expect(await done(box.metadata.list('/shared/'))).toEqual(new Map([['/shared/theirs', 'c']]));

    // What either expunges the other one does not see any more, and the uid is not given again.
    await imap.command('STORE 1 +FLAGS (\\Deleted)');
    await imap.command('EXPUNGE');
    expect((await done(box.status())).messages).toBe(0);
    expect(await done(box.save(content(message('later')), { flags: [], keywords: [] }))).toMatchObject({
      uid: 2,
    });
    expect(await done(box.expunge([2]))).toBe(1);
    expect((await imap.command('APPEND Entw&APw-rfe/&ANw-bung', message('last'))).at(-1)).toMatch(
      /APPENDUID \d+ 3\]/,
    );
    await done(user.rename('Entwürfe/Übung', 'Fertig'));
    expect((await fetchAll(await logInto('bob', 'Fertig'))).map(({ number, uid }) => [number, uid])).toEqual([
      ['last', 3],
    ]);
    await done(user.delete('Fertig'));
    await expect(imap.command('SELECT Fertig')).rejects.toThrow('NO');
    expect(await readFile(join(user.path, 'dovecot-uidlist'), 'latin1')).toMatch(
      /^3 V\d+ N\d+ G[0-9a-f]{32}\n1 :/,
    );
  });
});
