// A real Dovecot, set up as doc/accounts.md has it, serves the mailbox of an account: each sees what the other did, and a letter keeps its id.
import { chmod, chown, mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Letters } from '../../src/accounts/letters.ts';
import { digestOf } from '../../src/accounts/password.ts';
import { type AccountsRig, openAccounts, value } from '../fakes/accounts-rig.ts';
import { pageBlock } from '../fakes/page-block.ts';
import { content } from '../unit/mailbox/support.ts';
import { type Dovecot, dovecotNeeds, startRealDovecot } from './dovecot-server.ts';
import { fetchAll, ImapClient } from './imap-client.ts';
import { describeWith } from './needs.ts';

const NOBODY = 65_534;
const never = new AbortController().signal;

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
disable_plaintext_auth = no
first_valid_uid = 1
${pageBlock('doc/accounts.md', 'dovecot').replace('/var/lib/smtpe/mail', 'HERE/mail').replace('/etc/dovecot', 'HERE')}
userdb {
  driver = static
  args = uid=${NOBODY} gid=${NOBODY} home=HERE/home/%n
}
`;

describeWith([...dovecotNeeds, '../lib/dovecot/imap'], 'the mailbox of an account', () => {
  let dovecot: Dovecot;
  let port: number;
  let rig: AccountsRig;

  beforeAll(async () => {
    port = await freePort();
    const files = { 'smtpe-users': `ann@a.test:${digestOf('x')}\n` };
    dovecot = await startRealDovecot({ files, settings: settings(port) });
    rig = await openAccounts({ directory: dovecot.directory });
    const { accounts } = rig;
    value(await accounts.createDomain('a.test'));
    value(
      await accounts.save({
        user: 'ann',
        domain: 'a.test',
        type: 'mbox',
        password: digestOf('x'),
        arguments: '',
      }),
    );
    // What root makes belongs to who has the directory.
    for (const path of [accounts.storage, join(accounts.storage, 'a.test')])
      await chown(path, NOBODY, NOBODY);
    await mkdir(join(dovecot.directory, 'home'), { recursive: true });
    await chmod(dirname(accounts.storage), 0o755);
  });
  afterAll(async () => {
    await rig.close();
    await dovecot.stop();
  });

  it('is served as it was delivered, and what is done there is seen here', async () => {
    const { accounts } = rig;
    const letters = new Letters(accounts);
    const account = value(accounts.byId(1));
    if (account === undefined) throw new Error('no account');
    const text = 'Return-Path: <s@x.test>\r\nDelivered-To: ann@a.test\r\nSubject: One\r\n\r\nHello\r\n';
    expect((await accounts.store(account, content(text), never)).kind).toBe('stored');
    expect((await accounts.store(account, content(text.replace('One', 'Two')), never)).kind).toBe('stored');
    const before = value(await letters.heads(1, 0, never));
    expect(before.map(({ fields, isRead }) => [fields.get('subject'), isRead])).toEqual([
      ['One', false],
      ['Two', false],
    ]);
    const client = await ImapClient.logIn(port, 'ann@a.test');
    expect((await client.command('SELECT INBOX')).some((line) => line.startsWith('* 2 EXISTS'))).toBe(true);
    const fetched = (await client.command('FETCH 1 (BODY.PEEK[])')).join('\r\n');
    expect(fetched).toContain(text);
    await client.command('UID STORE 1 +FLAGS (\\Seen)');
    await client.command('CREATE "Entw&APw-rfe"');
    await client.command('APPEND "Entw&APw-rfe"', 'Subject: Draft\r\n\r\nx\r\n');
    const seen = value(await letters.heads(1, 0, never));
    expect(seen.map(({ id, isRead }) => [id, isRead])).toEqual([
      [before[0]?.id, true],
      [before[1]?.id, false],
    ]);
    expect([...(value(await letters.folders(1, never)) ?? [])].map(([, name]) => name)).toEqual([
      'INBOX',
      'Entwürfe',
    ]);
    const [draft] = value(await letters.heads(1, 'Entwürfe', never));
    expect(draft?.fields.get('subject')).toBe('Draft');
    // And the other way round.
    expect(value(await letters.read(1, before[1]?.id ?? 0, never))?.isRead).toBe(true);
    expect(value(await letters.remove(1, before[0]?.id ?? 0, never))).toBe(true);
    await client.command('NOOP');
    expect((await fetchAll(client)).map(({ flags, uid }) => [uid, flags])).toEqual([[2, ['\\Seen']]]);
    client.close();
  });
});
