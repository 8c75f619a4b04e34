// A chunk that a script refuses (Rumble.setHook on `bdat`) ends the transaction, wherever in a message it stands: what comes behind it is a message of its
// own, octet for octet, and none of its content is read as a command (RFC 3030 section 2).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import type { SmtpClient } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

/** By the number of its octets. */
const SCRIPT = `
  Rumble.setHook(function(s, line)
    local size = line:match('^%a+ (%d+)')
    if size == '61' then return 550 end
    if size == '62' then s:send('451 4.7.1 not now\\r\\n') return 'ignore' end
  end, 'smtp', 'command', 'bdat')
`;

let hop: NextHop;
let server: WholeServer;
beforeAll(async () => {
  hop = await NextHop.start({ banner: '220 hop\r\n' });
  server = await WholeServer.start({
    files: { 'rumble.lua': SCRIPT },
    loadScripts: ['rumble.lua'],
    options: { 'smtp-smart-host': hop.target, 'limit-errors': '0', 'limit-unknown': '0' },
  });
});
afterAll(async () => {
  await server.stop();
  await hop.close();
});

/** Reads as commands where it is not read as content. */
const CONTENT = 'Subject: hello\r\n\r\nRSET\r\nMAIL FROM:<evil@x.test>\r\nQUIT\r\n';
const HALF = 30;

async function begin(client: SmtpClient, from: string): Promise<void> {
  for (const line of [`MAIL FROM:<${from}@x.test>`, 'RCPT TO:<b@x.test>'])
    expect(await client.command(line)).toMatch(/^250 /);
}

async function chunk(client: SmtpClient, text: string, last = false): Promise<string> {
  client.write(`BDAT ${text.length}${last ? ' LAST' : ''}\r\n${text}`);
  return (await client.reply()).slice(0, 3);
}

const next: Readonly<Record<string, (client: SmtpClient) => Promise<string>>> = {
  'in one chunk': (client) => chunk(client, CONTENT, true),
  'in two chunks': async (client) => {
    expect(await chunk(client, CONTENT.slice(0, HALF))).toBe('250');
    return chunk(client, CONTENT.slice(HALF), true);
  },
  'with DATA': async (client) => {
    expect(await client.command('DATA')).toMatch(/^354 /);
    client.write(`${CONTENT}.\r\n`);
    return (await client.reply()).slice(0, 3);
  },
};

describe.each([
  ['a code', 61, '550'],
  ['words of its own', 62, '451'],
])('refused with %s', (_, size, code) => {
  describe.each([
    ['the first', 0],
    ['the second', 1],
    ['the third', 2],
  ])('%s', (_name, before) => {
    describe.each([
      ['more to come', false],
      ['the last', true],
    ])('%s', (_which, last) => {
      it.each(Object.entries(next))('the next message %s is itself', async (_how, send) => {
        const seen = hop.commands.length;
        const contents = hop.connections.flatMap((one) => one.contents).length;
        const ends: string[] = [];
        const mails: string[] = [];
        const off = [
          server.log.bus.on('mail', ({ cause, code: its, from, result }) => {
            if (from === 'refused@x.test') mails.push(`${result} ${its} ${cause}`);
          }),
          server.log.bus.on('tx-rollback', ({ cause, code: its }) => void ends.push(`${its} ${cause}`)),
          server.log.bus.on('tx-incomplete', () => void ends.push('incomplete')),
        ];
        const client = await server.greeted();
        await client.command('EHLO c.test');
        await begin(client, 'refused');
        for (let n = 0; n < before; n++) expect(await chunk(client, 'X: of the refused\r\n')).toBe('250');
        expect(await chunk(client, 'Y'.repeat(size), last)).toBe(code);
        // The transaction is over.
        expect(await chunk(client, 'Z: behind it\r\n')).toBe('503');
        await begin(client, 'next');
        expect(await send(client)).toBe('250');
        expect(await client.command('NOOP')).toMatch(/^250 /);
        client.destroy();
        const taken = hop.connections.flatMap((one) => one.contents).slice(contents);
        expect(taken.map((one) => one.toString('latin1'))).toEqual([expect.stringContaining(CONTENT)]);
        expect(hop.commands.slice(seen).filter((line) => line.startsWith('DATA'))).toHaveLength(1);
        // What was begun of the message has its end.
        for (const end of off) end();
        expect(ends).toEqual(before > 0 ? [`${code} load-script`] : []);
        expect(mails).toEqual([`${code === '550' ? 'refused' : 'deferred'} ${code} load-script`]);
      });
    });
  });
});
