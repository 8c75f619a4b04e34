// The SMTP client logs in at a real postfix that asks a real Dovecot (SCRAM-SHA-256, TLS, pins), and names the client to it by XCLIENT.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { FakeResolver } from '../../src/bench/ports/resolver.ts';
import type { DeliveryOutcome } from '../../src/delivery/port/delivery.ts';
import type { ForwardedClient } from '../../src/delivery/port/forwarded-client.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { createSmtpClient, type SmtpClient } from '../../src/smtp/client/smtp-client.ts';
import { testAuthority, testCertificate } from '../fakes/certificates.ts';
import { digestOf } from '../fakes/made-certificates.ts';
import { delivery, type OptionTexts, source, to } from '../unit/smtp/client/support.ts';
import { type Dovecot, dovecotNeeds, startRealDovecot } from './dovecot-server.ts';
import { describeWith } from './needs.ts';
import { type Postfix, postfixNeeds, startPostfix } from './postfix-server.ts';

const PASSWORD = 'correct-horse';
const directory = mkdtempSync(join(tmpdir(), 'smtpe-forward-login-'));
afterAll(() => rmSync(directory, { recursive: true }));
const passwordFile = join(directory, 'password');
writeFileSync(passwordFile, `${PASSWORD}\n`);
const wrongFile = join(directory, 'wrong');
writeFileSync(wrongFile, 'battery\n');

describeWith([...new Set([...postfixNeeds, ...dovecotNeeds])], 'log-in at postfix', () => {
  let dovecot: Dovecot;
  let postfix: Postfix;
  let log: RecordLog;
  const clients: SmtpClient[] = [];

  beforeAll(async () => {
    dovecot = await startRealDovecot({
      files: {},
      settings: `auth_mechanisms = plain login scram-sha-256
passdb {
  driver = static
  args = password=${PASSWORD}
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}
`,
    });
    postfix = await startPostfix(`smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = ${dovecot.path}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_authorized_xclient_hosts = 127.0.0.1`);
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await postfix?.stop();
    await dovecot?.stop();
  });

  function send(options: OptionTexts, subject: string, client?: ForwardedClient): Promise<DeliveryOutcome> {
    log = new RecordLog(['smtp']);
    const made = createSmtpClient({
      options: createOptions({
        'smtp-forward-tls': 'must',
        'smtp-forward-user': 'office@example.org',
        'smtp-forward-password-file': passwordFile,
        ...options,
      }),
      resolver: new FakeResolver({ 'mx.example.test': ['127.0.0.1'] }),
      ...{ clock: systemClock, log, helo: 'mx.client.example', ca: testAuthority },
    });
    clients.push(made);
    const message = source(`Subject: ${subject}\r\n\r\nx\r\n`);
    const recipients = to('bob@example.org');
    return made.deliver(
      {
        ...delivery([`mx.example.test:${postfix.port}`]),
        ...{ message, recipients, ownHosts: true, ...(client && { client }) },
      },
      new AbortController().signal,
    );
  }

  async function stored(subject: string): Promise<string> {
    for (;;) {
      for (const name of await readdir(postfix.mail).catch(() => [])) {
        const text = await readFile(join(postfix.mail, name), 'latin1');
        if (text.includes(`Subject: ${subject}\n`)) return text;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  it.each<[string, OptionTexts]>([
    ['must', {}],
    [
      'a pinned key',
      { 'smtp-forward-tls': 'pin', 'smtp-forward-tls-pin': `sha256:${digestOf(testCertificate, 1)}` },
    ],
  ])('by SCRAM-SHA-256, TLS by %s', async (name, options) => {
    const subject = `scram ${name}`;
    expect(await send(options, subject)).toMatchObject({ kind: 'delivered', tls: { verified: true } });
    const said = log.lines.map(({ fields }) => String(fields.line));
    expect(said.some((line) => line.startsWith('AUTH SCRAM-SHA-256'))).toBe(true);
    expect(said.join()).not.toContain(PASSWORD);
    expect(await stored(subject)).toMatch(/ESMTPSA/);
  });

  it('with a wrong password: refused, and nothing is sent', async () => {
    const outcome = await send({ 'smtp-forward-password-file': wrongFile }, 'wrong');
    expect(outcome).toMatchObject({ kind: 'refused', stage: 'auth', code: 535 });
  });

  it('and names the client by XCLIENT', async () => {
    const client: ForwardedClient = {
      ...{ address: '192.0.2.77', port: 40_000, localAddress: '198.51.100.1', localPort: 25 },
      ...{ host: 'client.example.com', helo: 'helo.example.com', protocol: 'ESMTP', login: undefined },
    };
    expect(await send({ 'smtp-forward-xclient': '+' }, 'xclient', client)).toMatchObject({
      kind: 'delivered',
    });
    expect(await stored('xclient')).toMatch(
      /^Received: from mx\.client\.example \(client\.example\.com \[192\.0\.2\.77\]\)/m,
    );
  });
});
