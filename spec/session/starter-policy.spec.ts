// The policy that people start from, etc/smtpe.lua: no dialogue makes it a relay, and nothing that a client says of itself forges or
// stretches its trace header.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const policy = readFileSync('etc/smtpe.lua', 'latin1');

let hop: NextHop;
const contents = (): readonly Buffer[] => hop.connections.flatMap((connection) => connection.contents);
let server: WholeServer;
let withNetworks: WholeServer;
beforeAll(async () => {
  hop = await NextHop.start();
  const options = {
    'smtp-smart-host': hop.target,
    'smtp-xclient-hosts': '127.0.0.1',
    'smtp-lenient': '+',
  } as const;
  server = await WholeServer.start({ policy, options });
  const text = policy.replace(
    'local networks = {}',
    "local networks = { '192.0.2.0/24', '2001:db8:1::/48' }",
  );
  withNetworks = await WholeServer.start({ policy: text, options });
});
afterAll(async () => {
  await server.stop();
  await withNetworks.stop();
  await hop.close();
});

/** Recipients that are none of ours, in every spelling that a mailer behind us might understand. */
const foreign = [
  '<victim@elsewhere.example>',
  '<victim@elsewhere.example.>',
  '<victim@EXAMPLE.COM.elsewhere.example>',
  '<victim%elsewhere.example@example.com>',
  '<"victim@elsewhere.example"@example.com>',
  '<"victim%elsewhere.example"@example.net>',
  '<elsewhere.example!victim@example.com>',
  '<@example.com:victim@elsewhere.example>',
  '<victim@[203.0.113.5]>',
  '<victim@[127.0.0.1]>',
  '<victim@localhost>',
  '<postmaster@elsewhere.example>',
  '<victim@example.com@elsewhere.example>',
  'victim@elsewhere.example',
  '<victim@elsewhere.example> NOTIFY=NEVER',
];
const commands = [
  'XCLIENT ADDR=203.0.113.9',
  'XCLIENT ADDR=127.0.0.1 NAME=localhost',
  'XCLIENT ADDR=::1',
  'XCLIENT NAME=mx.example LOGIN=admin',
  'XCLIENT NAME=[UNAVAILABLE] ADDR=203.0.113.66',
  'HELO mx.example',
  'EHLO me.example.org',
  'EHLO example.com',
  'RSET',
  'AUTH PLAIN AGFkbWluAGFkbWlu',
  'MAIL FROM:<a@b.example>',
  'MAIL FROM:<>',
  'MAIL FROM:<postmaster@example.com>',
  'RCPT TO:<user@example.com>',
  'RCPT TO:<postmaster>',
  'VRFY postmaster',
  'DATA',
];

describe('etc/smtpe.lua', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['203.0.113.9', false],
    ['::2', false],
    ['2001:db8::1', false],
  ])('lets %s say the name of this machine: %s; HELO, EHLO, in any case', async (address, taken) => {
    for (const verb of ['HELO', 'EHLO'])
      for (const spell of [(name: string) => name, (name: string) => name.toUpperCase()]) {
        const client = server.inMemory(address);
        const name = /^220 (\S+)/.exec(await client.reply())?.[1] ?? '';
        const reply = await client.command(`${verb} ${spell(name)}`);
        expect(reply).toMatch(taken ? /^250/ : /^550 5\.7\.1 .* is the name of this server/);
        client.stream.end();
        await client.over;
      }
  });

  it('takes mail for our domains and postmaster from anybody', async () => {
    const client = server.inMemory('203.0.113.9');
    await client.reply();
    for (const line of [
      'EHLO me.example.org',
      'MAIL FROM:<a@b.example>',
      'RCPT TO:<User@Example.COM>',
      'RCPT TO:<postmaster>',
      'RCPT TO:<PostMaster@example.net>',
    ]) {
      expect(await client.command(line)).toMatch(/^250/);
    }
    await client.quit();
  });

  it.each(['203.0.113.9', '127.0.0.1', '::1', '::ffff:127.0.0.1'])(
    'relays nothing for %s',
    async (address) => {
      const client = server.inMemory(address);
      await client.reply();
      await client.command('EHLO me.example.org');
      await client.command('MAIL FROM:<a@b.example>');
      for (const recipient of foreign) {
        expect(await client.command(`RCPT TO:${recipient}`), recipient).toMatch(/^5\d\d /);
      }
      await client.quit();
    },
  );

  it('relays nothing in any dialogue, whoever the client says to be', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...commands, ...foreign.map((path) => `RCPT TO:${path}`)), {
          minLength: 3,
          maxLength: 12,
        }),
        async (lines) => {
          const client = server.inMemory('127.0.0.1');
          await client.reply();
          for (const line of lines) {
            if (client.ended) break;
            const reply = await client.command(line);
            if (reply.startsWith('354')) await client.command('.');
            if (line.startsWith('RCPT TO:') && foreign.some((path) => line.endsWith(path))) {
              expect(reply, lines.join(' | ')).not.toMatch(/^2/);
            }
          }
          client.stream.end();
          await client.over;
        },
      ),
      { numRuns: 150 },
    );
  });

  it('relays for the networks that it is told, IPv6 too, and only while the client comes from there', async () => {
    const ask = async (address: string, ...before: readonly string[]): Promise<string> => {
      const client = withNetworks.inMemory(address);
      await client.reply();
      for (const line of [...before, 'EHLO me.example.org', 'MAIL FROM:<a@b.example>'])
        await client.command(line);
      const reply = await client.command('RCPT TO:<victim@elsewhere.example>');
      await client.quit();
      return reply.slice(0, 3);
    };
    expect(await ask('192.0.2.7')).toBe('250');
    expect(await ask('2001:db8:1::7')).toBe('250');
    expect(await ask('2001:db8:2::7')).toBe('550');
    expect(await ask('127.0.0.1', 'XCLIENT ADDR=192.0.2.7')).toBe('250');
    expect(await ask('127.0.0.1', 'XCLIENT ADDR=192.0.2.7', 'EHLO x', 'XCLIENT ADDR=203.0.113.9')).toBe(
      '550',
    );
  });

  it.each([
    ['mx.client.example', 'mx.client.example'],
    ['x (mail.bank.example [192.0.2.1]) by us', 'x??mail.bank.example?[192.0.2.1]??by?us'],
    ['a;b\tc"d\\e<f>', 'a?b?c?d?e?f?'],
    ['[IPv6:2001:db8::1]', '[IPv6:2001:db8::1]'],
    ['\xff\x00x', undefined],
    ['x'.repeat(400), 'x'.repeat(255)],
  ])('writes one Received line, whatever HELO says: %j', async (name, shown) => {
    for (const [verb, protocol] of [
      ['HELO', 'SMTP'],
      ['EHLO', 'ESMTP'],
    ] as const) {
      const client = server.inMemory('2001:db8:5::7');
      await client.reply();
      const hello = await client.command(`${verb} ${name}`);
      if (!hello.startsWith('250')) {
        expect(shown === undefined || name.length > 255 || /[ \t"\\<>;]/.test(name)).toBe(true);
        await client.quit();
        continue;
      }
      for (const line of ['MAIL FROM:<a@b.example>', 'RCPT TO:<user@example.com>', 'DATA'])
        await client.command(line);
      const count = contents().length;
      expect(await client.command('Subject: x\r\n\r\nbody\r\n.')).toMatch(/^250/);
      const message = contents()[count]?.toString('latin1') ?? '';
      expect(message).toMatch(
        /^Received: from \S+ \(unknown \[IPv6:2001:db8:5::7\]\)\r\n\tby mx\.example with E?SMTP id [0-9A-Za-z]{18};\r\n\t\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000\r\nSubject: x\r\n\r\nbody\r\n$/,
      );
      expect(message).toContain(` with ${protocol} id `);
      if (shown !== undefined) expect(message).toContain(`from ${shown} (unknown`);
      await client.quit();
    }
  });
});
