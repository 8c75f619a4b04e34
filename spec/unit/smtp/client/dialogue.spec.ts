// What goes over the wire to a next hop that works or says no: the dialogues recorded from the original, and where ours differs.
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { type HopScript, NextHop, refusedPort } from '../../../../src/bench/ports/next-hop.ts';
import type { DeliveryOutcome } from '../../../../src/delivery/port/delivery.ts';
import { recipientOf } from '../../../../src/smtp/protocol/recipient.ts';
import { bench, HELO, MESSAGE, source, streamed, to, turns } from './support.ts';

const hasIPv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);
const hops: NextHop[] = [];
async function hop(script: HopScript = {}): Promise<NextHop> {
  const started = await NextHop.start(script);
  hops.push(started);
  return started;
}
afterEach(async () => {
  for (const one of hops.splice(0)) await one.close();
});

const PIPELINING = '250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 1000000\r\n';
const MAIL = `MAIL FROM:<alice@example.com> SIZE=${MESSAGE.length}`;
const BOB = 'RCPT TO:<bob@example.org>';
const CAROL = 'RCPT TO:<carol@example.org>';
const DAVE = 'RCPT TO:<dave@example.net>';
const THREE = ['bob@example.org', 'carol@example.org', 'dave@example.net'];

const codes = (outcome: DeliveryOutcome): number[] => outcome.rcpts.map((rcpt) => rcpt.code);

describe('a dialogue without extensions', () => {
  it('delivers in lock step', async () => {
    const sink = await hop({ ehlo: '250 sink\r\n' });
    const { client, send } = bench();
    expect(await send([sink.target])).toEqual({
      kind: 'delivered',
      host: sink.target,
      code: 250,
      text: '250 queued',
      rcpts: [{ recipient: recipientOf('bob@example.org'), code: 250, text: '250 ok' }],
    });
    expect(sink.connections[0]?.events).toEqual([
      { send: '220 sink ESMTP\r\n' },
      { recv: `EHLO ${HELO}\r\n` },
      { send: '250 sink\r\n' },
      { recv: 'MAIL FROM:<alice@example.com>\r\n' },
      { send: '250 ok\r\n' },
      { recv: `${BOB}\r\n` },
      { send: '250 ok\r\n' },
      { recv: 'DATA\r\n' },
      { send: '354 go\r\n' },
      { recv_data: MESSAGE },
      { send: '250 queued\r\n' },
    ]);
    client.close();
    await sink.allClosed();
    expect(sink.commands.at(-1)).toBe('QUIT');
  });

  it.each([
    ['all accepted', ['250 ok\r\n'], [250, 250, 250], true],
    ['some refused', ['250 ok\r\n', '550 5.1.1 unknown\r\n', '450 4.2.1 later\r\n'], [250, 550, 450], true],
    ['251 counts', ['251 will forward\r\n'], [251, 251, 251], true],
    ['multi-line', ['550-no\r\n550 such user\r\n', '250 ok\r\n'], [550, 250, 250], true],
    ['all refused', ['550 5.1.1 unknown\r\n'], [550, 550, 550], false],
  ])('recipients: %s', async (_, rcpt, expected, data) => {
    const sink = await hop({ rcpt });
    const { client, send } = bench();
    const outcome = await send([sink.target], { recipients: to(...THREE) });
    expect(codes(outcome)).toEqual(expected);
    expect(outcome.kind).toBe(data ? 'delivered' : 'refused');
    expect(sink.commands).toEqual([`EHLO ${HELO}`, MAIL, BOB, CAROL, DAVE, ...(data ? ['DATA'] : [])]);
    client.close();
  });

  // Duplicates: the client hears 451, tries again, and those who were taken have another copy each time.
  it.each([
    ['one refused at the end', ['250 ok\r\n', '250 ok\r\n', '550 5.1.1 unknown\r\n'], '550 5.1.1 unknown'],
    ['one refused before', ['550 5.1.1 unknown\r\n', '250 ok\r\n', '251 forward\r\n'], '550 5.1.1 unknown'],
    ['one for now, one for ever', ['550 no\r\n', '450 4.2.1 later\r\n', '250 ok\r\n'], '450 4.2.1 later'],
  ])('sends nothing when all recipients are wanted: %s', async (_, rcpt, text) => {
    for (const ehlo of ['250 sink\r\n', PIPELINING]) {
      const sink = await hop({ rcpt, ehlo });
      const { client, send } = bench();
      const outcome = await send([sink.target], { recipients: to(...THREE), allRecipients: true });
      expect(outcome).toMatchObject({ kind: 'refused', stage: 'rcpt', text });
      expect(sink.commands).not.toContain('DATA');
      // The connection is as good as before.
      await send([sink.target], { recipients: to('d@example.org') });
      expect(sink.connections).toHaveLength(1);
      expect(sink.commands).toContain('RSET');
      client.close();
    }
  });

  it('sends to all when all are wanted and taken', async () => {
    const sink = await hop({ rcpt: ['250 ok\r\n', '251 forward\r\n'] });
    const { client, send } = bench();
    expect((await send([sink.target], { recipients: to(...THREE), allRecipients: true })).kind).toBe(
      'delivered',
    );
    client.close();
  });

  it('gives whole multi-line replies', async () => {
    const sink = await hop({
      banner: '220-hello\r\n220-there\r\n220 sink\r\n',
      rcpt: '250-yes\r\n250 sure\r\n',
      dot: '250-2.0.0 queued\r\n250 2.0.0 as 12345\r\n',
    });
    const { client, send } = bench();
    expect(await send([sink.target])).toMatchObject({
      kind: 'delivered',
      text: '250-2.0.0 queued\n250 2.0.0 as 12345',
      rcpts: [{ text: '250-yes\n250 sure' }],
    });
    client.close();
  });

  it('says HELO to whoever does not know EHLO, and then uses no extension', async () => {
    const sink = await hop({ ehlo: '502 5.5.1 unknown\r\n', helo: PIPELINING });
    const { client, send } = bench();
    expect((await send([sink.target])).kind).toBe('delivered');
    expect(sink.commands).toEqual([
      `EHLO ${HELO}`,
      `HELO ${HELO}`,
      'MAIL FROM:<alice@example.com>',
      BOB,
      'DATA',
    ]);
    client.close();
  });

  it('goes on with HELO after a 421 to EHLO when the connection stays', async () => {
    const sink = await hop({ ehlo: '421 4.3.2 bye\r\n' });
    const { client, send } = bench();
    expect((await send([sink.target])).kind).toBe('delivered');
    client.close();
  });

  it('sends the null sender', async () => {
    const sink = await hop({ ehlo: '250 sink\r\n' });
    const { client, send } = bench();
    await send([sink.target], { sender: '' });
    expect(sink.commands[1]).toBe('MAIL FROM:<>');
    client.close();
  });
});

describe('a refusal', () => {
  const table: [string, HopScript, string, number, string[]][] = [
    ['MAIL 451', { mail: '451 4.7.1 later\r\n' }, 'mail', 451, [MAIL]],
    ['MAIL 550', { mail: '550 5.7.1 no\r\n' }, 'mail', 550, [MAIL]],
    ['RCPT 450', { rcpt: '450 4.2.1 later\r\n' }, 'rcpt', 450, [MAIL, BOB]],
    ['DATA 451', { data: '451 4.3.0 no\r\n' }, 'data', 451, [MAIL, BOB, 'DATA']],
    ['DATA 554', { data: '554 5.6.0 no\r\n' }, 'data', 554, [MAIL, BOB, 'DATA']],
    ['DATA 250', { data: '250 what\r\n' }, 'data', 250, [MAIL, BOB, 'DATA']],
    ['dot 451', { dot: '451 4.3.0 later\r\n' }, 'dot', 451, [MAIL, BOB, 'DATA']],
    ['dot 550', { dot: '550 5.7.1 spam\r\n' }, 'dot', 550, [MAIL, BOB, 'DATA']],
    ['dot 421', { dot: '421 4.3.2 shutting down\r\n' }, 'dot', 421, [MAIL, BOB, 'DATA']],
    ['dot 354', { dot: '354 go on\r\n' }, 'dot', 354, [MAIL, BOB, 'DATA']],
  ];
  for (const ehlo of ['250-sink\r\n250 SIZE\r\n', '250-sink\r\n250-SIZE\r\n250 PIPELINING\r\n']) {
    it.each(table)(
      `${ehlo.includes('PIPE') ? 'pipelined' : 'in lock step'}: %s is final`,
      async (_, script, stage, code, commands) => {
        const sink = await hop({ ...script, ehlo });
        const second = await hop();
        const { client, log, send } = bench();
        const outcome = await send([sink.target, second.target]);
        expect(outcome).toMatchObject({ kind: 'refused', stage, code, host: sink.target });
        expect(second.connections).toHaveLength(0);
        // MAIL and RCPT go together, DATA by itself: not when nobody was taken.
        const envelope = ehlo.includes('PIPE') && commands.length === 1 ? [MAIL, BOB] : commands;
        expect(sink.connections[0]?.commands.slice(0, 4)).toEqual([`EHLO ${HELO}`, ...envelope]);
        expect(log.short).toEqual(['notice next hop refused']);
        // Kept for the next message, unless the next hop is closing or made no sense.
        expect(client.idleConnections).toBe(code >= 400 && code !== 421 ? 1 : 0);
        expect(log.lines[0]?.fields).toMatchObject({ id: 'T1', host: sink.target, stage, code });
        client.close();
      },
    );
  }

  it('of all recipients reports one that leaves hope, for the sender to try again', async () => {
    const sink = await hop({ rcpt: ['550 a\r\n', '450 b\r\n', '550 c\r\n'] });
    const { client, send } = bench();
    expect(await send([sink.target], { recipients: to(...THREE) })).toMatchObject({
      kind: 'refused',
      stage: 'rcpt',
      code: 450,
      text: '450 b',
    });
    client.close();
  });

  it('of MAIL leaves the recipients unasked, also when they were pipelined', async () => {
    const sink = await hop({ ehlo: PIPELINING, mail: '550 no\r\n', rcpt: '503 no\r\n', data: '503 no\r\n' });
    const { client, send } = bench();
    const outcome = await send([sink.target], { recipients: to(...THREE) });
    expect(outcome).toMatchObject({ kind: 'refused', stage: 'mail', code: 550 });
    expect(outcome.rcpts).toEqual(to(...THREE).map((recipient) => ({ recipient, code: 0, text: '' })));
    client.close();
  });
});

describe('pipelining', () => {
  it('sends the envelope in one write, then DATA, then content and dot', async () => {
    const sink = await hop({ ehlo: PIPELINING });
    const { client, send } = bench();
    expect((await send([sink.target], { recipients: to(...THREE) })).kind).toBe('delivered');
    expect(sink.connections[0]?.reads).toEqual([
      `EHLO ${HELO}\r\n`,
      `${[MAIL, BOB, CAROL, DAVE].join('\r\n')}\r\n`,
      'DATA\r\n',
    ]);
    client.close();
  });

  it.each([1, 2, 3, 7])('understands replies that come in pieces of %i bytes', async (split) => {
    const sink = await hop({
      ehlo: PIPELINING,
      rcpt: ['250 ok\r\n', '550-a\r\n550 b\r\n', '251 c\r\n'],
      split,
    });
    const { client, send } = bench();
    const outcome = await send([sink.target], { recipients: to(...THREE) });
    expect(outcome).toMatchObject({ kind: 'delivered', text: '250 queued' });
    expect(codes(outcome)).toEqual([250, 550, 251]);
    client.close();
  });

  it.each([
    ['all recipients', { rcpt: '550 5.1.1 unknown\r\n' }, 'rcpt'],
    ['MAIL', { mail: '550 5.7.1 no\r\n' }, 'mail'],
    ['MAIL, recipients taken all the same', { mail: '550 5.7.1 no\r\n', rcpt: '250 ok\r\n' }, 'mail'],
  ] as const)(
    'sends no DATA behind a refusal of %s: some keep the empty message',
    async (_, script, stage) => {
      const sink = await hop({ ehlo: PIPELINING, ...script });
      const { client, send } = bench();
      expect(await send([sink.target])).toMatchObject({ kind: 'refused', stage, code: 550 });
      expect(sink.commands).not.toContain('DATA');
      // In step: the connection serves the next message.
      expect(await send([sink.target], { recipients: to(...THREE) })).toMatchObject({
        kind: 'refused',
        stage,
      });
      // A refusal of MAIL over a connection that was used is tried over a new one.
      expect(sink.connections).toHaveLength(stage === 'mail' ? 2 : 1);
      expect(sink.connections[0]?.contents).toEqual([]);
      client.close();
    },
  );

  it('asks about recipients without DATA', async () => {
    const sink = await hop({ ehlo: PIPELINING, rcpt: ['550 5.1.1 unknown\r\n', '250 ok\r\n'] });
    const { client, send } = bench();
    const outcome = await send([sink.target], {
      recipients: to(...THREE.slice(0, 2)),
      message: undefined,
      sender: '',
    });
    expect(outcome).toMatchObject({ kind: 'verified', code: 250, text: '250 ok' });
    expect(codes(outcome)).toEqual([550, 250]);
    expect(sink.commands).toEqual([`EHLO ${HELO}`, 'MAIL FROM:<>', BOB, CAROL]);
    client.close();
  });
});

describe('extensions', () => {
  it('declares 8-bit content where 8BITMIME is offered, and sends it as it is where not', async () => {
    const message = source('Subject: \xe9\r\n\r\n\xff\0\r\n');
    const modern = await hop({ ehlo: PIPELINING });
    const old = await hop({ ehlo: '250 sink\r\n' });
    const { client, log, send } = bench();
    for (const sink of [modern, old]) {
      expect((await send([sink.target], { message, eightBit: true })).kind).toBe('delivered');
      expect(sink.connections[0]?.contents[0]?.toString('latin1')).toBe('Subject: \xe9\r\n\r\n\xff\0\r\n');
    }
    expect(modern.commands[1]).toBe(`MAIL FROM:<alice@example.com> SIZE=${message.size} BODY=8BITMIME`);
    expect(old.commands[1]).toBe('MAIL FROM:<alice@example.com>');
    const said = 'message with 8-bit content goes to a next hop without 8BITMIME';
    expect(log.lines.filter(({ message: text }) => text === said).map(({ fields }) => fields.host)).toEqual([
      old.target,
    ]);
    client.close();
  });

  it('says of the content what is true of it, whatever the sender said, and nothing of AUTH', async () => {
    const sink = await hop({ ehlo: '250-sink\r\n250-SIZE\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n' });
    const { client, send } = bench();
    await send([sink.target], { parameters: { SIZE: 1, BODY: '8BITMIME', AUTH: '<>' } });
    expect(sink.commands[1]).toBe(MAIL);
    client.close();
  });

  it('finds keywords in any case and with parameters', async () => {
    const sink = await hop({ ehlo: '250-sink PIPELINING\r\n250-size=7\r\n250-8bitmime\r\n250 X\r\n' });
    const { client, send } = bench();
    await send([sink.target], { eightBit: true });
    expect(sink.commands[1]).toBe(`${MAIL} BODY=8BITMIME`);
    expect(sink.connections[0]?.reads).toHaveLength(4);
    client.close();
  });
});

describe('content', () => {
  it.each([
    ['', ''],
    ['no line end', 'no line end\r\n'],
    ['.one\r\n.\r\ntwo\r\n', '..one\r\n..\r\ntwo\r\n'],
    ['bare\nlines\rhere', 'bare\r\nlines\r\nhere\r\n'],
  ])('%j', async (content, wire) => {
    const sink = await hop();
    const { client, send } = bench();
    expect((await send([sink.target], { message: source(content) })).kind).toBe('delivered');
    expect(sink.connections[0]?.contents.map(String)).toEqual([wire]);
    client.close();
  });

  it('arrives whole when it is large, from memory and from disk', async () => {
    const line = Buffer.from(Array.from({ length: 256 }, (_, i) => (i === 10 || i === 13 ? 46 : i)));
    const content = Buffer.concat(
      Array.from({ length: 12_000 }, () => Buffer.concat([line, Buffer.from('\r\n')])),
    );
    const pieces = [];
    for (let at = 0; at < content.length; at += 50_001) pieces.push(content.subarray(at, at + 50_001));
    const sink = await hop({ ehlo: PIPELINING });
    const { client, send } = bench();
    const disk = streamed(pieces);
    for (const message of [source(content), disk]) {
      expect((await send([sink.target], { message, eightBit: true })).kind).toBe('delivered');
    }
    const [fromMemory, fromDisk] = sink.connections[0]?.contents ?? [];
    expect(fromMemory?.equals(content)).toBe(true);
    expect(fromDisk?.equals(content)).toBe(true);
    expect(disk.closed).toBe(1);
    client.close();
  });

  it('waits for a next hop that does not read instead of filling memory', async () => {
    const sink = await hop({ content: { after: 1, pause: true } });
    const { client, send } = bench();
    const message = streamed(Array.from({ length: 2000 }, () => Buffer.alloc(65_536, 'x\r\n')));
    const abort = new AbortController();
    const outcome = send([sink.target], { message }, abort.signal);
    await sink.saw('DATA');
    // The kernel's buffers take some; then nothing moves any more.
    for (let before = -1; before !== message.pulled || before === 0; ) {
      before = message.pulled;
      await turns(100);
    }
    expect(message.pulled).toBeLessThan(500);
    abort.abort();
    expect(await outcome).toMatchObject({ kind: 'failed', stage: 'content', error: 'given up' });
    client.close();
  });
});

describe('several hosts', () => {
  it('uses the first that works and leaves the others alone', async () => {
    const [first, second] = [await hop(), await hop()];
    const { client, send } = bench();
    expect(await send([first.target, second.target])).toMatchObject({
      kind: 'delivered',
      host: first.target,
    });
    expect(second.connections).toHaveLength(0);
    client.close();
  });

  it('tries all addresses of a name before the next host', async () => {
    const sink = await hop();
    const nobody = await refusedPort();
    const { client, log, resolver, send } = bench({}, { 'mx.example.test': ['127.0.0.2', '127.0.0.1'] });
    const outcome = await send([`127.0.0.1:${nobody}`, 'nowhere.test', `mx.example.test:${sink.port}`]);
    expect(outcome).toMatchObject({ kind: 'delivered', host: `mx.example.test:${sink.port}` });
    expect(resolver.asked).toEqual(['nowhere.test', 'mx.example.test']);
    expect(log.lines.map(({ fields }) => [fields.host, fields.code, fields.cause])).toEqual([
      [`127.0.0.1:${nobody}`, 110, 'ECONNREFUSED'],
      ['nowhere.test', 110, 'the name has no address'],
      [`mx.example.test:${sink.port}`, 110, 'ECONNREFUSED'],
    ]);
    client.close();
  });

  it.skipIf(!hasIPv6)('connects to IPv6 addresses', async () => {
    const sink = await NextHop.start({}, '::1');
    hops.push(sink);
    const { client, send } = bench();
    expect(await send([`[::1]:${sink.port}`])).toMatchObject({ kind: 'delivered' });
    client.close();
  });

  it('names what is wrong with a host and goes on', async () => {
    const sink = await hop();
    const { client, log, send } = bench();
    expect((await send(['host:99999', 'maildir:/x', sink.target])).kind).toBe('delivered');
    expect(log.lines.map(({ fields }) => fields.cause)).toEqual([
      'not a next hop, expected a port from 1 to 65535 behind the colon',
      'maildir: is for option smtp-smart-host only',
    ]);
    client.close();
  });

  it('refuses addresses that would end the command line, before it connects', async () => {
    const sink = await hop();
    const { client, log, send } = bench();
    for (const changes of [
      { sender: 'a@b\r\nRSET' },
      { recipients: to('a@b', 'c\nd') },
      { recipients: to('a\0') },
      { recipients: to() },
    ]) {
      expect(await send([sink.target], changes)).toMatchObject({
        kind: 'failed',
        stage: 'connect',
        code: 100,
      });
    }
    expect(log.lines).toHaveLength(4);
    expect(sink.connections).toHaveLength(0);
    client.close();
  });
});

describe('the log', () => {
  it('has the dialogue under the word smtp, without the content', async () => {
    const sink = await hop();
    const { client, log, send } = bench({}, {}, { verbose: true });
    await send([sink.target]);
    expect(log.lines.every((line) => line.level === 'debug' && line.fields.host === sink.target)).toBe(true);
    const lines = log.lines.map(
      ({ message, fields }) => `${message.replace('next hop', 'HOP')} ${fields.line}`,
    );
    expect(lines).toEqual([
      'HOP < 220 sink ESMTP',
      `HOP > EHLO ${HELO}`,
      'HOP < 250-sink\n250 SIZE',
      `HOP > ${MAIL}`,
      'HOP < 250 ok',
      `HOP > ${BOB}`,
      'HOP < 250 ok',
      'HOP > DATA',
      'HOP < 354 go',
      `HOP > (${MESSAGE.length + 3} bytes of content and final dot)`,
      'HOP < 250 queued',
    ]);
    client.close();
  });

  it('names recipients that were left out of a delivery', async () => {
    const sink = await hop({ rcpt: ['250 ok\r\n', '550 5.1.1 unknown\r\n'] });
    const { client, log, send } = bench();
    await send([sink.target], { recipients: to(...THREE.slice(0, 2)) });
    expect(log.short).toEqual(['notice next hop refused recipients']);
    expect(log.lines[0]?.fields).toMatchObject({
      refused: 1,
      of: 2,
      first: 'carol@example.org',
      cause: '550 5.1.1 unknown',
    });
    client.close();
  });
});
