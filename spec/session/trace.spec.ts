// A session that somebody follows, over the whole server with real Lua, name server, scanner and a next hop that asks for a log-in: both directions
// in their order, hooks with what they are given, wait for and return, no password in any form, and the same however the octets were split.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { type FakeClamd, startClamd } from '../../src/bench/ports/clamd-server.ts';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import type { TraceEntry } from '../../src/observe/trace/entry.ts';
import { ladder } from '../../src/observe/trace/ladder.ts';
import { recordSessions } from '../../src/observe/trace/subscribe.ts';
import type { RigClient } from '../fakes/smtp-rig.ts';
import { waitUntil } from '../fakes/wait-until.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const OURS = 'hop-password-77';
const THEIRS = 'sesame-open-99';
const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

const policy = (clamd: string): string => `
function hook.accept(address, host)
  dns.open()
  dns.query(dns.class.IN, dns.type.A, '7.2.0.192.bl.example')
  dns.wait(1)
end
function hook.auth(line)
  client.write('250-welcome ' .. client.auth_password)
  util.sleep(0.001)
  return '235 2.7.0 ' .. client.auth_password
end
function hook.mail(sender)
  if sender == 'loop@b.example' then while true do end end
  if sender == 'wait@b.example' then util.sleep(100) end
  if sender == 'bad@b.example' then return 'no reply' end
end
function hook.rcpt(recipient)
  store.set('seen', 1, 60)
  if recipient:find('^no') then return '550 5.1.1 no such user' end
end
function hook.header(line) end
function hook.body(line) end
function hook.dot()
  service.clamd(client.msg_file, '${clamd}', 5)
  service.wait(1)
  client.write('250-checked')
end
`;

let hop: NextHop;
let dns: FakeDnsServer;
let clamd: FakeClamd;
let server: WholeServer;

beforeAll(async () => {
  const steps = ['334 VXNlcm5hbWU6\r\n', '334 UGFzc3dvcmQ6\r\n', '235 2.7.0 ok\r\n'];
  hop = await NextHop.start({
    ehlo: '250-sink\r\n250 AUTH LOGIN\r\n',
    auth: () => {
      let step = 0;
      return () => steps[step++] ?? null;
    },
  });
  dns = await FakeDnsServer.start(['7.2.0.192.bl.example A 300 127.0.0.2']);
  clamd = await startClamd(async () => 'stream: OK\n');
  server = await WholeServer.start({
    policy: policy(clamd.host),
    options: {
      ...{ 'dns-servers': `127.0.0.1:${dns.port}`, 'smtp-forward-tls': 'off' },
      ...{ 'smtp-smart-host': hop.target, 'smtp-forward-user': 'joe', 'smtp-forward-connections': '0' },
      ...{ 'limit-line-length': '4000', 'smtp-forward-password-file': '/nowhere' },
    },
  });
  const file = join(server.directory, 'password');
  await writeFile(file, `${OURS}\n`);
  server.app.options.set('smtp-forward-password-file', file, 'spec');
});
afterAll(async () => {
  await server.stop();
  await Promise.all([hop.close(), dns.close(), clamd.close()]);
});

interface Traced {
  readonly entries: readonly TraceEntry[];
  /** Without times, ids, ports. */
  readonly text: string;
}

async function traced(
  work: (client: RigClient) => Promise<unknown>,
  split = Number.POSITIVE_INFINITY,
): Promise<Traced> {
  const entries: TraceEntry[] = [];
  const stop = recordSessions(server.log.bus, systemClock, (entry) => entries.push(entry));
  const client = server.inMemory('192.0.2.7');
  const { send } = client;
  if (Number.isFinite(split)) {
    client.send = (...chunks) => {
      for (const octet of Buffer.concat(chunks.map((chunk) => Buffer.from(chunk as string, 'latin1'))))
        send.call(client, Buffer.from([octet]));
    };
  }
  await work(client);
  await client.over;
  stop();
  return { entries, text: plain(ladder(entries)) };
}

const plain = (text: string): string =>
  text
    .replace(/^ *\d+\.\d(?: ms)? /gm, ' ')
    .replace(/ +\d+\.\d ms(?: Lua)?(?:, \d+\.\d ms waiting)?$/gm, '')
    .replace(/(total|all) \d+ ms.*$/gm, '$1')
    .replace(/[0-9][0-9A-Za-z]{17}/g, 'ID')
    .replace(/127\.0\.0\.1:\d+/g, 'PEER')
    .replace(/"\/[^"]*"/g, '"PATH"')
    .replace(/ +$/gm, '');

const message = [
  'EHLO c.example',
  'MAIL FROM:<a@b.example>',
  'RCPT TO:<no@d.example>',
  'RCPT TO:<c@d.example>',
  'DATA',
  'Subject: hello\r\n\r\nline\r\n..dot\r\n.',
];

/** One command after the reply to the other. */
const lockstep =
  (...lines: readonly string[]) =>
  async (client: RigClient): Promise<void> => {
    await client.reply();
    for (const line of lines) await client.command(line);
    await client.quit();
  };

/** Of a ladder, from the line that begins so to the one that begins so. */
function between(text: string, first: string, last: string): readonly string[] {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => line.trimStart().startsWith(first));
  const to = lines.findIndex((line, i) => i >= from && line.trimStart().startsWith(last));
  return lines.slice(from, to + 1);
}

it('is shown in both directions, in order, with its hooks and what they wait for', async () => {
  await traced(lockstep('EHLO c.example'));
  const { entries, text } = await traced(lockstep(...message));
  expect(text.startsWith('  connect 192.0.2.7\n     hook.accept("192.0.2.7", "[192.0.2.7]")')).toBe(true);
  expect(
    between(text, 'C: RCPT TO:<no', 'all').map((line) => line.replace(/ {3,}(?=policy|client\.)/, '  ')),
  ).toEqual([
    '  C: RCPT TO:<no@d.example>',
    '     hook.rcpt("no@d.example", "d.example")  policy.lua:17',
    '       waits: store.set  policy.lua:18',
    '       -> true',
    '       -> 550 5.1.1 no such user',
    '  S: 550 5.1.1 no such user',
    '  C: RCPT TO:<c@d.example>',
    '     hook.rcpt("c@d.example", "d.example")  policy.lua:17',
    '              store.set  ok',
    '       -> nothing',
    '     waits: next hop PEER about RCPT',
    '     next hop PEER > RCPT TO:<c@d.example>',
    '     next hop PEER < 250 ok',
    '     -> yes',
    '  S: 250 2.1.0 recipient <c@d.example> OK',
    '  C: DATA',
    '  S: 354 enter mail, end with "." on a line by itself',
    '     hook.header("Subject: hello")  policy.lua:21',
    '       -> nothing',
    '     hook.body, 2 times',
    '  C: .  31 octets of content',
    '     hook.dot("PATH")  policy.lua:23',
    '       waits: service.clamd (connecting: PEER)  policy.lua:24',
    '       -> true',
    '       waits: service.wait (1 pending: clamd PEER)  policy.lua:25',
    '              clamd PEER  clean',
    '       -> goes on',
    '  S: 250-checked  client.write',
    '       waits: client.write (13 bytes)  policy.lua:26',
    '       -> goes on',
    '       -> nothing',
    '     waits: next hop PEER to take the message',
    '     next hop PEER > DATA',
    '     next hop PEER < 354 go',
    '     next hop PEER > (34 bytes of content and final dot)',
    '     next hop PEER < 250 queued',
    '     -> PEER: 250 queued',
    '  S: 250 2.0.0 message ID accepted',
    '  total',
    '  C: QUIT',
    '  S: 221 2.0.0 mx.example closing connection ID',
    '  end: QUIT',
    '         all',
  ]);
  const content = entries.find(({ kind }) => kind === 'content');
  expect(content).toMatchObject({ octets: 31, head: 'Subject: hello\r\n\r\nline\r\n..dot\r\n', end: 'dot' });
  const hooks = entries.filter(({ kind }) => kind === 'hook-end');
  for (const entry of hooks)
    if (entry.kind === 'hook-end') expect(entry.waited).toBeLessThanOrEqual(entry.ms + 0.2);
});

it('times add up: what lies between two steps belongs to the first', async () => {
  const { entries } = await traced(lockstep(...message));
  const end = entries.at(-1);
  if (end?.kind !== 'end') throw new Error('no end');
  const sum = Object.values(end.totals).reduce((all, one) => all + one, 0);
  expect(Math.abs(sum - end.total)).toBeLessThan(1);
  expect(end.totals.services).toBeGreaterThan(0);
  expect(end.totals['next hop']).toBeGreaterThan(0);
});

it.each([
  ['one command after the other', message],
  ['chunks', [...message.slice(0, 4), 'BDAT 4\r\nX: y', 'BDAT 10 LAST\r\n\r\n\r\nline\r\n']],
  ['a chunk that nobody wants', ['EHLO c.example', 'BDAT 6\r\nabc\r\nd', 'NOOP']],
  ['octets of all kinds', ['EHLO c.example', 'NOOP \xe4\x1b[2J', 'FOO\0BAR', `NOOP ${'x'.repeat(5000)}`]],
])('%s: every split gives the same ladder', async (_, lines) => {
  await traced(lockstep(...message));
  const whole = await traced(lockstep(...lines));
  const split = await traced(lockstep(...lines), 1);
  expect(split.text).toBe(whole.text);
  expect(whole.text).toMatch(/^[\n -~]*$/);
});

it('commands that come together are shown one by one, each with its reply', async () => {
  const { text } = await traced(async (client) => {
    await client.reply();
    client.send('EHLO c.example\r\nNOOP\r\nRSET\r\nQUIT\r\n');
    await client.rest();
    client.stream.end();
  });
  const said = text.split('\n').filter((line) => /^ {2}[CS]: /.test(line));
  expect(said.map((line) => line.slice(2, 9))).toEqual([
    ...['S: 220 ', 'C: EHLO', 'S: 250-', 'C: NOOP', 'S: 250 ', 'C: RSET', 'S: 250 ', 'C: QUIT', 'S: 221 '],
  ]);
});

it('what a stranger sends reaches no terminal as it is', async () => {
  const { text } = await traced(
    lockstep('EHLO c.example', 'NOOP \x1b]0;owned\x07\x9b2J\xff', 'FOO\0BAR', `NOOP ${'x'.repeat(5000)}`),
  );
  expect(text).toContain('C: NOOP \\x1B]0;owned\\x07\\x9B2J\\xFF');
  expect(text).toContain('C: FOO\\x00BAR');
  expect(text).toContain('C: (too long)');
  expect(text).toMatch(/^[\n -~]*$/);
});

it('has no password, whoever says it, in whatever step', async () => {
  const response = base64(`\0joe\0${THEIRS}`);
  const sessions = [
    lockstep('EHLO c.example', `AUTH PLAIN ${response}`, ...message.slice(1)),
    lockstep('EHLO c.example', 'auth plain', response),
    lockstep('EHLO c.example', 'AUTH LOGIN', base64('joe'), base64(THEIRS)),
    lockstep('EHLO c.example', `AUTH LOGIN ${base64('joe')}`, base64(THEIRS)),
    // Refused, and the client goes on with what it would have said.
    lockstep('EHLO c.example', 'AUTH FOO', response, base64(THEIRS), 'NOOP'),
    lockstep('EHLO c.example', `AUTH PLAIN ${base64('x'.repeat(9000))}`, response, base64(THEIRS), 'NOOP'),
    lockstep('EHLO c.example', `  AUTH PLAIN ${response}`, `AUTH\tPLAIN\t${response}`),
  ];
  for (const session of sessions) {
    const { entries, text } = await traced(session);
    const all = JSON.stringify(entries) + text;
    for (const secret of [THEIRS, OURS])
      for (const form of [secret, base64(secret), base64(`\0joe\0${secret}`)])
        expect(all).not.toContain(form);
    expect(text).toContain('C: AUTH ***');
  }
  const { text } = await traced(sessions[0] ?? lockstep());
  expect(text).toContain('hook.auth(***)');
  expect(text).toContain('S: 235 2.7.0 ***');
  expect(text).toContain('next hop PEER > (not shown)');
  expect(text).toContain('hook.mail("a@b.example"');
});

it('a hook that fails, one that is stopped, and one whose client goes', async () => {
  const failed = await traced(lockstep('EHLO c.example', 'MAIL FROM:<bad@b.example>'));
  expect(failed.text).toContain('-> hook.mail returned "no reply", a reply that does not begin with a code');
  expect(failed.text).toMatch(/S: 421 4\.3\.0 .*\n/);
  const stopped = await traced(lockstep('EHLO c.example', 'MAIL FROM:<loop@b.example>'));
  expect(stopped.text).toMatch(/-> hook\.mail: .*policy\.lua:13: .*processor time/);
  const gone = await traced(async (client) => {
    await client.reply();
    await client.command('EHLO c.example');
    client.send('MAIL FROM:<wait@b.example>\r\n');
    await waitUntil(() => {
      if (![...server.server.all].some(({ suspended }) => suspended)) throw new Error('it does not wait yet');
    });
    client.reset();
  });
  expect(between(gone.text, 'waits: util.sleep', 'end:')).toEqual([
    expect.stringContaining('waits: util.sleep (100 s)'),
    '       -> cut off',
    '       -> cut off',
    '  end: read ECONNRESET',
  ]);
});

it('content that has no end', async () => {
  const { text } = await traced(async (client) => {
    await client.reply();
    for (const line of message.slice(0, 5)) await client.command(line);
    client.send('Subject: x\r\n');
    client.stream.end();
    await client.rest();
  });
  expect(text).toContain('C: (12 octets of content, and no end)');
});
