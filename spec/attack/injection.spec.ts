// Line ends and other control bytes from clients and name servers: they end no reply line, begin no log line, add no header and no command
// to the next hop. Every byte value in every place where a text of somebody else is repeated.
import { afterEach, describe, expect, it } from 'vitest';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import type { RigClient } from '../fakes/smtp-rig.ts';
import { WholeServer, type WholeServerSettings } from '../fakes/whole-server.ts';
import { type WrittenLog, writtenLog } from '../fakes/written-log.ts';

const ALL = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i));
/** One after the other in one text: LF would end the line, so it is tried apart. */
const ALL_BUT_LF = ALL.filter((byte) => byte !== '\n').join('');
const REPLY_LINE = /^\d{3}(?:[- ][^\0-\x08\x0a-\x1f\x7f]*)?\r\n$/;

let server: WholeServer;
let written: WrittenLog;
const toClose: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await server.stop();
  for (const one of toClose.splice(0)) await one.close();
});

async function start(settings: WholeServerSettings): Promise<void> {
  written = writtenLog();
  server = await WholeServer.start({
    ...settings,
    writeTo: written.log,
    options: { 'limit-errors': '0', 'limit-unknown': '0', 'limit-commands': '0', ...settings.options },
  });
}

/** Sends lines and gives all that came back, split after LF. */
async function say(client: RigClient, lines: readonly string[]): Promise<readonly string[]> {
  client.send(...lines.map((line) => `${line}\r\n`), 'QUIT\r\n');
  const received = await client.rest();
  client.stream.end();
  await client.over;
  return received.split(/(?<=\n)/);
}

function expectCleanLog(): void {
  expect(written.lines.filter((line) => !/^[\x20-\x7e]+$/.test(line))).toEqual([]);
  // One event, one line, with the usual beginning.
  expect(
    written.lines.filter(
      (line) => !/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}\+00:00 smtpe\[4711\] [a-z]+ /.test(line),
    ),
  ).toEqual([]);
  for (const line of written.json) {
    expect(line).toMatch(/^\{[\x20-\x7e]*\}\n$/);
    expect(JSON.parse(line)).toMatchObject({ pid: 4711 });
  }
}

const repeated: readonly (readonly [string, (text: string) => readonly string[]])[] = [
  ['HELO', (text) => [`HELO ${text}`, 'MAIL FROM:<a@b.example>']],
  ['EHLO', (text) => [`EHLO ${text}`, 'MAIL FROM:<a@b.example>']],
  ['MAIL', (text) => ['EHLO c', `MAIL FROM:<${text}@b.example>`, `MAIL FROM:<a@b.example> X=${text}`]],
  ['a quoted sender', (text) => ['EHLO c', `MAIL FROM:<"${text}"@b.example>`]],
  [
    'RCPT',
    (text) => ['EHLO c', 'MAIL FROM:<a@b.example>', `RCPT TO:<${text}@d.example>`, `RCPT TO:<a@d> ${text}`],
  ],
  ['an unknown command', (text) => [text, `${text} x`]],
  ['a command out of sequence', (text) => [`RCPT TO:<${text}>`, `DATA ${text}`]],
  ['AUTH', (text) => ['EHLO c', `AUTH ${text}`, 'AUTH PLAIN', text, 'AUTH LOGIN', text, text]],
  [
    'XCLIENT',
    (text) => [`XCLIENT NAME=${text}`, `XCLIENT HELO=${text}`, `XCLIENT ${text}=1`, `XCLIENT LOGIN=${text}`],
  ],
  ['VERB', (text) => [`VERB ${text}`]],
];

describe('bytes of a client', () => {
  it.each(repeated)('in %s: replies and log lines are as they should be', async (_where, lines) => {
    await start({
      policy: 'function hook.auth() end function hook.xclient() end',
      options: { 'smtp-xclient-hosts': '192.0.2.0/24' },
    });
    const texts = [
      ...ALL,
      ...ALL.map((byte) => `a${byte}b`),
      ALL_BUT_LF,
      `x\r\n250 y`,
      'x\n250 y',
      'z'.repeat(3000),
    ];
    for (const text of texts) {
      const replies = await say(server.inMemory(), lines(text));
      expect(replies.filter((line) => line !== '' && (!REPLY_LINE.test(line) || line.length > 512))).toEqual(
        [],
      );
    }
    // A line end in the text has made two lines of one: nothing else has come of it.
    expectCleanLog();
    expect(written.lines.some((line) => line.includes('250 y"') && line.includes(' session '))).toBe(false);
  });

  it('in XCLIENT, encoded as xtext: refused as a whole', async () => {
    await start({ options: { 'smtp-xclient-hosts': '192.0.2.0/24' } });
    const controls = ALL.filter((byte) => /[\0-\x1f\x7f]/.test(byte)).map(
      (byte) => `+${byte.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
    );
    for (const encoded of controls) {
      const replies = await say(server.inMemory(), [
        ...['NAME', 'HELO', 'LOGIN', 'PROTO', 'ADDR', 'PORT'].map((name) => `XCLIENT ${name}=a${encoded}250`),
        'EHLO c',
      ]);
      expect(replies.filter((line) => line.startsWith('501 5.5.4 invalid argument '))).toHaveLength(6);
      expect(replies.find((line) => line.startsWith('250-Hello'))).toBe(
        '250-Hello c (192.0.2.1, [192.0.2.1])\r\n',
      );
    }
    expectCleanLog();
  });

  it('in the envelope: the next hop gets them in one command line or not at all', async () => {
    const hop = await NextHop.start();
    toClose.push(hop);
    await start({ options: { 'smtp-smart-host': hop.target, 'smtp-default-at-dot': '550' } });
    for (const byte of ALL) {
      await say(server.inMemory(), [
        'EHLO c',
        `MAIL FROM:<a${byte}RCPT@b.example>`,
        `RCPT TO:<c${byte}DATA@d.example>`,
        'RCPT TO:<e@f.example>',
        'DATA',
        'Subject: x\r\n\r\nx\r\n.',
      ]);
    }
    const allowed =
      /^(?:EHLO mx\.example|MAIL FROM:<[^\0-\x1f\x7f]*>(?: [A-Z0-9=]+)*|RCPT TO:<[^\0-\x1f\x7f]*>|DATA|RSET|QUIT)$/;
    expect(hop.commands.filter((line) => !allowed.test(line))).toEqual([]);
    expect(hop.connections.flatMap((connection) => connection.contents).length).toBeGreaterThan(50);
    expectCleanLog();
  });

  it('in what a policy puts into headers, replies and log lines', async () => {
    const hop = await NextHop.start();
    toClose.push(hop);
    await start({
      policy: `
        local hello, bad = nil, {}
        function hook.ehlo(text) hello = text end
        function hook.mail(sender) return '250 ' .. sender .. '\\r\\nx550 ' .. client.input end
        function hook.dot()
          for _, text in ipairs { '\\r\\nX-Evil: 1', '\\nX-Evil: 1', '\\rX-Evil: 1', '\\0X-Evil: 1', '\\r\\n\\r\\nX-Evil: 1' } do
            if pcall(header.add, 'X-Hello: ' .. hello .. text) then bad[#bad + 1] = text end
            if pcall(header.modify, 'Subject', 1, hello .. text) then bad[#bad + 1] = text end
            if pcall(header.insert, 'X-Hello: ' .. hello .. text, 1) then bad[#bad + 1] = text end
            syslog.info(hello .. text)
          end
          header.add('X-Bad: ' .. #bad)
          return '250 2.0.0 ok\\nevil\\27evil'
        end
        function hook.quit() return '221 \\r\\r\\n' .. string.char(27, 7, 8) end`,
      options: { 'smtp-smart-host': hop.target },
    });
    const replies = await say(server.inMemory(), [
      ...['EHLO \x1b[2J\x07', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'DATA'],
      'Subject: x\r\n\r\nx\r\n.',
    ]);
    expect(replies.filter((line) => line !== '' && !REPLY_LINE.test(line))).toEqual([]);
    expect(hop.connections[0]?.contents[0]?.toString('latin1')).toBe('Subject: x\r\nX-Bad: 0\r\n\r\nx\r\n');
    expectCleanLog();
  });
});

describe('bytes of a name server', () => {
  it('in the name of a client: in no reply, log line or Lua string as they are', async () => {
    const octet = (n: number): string => `\\${String(n).padStart(3, '0')}`;
    const zone = Array.from(
      { length: 255 },
      (_, i) => `${i + 1}.2.0.192.in-addr.arpa PTR 300 a${octet(i + 1)}b${octet(i + 1)}250.example.test`,
    );
    const dns = await FakeDnsServer.start([
      ...zone,
      `0.2.0.192.in-addr.arpa PTR 300 a${octet(0)}b.example.test`,
    ]);
    toClose.push(dns);
    await start({
      policy: `
        function hook.accept(ip, ptr)
          if (ptr .. client.host):find('[%c%s\\127-\\255]') then syslog.error('raw bytes in ' .. ptr) end
        end`,
      options: { 'dns-servers': dns.address, 'dns-client-timeout': '5' },
    });
    for (let i = 0; i < 256; i++) {
      const replies = await say(server.inMemory(`192.0.2.${i}`), ['EHLO c', 'HELO c']);
      expect(replies.filter((line) => line !== '' && !REPLY_LINE.test(line))).toEqual([]);
      expect(replies.length).toBeGreaterThan(5);
    }
    expect(dns.queries.length).toBeGreaterThanOrEqual(256);
    expect(written.lines.filter((line) => line.includes('raw bytes'))).toEqual([]);
    expectCleanLog();
  });
});
