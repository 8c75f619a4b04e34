// smtpe in front of a whole postfix, and behind another smtpe: one bad recipient among good ones is refused at RCPT, each good one has one copy,
// and nothing is left that would have to be tried again.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { WholeServer } from '../fakes/whole-server.ts';
import { describeWith } from './needs.ts';
import { type Postfix, postfixNeeds, startPostfix } from './postfix-server.ts';

describeWith(postfixNeeds, 'a next hop that is asked at RCPT is postfix', () => {
  let postfix: Postfix;
  const servers: WholeServer[] = [];
  beforeAll(async () => {
    postfix = await startPostfix(
      'smtpd_recipient_restrictions = check_recipient_access inline:{ {bad@example.org = 550 5.1.1 no such user} }',
    );
  });
  afterEach(async () => {
    for (const one of servers.splice(0).reverse()) await one.stop();
  });
  afterAll(() => postfix.stop());

  async function start(smartHost: string, options = {}): Promise<WholeServer> {
    const server = await WholeServer.start({ options: { 'smtp-smart-host': smartHost, ...options } });
    servers.push(server);
    return server;
  }

  async function stored(subject: string): Promise<readonly string[]> {
    const names = await readdir(postfix.mail).catch(() => []);
    const texts = await Promise.all(
      names.map((name) => readFile(join(postfix.mail, name), 'latin1').catch(() => '')),
    );
    return texts.filter((text) => text.includes(`Subject: ${subject}\n`));
  }

  /** Recipients of the copies. */
  async function copies(subject: string, count: number): Promise<readonly string[]> {
    for (;;) {
      const found = await stored(subject);
      if (found.length >= count) {
        return found
          .map((text) => /^(?:X-Original-To|Delivered-To): (\S+)$/m.exec(text)?.[1] ?? '')
          .toSorted();
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  const RECIPIENTS = ['one@example.org', 'bad@example.org', 'two@example.org'];

  /** As a sender does: what was refused for good is not tried again. Gives the recipients that are left. */
  async function send(
    server: WholeServer,
    subject: string,
    recipients: readonly string[],
    pipelined = false,
  ): Promise<readonly string[]> {
    const client = await server.greeted();
    await client.command('EHLO c.example');
    const lines = ['MAIL FROM:<a@example.com>', ...recipients.map((one) => `RCPT TO:<${one}>`), 'DATA'];
    const replies: string[] = [];
    if (pipelined) {
      client.write(Buffer.from(`${lines.join('\r\n')}\r\n`));
      for (const _ of lines) replies.push(await client.reply());
    } else for (const line of lines) replies.push(await client.command(line));
    const codes = replies.map((reply) => reply.slice(0, 3));
    expect(codes).toEqual([
      '250',
      ...recipients.map((one) => (one.startsWith('bad') ? '550' : '250')),
      '354',
    ]);
    expect(replies[2]).toMatch(/^550 5\.1\.1 .*no such user/);
    client.write(Buffer.from(`Subject: ${subject}\r\n\r\nx\r\n.\r\n`));
    const dot = await client.reply();
    client.destroy();
    await server.quiet();
    return dot.startsWith('250') ? [] : recipients.filter((_, i) => codes[i + 1] === '250');
  }

  it.each([false, true])(
    '550 at its RCPT, 250 for the others, one copy each; pipelined: %s',
    async (pipelined) => {
      const server = await start(`127.0.0.1:${postfix.port}`);
      const subject = `asked-${pipelined}`;
      expect(await send(server, subject, RECIPIENTS, pipelined)).toEqual([]);
      expect(await copies(subject, 2)).toEqual(['one@example.org', 'two@example.org']);
      // Over the connection that was kept.
      expect(await send(server, `${subject}-again`, RECIPIENTS, pipelined)).toEqual([]);
      expect(await copies(`${subject}-again`, 2)).toHaveLength(2);
      expect(await stored(subject)).toHaveLength(2);
    },
  );

  it('through two of us', async () => {
    const inner = await start(`127.0.0.1:${postfix.port}`);
    const outer = await start(`127.0.0.1:${inner.port}`);
    expect(await send(outer, 'nested', RECIPIENTS)).toEqual([]);
    expect(await copies('nested', 2)).toEqual(['one@example.org', 'two@example.org']);
    expect(inner.said(/mail .*"result":"accepted"/)).toHaveLength(1);
  });
});
