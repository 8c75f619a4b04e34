// Plays the policy of spec/session/engine-policy, as it stands there, over a Redis that is there, with scanners, name server and next hop of
// ours: what spec/session and spec/real say of it is the same.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startClamd } from '../../src/bench/ports/clamd-server.ts';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { spamdReply, startSpamd } from '../../src/bench/ports/spamd-server.ts';
import type { RigClient } from './smtp-rig.ts';
import { WholeServer } from './whole-server.ts';

const source = join(import.meta.dirname, '../session/engine-policy');
const sideFiles = ['table_show.lua', 'kvm.lua', 'osbf.lua', 'url_shorteners.txt'] as const;

const zone = [
  'sender.test MX 300 10 mx.sender.test.',
  'null.test MX 300 0 .',
  'bare.test TXT 300 nothing',
  '11.2.0.192.black.example A 300 127.0.0.2',
  '12.2.0.192.white.example A 300 127.0.0.9',
];

const mail = (subject: string, body: string): string =>
  `From: a@sender.test\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\nSubject: ${subject}\r\n\r\n${body}\r\n.`;

interface Stage {
  readonly server: WholeServer;
  readonly hop: NextHop;
  /** A client of that address, and what it hears. */
  visit(address: string, ...lines: readonly string[]): Promise<readonly string[]>;
  quarantined(): Promise<readonly string[]>;
}

/** `rcpt`: replies of the next hop to the recipients, one after the other. */
async function stage(redisPort: number, rcpt: readonly string[] = ['250 2.1.5 ok\r\n']): Promise<Stage> {
  const hop = await NextHop.start({ rcpt: [...rcpt] });
  const dns = await FakeDnsServer.start(zone);
  const clamd = await startClamd(async ({ content, command }) => {
    // On the same machine it is told where the file lies.
    const path = /^SCAN (.*)/.exec(command)?.[1];
    const seen = path === undefined ? content : await readFile(path);
    return seen.includes('EICAR') ? 'stream: Eicar.Test FOUND\n' : 'stream: OK\n';
  });
  const spamd = await startSpamd(({ message }) => {
    const isSpam = message.includes('buy now');
    return spamdReply(isSpam, isSpam ? 9 : 0, 'TEST');
  });
  Object.assign(process.env, {
    ...{ POLICY_REDIS: String(redisPort), POLICY_CLAMD: clamd.host, POLICY_SPAMD: spamd.host },
    POLICY_HOP: hop.target,
  });
  const files = await Promise.all(
    sideFiles.map(async (name) => [name, await readFile(join(source, name), 'latin1')] as const),
  );
  const server = await WholeServer.start({
    policy: await readFile(join(source, 'policy.lua'), 'latin1'),
    files: Object.fromEntries(files),
    options: { 'dns-servers': `127.0.0.1:${dns.port}`, 'smtp-forward-tls': 'off', 'dns-client-timeout': '0' },
  });
  onTestFinished(async () => {
    await server.stop();
    await Promise.all([hop.close(), dns.close(), clamd.close(), spamd.close()]);
  });
  return {
    ...{ server, hop },
    visit: async (address, ...lines) => {
      const client: RigClient = server.inMemory(address);
      const replies = [await client.reply()];
      for (const line of lines) replies.push(await client.command(line));
      await client.quit();
      return replies.map((reply) => reply.replace(/[0-9A-Za-z]{18,20}/g, 'ID'));
    },
    quarantined: async () => {
      const directory = join(server.directory, 'quarantine');
      const names = await readdir(directory).catch(() => []);
      return Promise.all(names.map((name) => readFile(join(directory, name), 'latin1')));
    },
  };
}

const codes = (replies: readonly string[]): readonly string[] => replies.map((reply) => reply.slice(0, 3));

/** The specs; `flush` empties the Redis. */
export function enginePolicySpecs(redis: () => { readonly port: number; flush(): Promise<void> }): void {
  const open = async (rcpt?: readonly string[]): Promise<Stage> => {
    await redis().flush();
    return stage(redis().port, rcpt);
  };

  it('takes a message: call-ahead with a random recipient first, scanned, tagged, forwarded, counted', async () => {
    const { visit, hop, server } = await open([
      '550 no\r\n',
      '250 ok\r\n',
      '550 5.1.1 who\r\n',
      '250 ok\r\n',
    ]);
    const replies = await visit(
      '192.0.2.20',
      ...['EHLO mx.sender.com', 'HELO mx.sender.com', 'MAIL FROM:<a@sender.test>', 'RCPT TO:<bob@ours.test>'],
      ...[
        'RCPT TO:<eve@ours.test>',
        'RCPT TO:<x@else.test>',
        'RCPT TO:<eve@ours.test>',
        'DATA',
        mail('hello', 'buy now'),
      ],
    );
    expect(replies).toEqual([
      '220-mx.example ESMTP ID\r\n220 no spam, no relaying\r\n',
      '502 5.5.1 EHLO not for strangers\r\n',
      expect.stringMatching(/^250 /),
      expect.stringMatching(/^250 /),
      expect.stringMatching(/^250 /),
      '550 5.7.1 <eve@ours.test> unknown: 550 5.1.1 who\r\n',
      '550 5.7.1 relaying to <x@else.test> denied\r\n',
      '550 5.7.1 <eve@ours.test> unknown: 550 5.1.1 known to be unknown\r\n',
      expect.stringMatching(/^354 /),
      '250 2.0.0 message ID for 1 accepted\r\n',
    ]);
    const rcpts = hop.commands.filter((line) => line.startsWith('RCPT'));
    expect(rcpts[0]).toMatch(/^RCPT TO:<bob\d{6}@ours\.test>$/);
    expect(rcpts.slice(1)).toEqual([
      'RCPT TO:<bob@ours.test>',
      'RCPT TO:<eve@ours.test>',
      'RCPT TO:<bob@ours.test>',
    ]);
    const content = hop.connections.flatMap(({ contents }) => contents)[0]?.toString('latin1') ?? '';
    expect(content).toMatch(/^Received: from mx\.sender\.com \(/);
    expect(content).toContain('Subject: [SPAM] hello\r\n');
    expect(content).toContain('X-Spam-Flag: YES\r\n');
    expect(await server.line(/summary/)).toMatch(
      /ip=192\.0\.2\.20 dropped=0 messages=1 bytes=\d+ replies=\d+ today=1 keys=1 access=NONE known=true took=\d+/,
    );
  });

  it('refuses by access map, lists and DNS', async () => {
    const { visit } = await open();
    expect((await visit('192.0.2.66'))[0]).toBe('550 5.7.1 go away\r\n');
    const hello = (...rest: readonly string[]): readonly string[] => ['HELO h.sender.com', ...rest];
    const refused = async (address: string, ...lines: readonly string[]): Promise<string> =>
      (await visit(address, ...hello(...lines))).at(-1) ?? '';
    const from = 'MAIL FROM:<a@sender.test>';
    const to = 'RCPT TO:<bob@ours.test>';
    expect(await refused('192.0.2.67', from, to)).toBe('550 5.7.1 not welcome\r\n');
    expect(await refused('192.0.2.11', from, to)).toBe('550 5.7.1 listed by black.example\r\n');
    expect(await refused('192.0.2.11', from, 'RCPT TO:<postmaster@ours.test>')).toMatch(/^250 /);
    expect(await refused('192.0.2.21', 'MAIL FROM:<spammer@sender.test>')).toBe('550 5.7.1 we know you\r\n');
    expect(await refused('192.0.2.21', 'MAIL FROM:<a@nosuch.test>')).toBe(
      '550 5.7.1 sender domain nosuch.test does not exist\r\n',
    );
    expect(await refused('192.0.2.21', 'MAIL FROM:<a@null.test>')).toBe(
      '550 5.7.1 sender domain null.test takes no mail\r\n',
    );
    expect(await refused('192.0.2.21', 'MAIL FROM:<a@bare.test>')).toBe(
      '550 5.7.1 sender domain bare.test has no MX (OK)\r\n',
    );
    expect((await visit('192.0.2.21', 'HELO other.com', from, to)).at(-1)).toBe(
      '550 5.7.1 HELO was h.sender.com, is other.com\r\n',
    );
  });

  it('lets whitelisted clients say EHLO, tells what lists say, and has enough of NOOP', async () => {
    const { visit } = await open();
    expect(codes(await visit('192.0.2.12', 'EHLO x.sender.test', 'RSET'))).toEqual(['220', '250', '250']);
    expect((await visit('192.0.2.11', 'STAT dnslists')).at(-1)).toBe(
      '210-black.example 127.0.0.2\r\n210 end\r\n',
    );
    expect(codes(await visit('192.0.2.20', 'NOOP', 'NOOP', 'NOOP'))).toEqual(['220', '250', '250', '421']);
    expect(
      codes(
        await visit(
          '127.0.0.1',
          'EHLO x',
          'MAIL FROM:<>',
          'RCPT TO:<bob@ours.test>',
          'RCPT TO:<al@ours.test>',
        ),
      ),
    ).toEqual(['220', '250', '250', '250', '452']);
  });

  it('quarantines by os.rename, with the headers as they were edited, and swallows what goes to a trap', async () => {
    const { visit, quarantined, hop } = await open();
    const send = (to: string, text: string): Promise<readonly string[]> =>
      visit(
        '127.0.0.1',
        'EHLO h.test',
        'MAIL FROM:<a@sender.test>',
        `RCPT TO:<${to}@ours.test>`,
        'DATA',
        text,
      );
    expect((await send('bob', mail('v', 'EICAR'))).at(-1)).toBe('550 5.7.1 virus: Eicar.Test\r\n');
    expect((await send('saved', mail('kept', 'text'))).at(-1)).toMatch(
      /^250 2\.0\.0 message ID for 1 accepted/,
    );
    const kept = await quarantined();
    expect(kept.length).toBe(2);
    expect(kept.find((text) => text.includes('Subject: kept'))).toMatch(/^Received: from h\.test /);
    expect((await send('trap', mail('t', 'text'))).at(-1)).toBe('250 2.0.0 thank you\r\n');
    expect((await send('bob', 'From: a@sender.test\r\n\r\nx\r\n.')).at(-1)).toBe(
      '550 5.7.1 header date is missing\r\n',
    );
    expect(hop.connections.flatMap(({ contents }) => contents).length).toBe(1);
  });
}
