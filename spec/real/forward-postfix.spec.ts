// The SMTP client against a whole postfix in directories of its own: what a real MTA stores, refuses and demands.
import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DeliveryOutcome } from '../../src/forward/delivery.ts';
import { createSmtpClient, type SmtpClient } from '../../src/forward/smtp-client.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { testAuthority, testCertificate, testKey } from '../fakes/certificates.ts';
import { RecordLog } from '../fakes/record-log.ts';
import { delivery, FakeResolver, source } from '../unit/forward/support.ts';
import { describeWith, findProgram } from './needs.ts';

/** Postfix must be started by root; where the tests are not, they are skipped like those of a missing program. */
const needed = process.getuid?.() === 0 ? ['postfix'] : ['postfix', 'the right to start it (root)'];

const SERVICES = `
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describeWith(needed, 'the SMTP client and postfix', () => {
  let base: string;
  let port: number;
  let log: RecordLog;
  const clients: SmtpClient[] = [];
  const conf = (): string => join(base, 'conf');
  const postfix = (command: string): void => {
    execFileSync(findProgram('postfix') ?? 'postfix', ['-c', conf(), command], { stdio: 'ignore' });
  };

  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'smtpe-postfix-'));
    await chmod(base, 0o755);
    port = await freePort();
    const owner = (name: string): number => Number(execFileSync('id', ['-u', name], { encoding: 'utf8' }));
    for (const part of ['conf', 'queue', 'data', 'mail']) await mkdir(join(base, part));
    await chown(join(base, 'data'), owner('postfix'), 0);
    await chmod(join(base, 'mail'), 0o777);
    await writeFile(join(base, 'cert.pem'), testCertificate);
    await writeFile(join(base, 'key.pem'), testKey, { mode: 0o600 });
    await writeFile(
      join(conf(), 'main.cf'),
      `compatibility_level = 3.6
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.test
queue_directory = ${base}/queue
data_directory = ${base}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = ${base}
maillog_file = ${base}/log
alternate_config_directories =
alias_maps =
mydestination =
virtual_mailbox_domains = static:all
virtual_mailbox_base = ${base}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 100
message_size_limit = 1000000
mailbox_size_limit = 0
smtpd_tls_cert_file = ${base}/cert.pem
smtpd_tls_key_file = ${base}/key.pem
smtpd_tls_security_level = may
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{ {refused@example.org = 550 5.1.1 no such user} {later@example.org = 450 4.2.1 later} }
`,
    );
    await writeFile(join(conf(), 'master.cf'), `127.0.0.1:${port} inet n - n - - smtpd\n${SERVICES}`);
    postfix('start');
    for (;;) {
      const up = await new Promise<boolean>((resolve) => {
        const probe = connect(port, '127.0.0.1');
        probe.once('data', () => {
          probe.end('QUIT\r\n');
          resolve(true);
        });
        probe.once('error', () => resolve(false));
      });
      if (up) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    postfix('stop');
    await rm(base, { recursive: true, force: true });
  });

  function client(tls: string): SmtpClient {
    log = new RecordLog(['smtp']);
    const made = createSmtpClient({
      options: createOptions({ 'smtp-forward-tls': tls }),
      resolver: new FakeResolver({ 'mx.example.test': ['127.0.0.1'], 'other.example.test': ['127.0.0.1'] }),
      clock: systemClock,
      log,
      helo: 'mx.client.example',
      ca: testAuthority,
    });
    clients.push(made);
    return made;
  }
  const send = (one: SmtpClient, changes: object = {}, host = 'mx.example.test'): Promise<DeliveryOutcome> =>
    one.deliver({ ...delivery([`${host}:${port}`]), ...changes }, new AbortController().signal);
  const said = (text: string): boolean => log.lines.some((line) => String(line.fields.line).includes(text));

  /** The message with that subject, without the headers that postfix puts in front. */
  async function stored(subject: string): Promise<string> {
    const folder = join(base, 'mail/all/new');
    for (;;) {
      for (const name of await readdir(folder).catch(() => [])) {
        const text = await readFile(join(folder, name), 'latin1');
        const start = text.indexOf(`Subject: ${subject}\n`);
        if (start >= 0) return text.slice(start);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  it.each(['off', 'may', 'must'])('stores every byte, TLS %s', async (tls) => {
    const bytes = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).filter(
      (one) => !/[\r\n]/.test(one),
    );
    const body = `Subject: all ${tls}\r\nMessage-ID: <1@x>\r\nDate: Thu, 1 Jan 1970 00:00:00 +0000\r\nFrom: a@b.c\r\n\r\n${bytes.join('')}\r\n.\r\n..x\r\n`;
    const one = client(tls);
    for (let i = 0; i < 3; i++) {
      expect(await send(one, { message: source(body), eightBit: true })).toMatchObject({
        kind: 'delivered',
        code: 250,
      });
    }
    expect(one.idleConnections).toBe(1);
    expect(said('certificate verified')).toBe(tls !== 'off');
    expect(said('BODY=8BITMIME')).toBe(true);
    expect(await stored(`all ${tls}`)).toBe(body.replaceAll('\r\n', '\n'));
  });

  it('must: a certificate for another name is no good', async () => {
    expect(await send(client('must'), {}, 'other.example.test')).toMatchObject({
      kind: 'failed',
      stage: 'starttls',
    });
  });

  it('hears each recipient', async () => {
    const recipients = ['refused@example.org', 'bob@example.org', 'later@example.org'];
    const one = client('off');
    const outcome = await send(one, { recipients });
    expect(outcome.kind).toBe('delivered');
    expect(outcome.rcpts.map((rcpt) => rcpt.code)).toEqual([550, 250, 450]);
    const asked = await send(one, { recipients, message: undefined });
    expect(asked).toMatchObject({ kind: 'verified', code: 450 });
    expect(asked.rcpts.map((rcpt) => rcpt.code)).toEqual([550, 250, 450]);
  });

  it('stays in step when all recipients are refused and DATA was pipelined', async () => {
    const one = client('off');
    expect(await send(one, { recipients: ['refused@example.org'] })).toMatchObject({
      kind: 'refused',
      stage: 'rcpt',
      code: 550,
      text: expect.stringContaining('5.1.1 '),
    });
    expect(said('554 5.5.1')).toBe(true);
    expect((await send(one)).kind).toBe('delivered');
    expect(one.idleConnections).toBe(1);
  });

  it('hears at MAIL that the message is too large', async () => {
    const message = source(Buffer.alloc(2_000_000, 'x\r\n'));
    expect(await send(client('off'), { message })).toMatchObject({
      kind: 'refused',
      stage: 'mail',
      code: 552,
    });
  });
});
