// Clients that take their time: silent at each step, one byte now and then, not reading. Time stands still until the test moves it. Each of
// them gets a 421 (or is gone), the policy is told, others are served meanwhile, and nothing is left.
import { duplexPair } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/bench/ports/clock.ts';
import { peerAt } from '../fakes/peer.ts';
import type { RigClient } from '../fakes/smtp-rig.ts';
import { type Holdings, turn, WholeServer } from '../fakes/whole-server.ts';

const policy = `
local last = ''
function hook.auth() end
function hook.error(number, text) last = text end
function hook.close(code) syslog.info('closed ' .. code .. ' ' .. last) end
`;
const SECOND = 1000;

let clock: FakeClock;
let server: WholeServer;
let before: Holdings;
beforeEach(async () => {
  clock = new FakeClock();
  server = await WholeServer.start({ policy, clock, options: { 'spool-memory': '0' } });
});
afterEach(async () => {
  const stopped = server.stop();
  // A failed test leaves sessions behind whose timers have to fire.
  for (let i = 0; i < 20; i++) {
    await turns();
    clock.advance(10 * SECOND);
  }
  await stopped;
});

/** Lets everything that was set off happen, files included. */
async function turns(): Promise<void> {
  for (let i = 0; i < 3; i++) await turn();
}

async function nothingLeft(): Promise<void> {
  expect(await server.backTo(before)).toEqual(before);
  expect(clock.pending).toBe(0);
}

/** Lets the time go on in steps until the session is over; gives the seconds. */
async function untilOver(client: RigClient, step: () => void, every: number): Promise<number> {
  let over = false;
  void client.over.then(() => {
    over = true;
  });
  for (let seconds = 0; seconds < 20_000; seconds += every) {
    await turns();
    if (client.ended) client.stream.end();
    if (over) return seconds;
    if (!client.ended) step();
    clock.advance(every * SECOND);
  }
  throw new Error('this session never ends');
}

/** Where a client falls silent: what it has sent until then, and the time-out that counts. */
const silences: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['at once', [], 300, /^421 4\.4\.2 mx\.example no command for 300 s/],
  ['behind EHLO', ['EHLO c\r\n'], 300, /^421 4\.4\.2 .* no command for 300 s/],
  ['in the middle of a command', ['EHLO c\r\n', 'MAIL FR'], 300, /^421 4\.4\.2 .* no command for 300 s/],
  ['in the dialogue of AUTH', ['EHLO c\r\n', 'AUTH LOGIN\r\n'], 300, /^421 4\.4\.2 .* no command for 300 s/],
  [
    'behind RCPT',
    ['EHLO c\r\n', 'MAIL FROM:<a@b.example>\r\n', 'RCPT TO:<c@d.example>\r\n'],
    300,
    /^421 4\.4\.2 .* no command/,
  ],
  [
    'behind DATA',
    ['EHLO c\r\n', 'MAIL FROM:<a@b.example>\r\n', 'RCPT TO:<c@d.example>\r\n', 'DATA\r\n'],
    180,
    /^421 4\.4\.2 .* no data for 180 s/,
  ],
  [
    'in the message',
    [
      'EHLO c\r\n',
      'MAIL FROM:<a@b.example>\r\n',
      'RCPT TO:<c@d.example>\r\n',
      'DATA\r\n',
      'Subject: x\r\n\r\nhalf a li',
    ],
    180,
    /^421 4\.4\.2 .* no data for 180 s/,
  ],
  [
    'in front of the final LF',
    [
      'EHLO c\r\n',
      'MAIL FROM:<a@b.example>\r\n',
      'RCPT TO:<c@d.example>\r\n',
      'DATA\r\n',
      'Subject: x\r\n\r\n.\r',
    ],
    180,
    /^421 4\.4\.2 .* no data for 180 s/,
  ],
];

describe('a client that falls silent', () => {
  it.each(silences)('%s', async (_where, lines, seconds, last) => {
    before = await server.settled();
    const client = server.inMemory();
    await client.reply();
    for (const line of lines) {
      client.send(line);
      if (line.endsWith('\r\n') && !line.startsWith('Subject')) await client.reply();
    }
    await turns();
    let waited = 0;
    for (; client.received === '' && waited < 1000; waited += 5) {
      clock.advance(5 * SECOND);
      await turns();
    }
    // Not before; and only as much later as the disk takes while our time flies.
    expect(waited).toBeGreaterThanOrEqual(seconds - 5);
    expect(waited).toBeLessThanOrEqual(seconds + 300);
    expect(await client.rest()).toMatch(last);
    client.stream.end();
    await client.over;
    expect(server.said(/^info closed 0 Connection timed out/)).toHaveLength(1);
    await nothingLeft();
  });
});

describe('a client that sends one byte now and then', () => {
  it.each([
    ['of a command: until smtp-command-timeout', 'x', 29, [], 310, /^421 4\.4\.2 .* no command for 300 s/, 0],
    [
      'of the message: until smtp-data-timeout, then smtp-data-min-rate counts',
      'x',
      17,
      ['EHLO c', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'DATA'],
      210,
      /^421 4\.4\.2 .* data slower than 100 bytes\/s/,
      0,
    ],
    ['of empty lines: as many errors as it may make', '\r\n', 290, [], 7200, /^421 4\.7\.0 /, 2],
  ] as const)('%s', async (_what, bytes, every, lines, most, last, code) => {
    before = await server.settled();
    const client = server.inMemory();
    await client.reply();
    await client.commands(...lines);
    const seconds = await untilOver(client, () => client.send(bytes), every);
    expect(seconds).toBeLessThanOrEqual(most + 3 * every);
    expect(client.received.split('\r\n').at(-2)).toMatch(last);
    expect(server.said(new RegExp(`^info closed ${code} `))).toHaveLength(1);
    await nothingLeft();
  });
});

describe('a client that does not read', () => {
  it('is given up after smtp-reply-timeout; nothing more is executed for it meanwhile', async () => {
    before = await server.settled();
    const [ours, theirs] = duplexPair();
    const over = server.server.serve(theirs, peerAt('192.0.2.9'), false);
    // HELP has a long reply: the stream is soon full.
    for (let i = 0; i < 900; i++) ours.write('HELP\r\n');
    await turns();
    clock.advance(301 * SECOND);
    await over;
    expect(server.said(/^info closed 3 Connection timed out/)).toHaveLength(1);
    const [line = ''] = server.said(/the client did not read what it was sent within 300 s/);
    expect(Number(/"commands":(\d+)/.exec(line)?.[1])).toBeLessThan(200);
    ours.destroy();
    await nothingLeft();
  });
});

describe('many slow clients', () => {
  it('do not keep anybody else waiting', async () => {
    before = await server.settled();
    const slow = Array.from({ length: 500 }, (_, i) => server.inMemory(`10.0.${i >> 8}.${i & 255}`));
    for (const client of slow) await client.reply();
    for (let round = 0; round < 30; round++) {
      for (const client of slow) client.send('E');
      clock.advance(20 * SECOND);
    }
    const other = server.inMemory();
    await other.reply();
    await other.openMessage();
    other.send('x\r\n.\r\n');
    expect(await other.reply()).toMatch(/^451 /);
    await other.quit();
    for (const client of slow) client.stream.end();
    await Promise.all(slow.map((client) => client.over));
    await nothingLeft();
  });
});
