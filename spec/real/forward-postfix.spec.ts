// The SMTP client against a whole postfix in directories of its own: what a real MTA stores, refuses and demands.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { FakeResolver } from '../../src/bench/ports/resolver.ts';
import type { DeliveryOutcome } from '../../src/delivery/port/delivery.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { createSmtpClient, type SmtpClient } from '../../src/smtp/client/smtp-client.ts';
import { testAuthority } from '../fakes/certificates.ts';
import { delivery, source, to } from '../unit/smtp/client/support.ts';
import { describeWith } from './needs.ts';
import { type Postfix, postfixNeeds, startPostfix } from './postfix-server.ts';

describeWith(postfixNeeds, 'the SMTP client and postfix', () => {
  let server: Postfix;
  let log: RecordLog;
  const clients: SmtpClient[] = [];

  beforeAll(async () => {
    server = await startPostfix(`smtpd_tls_security_level = may
smtpd_recipient_restrictions = check_recipient_access inline:{ {refused@example.org = 550 5.1.1 no such user} {later@example.org = 450 4.2.1 later} }`);
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await server.stop();
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
    one.deliver({ ...delivery([`${host}:${server.port}`]), ...changes }, new AbortController().signal);
  const said = (text: string): boolean => log.lines.some((line) => String(line.fields.line).includes(text));

  /** The message with that subject, without the headers that postfix puts in front. */
  async function stored(subject: string): Promise<string> {
    const folder = server.mail;
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
    const recipients = to('refused@example.org', 'bob@example.org', 'later@example.org');
    const one = client('off');
    const outcome = await send(one, { recipients });
    expect(outcome.kind).toBe('delivered');
    expect(outcome.rcpts.map((rcpt) => rcpt.code)).toEqual([550, 250, 450]);
    const asked = await send(one, { recipients, message: undefined });
    expect(asked).toMatchObject({ kind: 'verified', code: 450 });
    expect(asked.rcpts.map((rcpt) => rcpt.code)).toEqual([550, 250, 450]);
  });

  it('sends no content when all recipients are refused, and goes on over the same connection', async () => {
    const one = client('off');
    expect(await send(one, { recipients: to('refused@example.org') })).toMatchObject({
      kind: 'refused',
      stage: 'rcpt',
      code: 550,
      text: expect.stringContaining('5.1.1 '),
    });
    expect(said('RCPT TO:<refused@example.org>')).toBe(true);
    expect([said('DATA'), said('BDAT')]).toEqual([false, false]);
    expect((await send(one)).kind).toBe('delivered');
    expect([said('DATA'), said('BDAT')]).toEqual([false, true]);
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
