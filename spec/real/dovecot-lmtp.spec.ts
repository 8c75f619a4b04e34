// LMTP into a real Dovecot, over TCP and a socket, as doc/lmtp.md shows it: what is delivered, who is unknown, whose mailbox is full.
import { chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { FakeResolver } from '../../src/bench/ports/resolver.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { createSmtpClient, type SmtpClient } from '../../src/smtp/client/smtp-client.ts';
import { pageBlock } from '../fakes/page-block.ts';
import { WholeServer } from '../fakes/whole-server.ts';
import { delivery, source, to } from '../unit/smtp/client/support.ts';
import { type Dovecot, dovecotNeeds, startRealDovecot } from './dovecot-server.ts';
import { describeWith } from './needs.ts';

const NOBODY = 65_534;
const message = source('Subject: into dovecot\r\n\r\n.dot\r\nbody\r\n');

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describeWith([...dovecotNeeds, '../lib/dovecot/lmtp'], 'LMTP into Dovecot', () => {
  let dovecot: Dovecot;
  let port: number;
  const clients: SmtpClient[] = [];
  const user = (name: string, extra = ''): string =>
    `${name}:{PLAIN}x:${NOBODY}:${NOBODY}::HERE/mail/${name}::${extra}`;

  beforeAll(async () => {
    port = await freePort();
    const [first = '', ...page] = pageBlock('doc/lmtp.md', 'dovecot').split('\n');
    expect(first).toBe('protocols = imap lmtp');
    const service = page
      .join('\n')
      .replace('/run/dovecot/lmtp-smtpe', 'HERE/lmtp')
      .replaceAll('= smtpe', '= root');
    dovecot = await startRealDovecot({
      files: {},
      settings: `protocols = lmtp
${service.replace('service lmtp {', `service lmtp {\n  inet_listener lmtp {\n    address = 127.0.0.1\n    port = ${port}\n  }`)}
mail_location = maildir:~/Maildir
mail_plugins = quota
plugin {
  quota = maildir:User quota
}
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = passwd-file
  args = username_format=%n HERE/users
}
`,
    });
    const users = [user('alice'), user('bob'), user('full', 'userdb_quota_rule=*:bytes=10')];
    const here = dovecot.directory;
    await writeFile(join(here, 'users'), `${users.join('\n')}\n`.replaceAll('HERE', here));
    await mkdir(join(here, 'mail'));
    await chown(join(here, 'mail'), NOBODY, NOBODY);
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await dovecot?.stop();
  });

  function client(): SmtpClient {
    const made = createSmtpClient({
      options: createOptions({}),
      ...{ resolver: new FakeResolver(), clock: systemClock, log: new RecordLog(), helo: 'mx.example' },
    });
    clients.push(made);
    return made;
  }
  const hosts = (): readonly (readonly [string, string])[] => [
    ['TCP', `lmtp:127.0.0.1:${port}`],
    ['a socket', `lmtp:${join(dovecot.directory, 'lmtp')}`],
  ];

  async function mailOf(name: string): Promise<readonly string[]> {
    const folder = join(dovecot.directory, 'mail', name, 'Maildir/new');
    const names = await readdir(folder).catch(() => []);
    return Promise.all(names.map((one) => readFile(join(folder, one), 'latin1')));
  }

  it('delivers, refuses who is unknown, and says of each recipient behind the dot how it went', async () => {
    for (const [index, [, host]] of hosts().entries()) {
      const recipients = to('alice@example.org', 'nobody@example.org', 'full@example.org', 'bob@example.org');
      const one = client();
      for (let i = 0; i < 2; i++) {
        const outcome = await one.deliver(
          { ...delivery([host]), recipients, message },
          new AbortController().signal,
        );
        expect(outcome).toMatchObject({ kind: 'delivered', code: 250 });
        expect(outcome.rcpts.map(({ code }) => code)).toEqual([250, 550, 552, 250]);
        expect(outcome.rcpts[1]?.text).toMatch(/5\.1\.1/);
        expect(outcome.rcpts[2]?.text).toMatch(/5\.2\.2|[Qq]uota/);
      }
      // The connection is kept.
      expect(one.idleConnections).toBe(1);
      const got = await mailOf('alice');
      expect(got).toHaveLength(2 * (index + 1));
      expect(got[0]).toContain('\n\n.dot\nbody\n');
      expect(await mailOf('full')).toEqual([]);
    }
  });

  it('through the whole server: unknown ones are refused at RCPT, the others get it once', async () => {
    const before = (await mailOf('bob')).length;
    const server = await WholeServer.start({
      options: {
        'smtp-smart-host': pageBlock('doc/lmtp.md', 'lmtp')
          .replace('smtp-smart-host=', '')
          .replace('/run/dovecot/lmtp-smtpe', join(dovecot.directory, 'lmtp')),
      },
    });
    const sender = await server.greeted();
    await sender.command('EHLO c.example');
    await sender.command('MAIL FROM:<a@b.example>');
    expect(await sender.command('RCPT TO:<nobody@example.org>')).toMatch(/^550 5\.1\.1/);
    expect(await sender.command('RCPT TO:<bob@example.org>')).toMatch(/^250/);
    await sender.command('DATA');
    expect(await sender.command('Subject: x\r\n\r\nx\r\n.')).toMatch(/^250/);
    expect(await mailOf('bob')).toHaveLength(before + 1);
    sender.destroy();
    await server.stop();
  });
});
