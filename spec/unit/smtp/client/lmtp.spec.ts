// LMTP (RFC 2033) over TCP and sockets: LHLO, and a reply for each recipient behind the final dot.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type HopReply, type HopScript, NextHop } from '../../../../src/bench/ports/next-hop.ts';
import type { DeliveryOutcome } from '../../../../src/delivery/port/delivery.ts';
import { type Bench, bench, HELO, pass, to } from './support.ts';

const directory = mkdtempSync(join(tmpdir(), 'smtpe-lmtp-'));
afterAll(() => rmSync(directory, { recursive: true }));
const socket = join(directory, 'lmtp');

const hops: NextHop[] = [];
async function hop(script: HopScript = {}, address?: string): Promise<NextHop> {
  const started = await NextHop.start(script, address);
  hops.push(started);
  return started;
}
afterEach(async () => {
  for (const one of hops.splice(0)) await one.close();
});

async function nothingLeft({ client, clock }: Bench, sink: NextHop): Promise<void> {
  client.close();
  await sink.allClosed();
  expect(client.places).toBe(0);
  expect(clock.pending).toBe(0);
}

const THREE = ['a@example.org', 'b@example.org', 'c@example.org'];
const codes = (outcome: DeliveryOutcome): readonly number[] => outcome.rcpts.map(({ code }) => code);

describe('LMTP', () => {
  it.each([
    ['over TCP', undefined],
    ['over a socket', socket],
  ])('%s: LHLO, and the connection is kept', async (_, address) => {
    const sink = await hop(
      { ehlo: '250-sink\r\n250-CHUNKING\r\n250 PIPELINING\r\n', dot: '250 a\r\n250 b\r\n250 c\r\n' },
      address,
    );
    const host = `lmtp:${address ?? sink.target}`;
    const it = bench();
    for (let i = 0; i < 2; i++) {
      const outcome = await it.send([host], { recipients: to(...THREE) });
      expect(outcome).toMatchObject({ kind: 'delivered', host, code: 250, text: '250 a' });
      expect(outcome.rcpts.map(({ text }) => text)).toEqual(['250 a', '250 b', '250 c']);
    }
    expect(sink.connections).toHaveLength(1);
    expect(sink.commands[0]).toBe(`LHLO ${HELO}`);
    expect(sink.commands.filter((line) => line === 'DATA')).toHaveLength(2);
    await nothingLeft(it, sink);
  });

  it('a connection does not serve SMTP, nor the other way round', async () => {
    const sink = await hop();
    const it = bench();
    await it.send([sink.target]);
    await it.send([`lmtp:${sink.target}`]);
    await it.send([sink.target]);
    expect(sink.connections).toHaveLength(2);
    await nothingLeft(it, sink);
  });

  it.each<[string, HopScript['rcpt'], HopReply, string, readonly number[], number]>([
    [
      'one is over quota',
      '250 ok\r\n',
      '250 a\r\n552 5.2.2 full\r\n250 c\r\n',
      'delivered',
      [250, 552, 250],
      250,
    ],
    [
      'the first is over quota',
      '250 ok\r\n',
      '452 4.2.2 full\r\n250 b\r\n250 c\r\n',
      'delivered',
      [452, 250, 250],
      250,
    ],
    [
      'one was unknown before',
      ['250 ok\r\n', '550 5.1.1 who\r\n', '250 ok\r\n'],
      '250 a\r\n250 c\r\n',
      'delivered',
      [250, 550, 250],
      250,
    ],
    ['all for good', '250 ok\r\n', '550 a\r\n552 b\r\n550 c\r\n', 'refused', [550, 552, 550], 550],
    ['one leaves hope', '250 ok\r\n', '550 a\r\n452 b\r\n550 c\r\n', 'refused', [550, 452, 550], 452],
    ['421 in between', '250 ok\r\n', '250 a\r\n421 4.3.2 bye\r\n', 'delivered', [250, 421, 451], 250],
    ['421 at once', '250 ok\r\n', '421 4.3.2 bye\r\n', 'refused', [421, 451, 451], 421],
    [
      'closed in between',
      '250 ok\r\n',
      { reply: '250 a\r\n', end: 'close' },
      'delivered',
      [250, 451, 451],
      250,
    ],
    [
      'closed behind a no',
      '250 ok\r\n',
      { reply: '550 a\r\n', end: 'close' },
      'failed',
      [550, 250, 250],
      130,
    ],
    ['closed at once', '250 ok\r\n', null, 'failed', [250, 250, 250], 130],
    ['garbage in between', '250 ok\r\n', '250 a\r\nwhat\r\n', 'delivered', [250, 451, 451], 250],
    [
      'the last line without an end',
      '250 ok\r\n',
      { reply: '250 a\r\n550 b\r\n250 c', end: 'close' },
      'delivered',
      [250, 550, 250],
      250,
    ],
  ])('each recipient has its own reply to the dot: %s', async (_, rcpt, dot, kind, replies, code) => {
    for (const ehlo of ['250-sink\r\n250 SIZE\r\n', '250-sink\r\n250 PIPELINING\r\n']) {
      const sink = await hop({ ehlo, dot, ...(rcpt === undefined ? {} : { rcpt }) });
      const it = bench();
      const outcome = await it.send([`lmtp:${sink.target}`], { recipients: to(...THREE) });
      expect(outcome).toMatchObject({ kind, code });
      if (kind !== 'delivered') expect(outcome).toMatchObject({ stage: 'dot' });
      expect(codes(outcome)).toEqual(replies);
      await nothingLeft(it, sink);
    }
  });

  it('is silent behind the first reply: who was answered has it, of the others nothing is known', async () => {
    const sink = await hop({ dot: { reply: '250 a\r\n', end: 'hang' } });
    const it = bench({ 'smtp-dot-timeout': '30' });
    const { value } = await pass(it.send([`lmtp:${sink.target}`], { recipients: to(...THREE) }), it.clock);
    expect(value.kind).toBe('delivered');
    expect(codes(value)).toEqual([250, 451, 451]);
    await nothingLeft(it, sink);
  });

  it('a reply more than there are recipients ends the connection', async () => {
    const sink = await hop({ dot: '250 a\r\n250 b\r\n' });
    const it = bench();
    expect((await it.send([`lmtp:${sink.target}`])).kind).toBe('delivered');
    expect(it.client.idleConnections).toBe(0);
    await nothingLeft(it, sink);
  });

  it('LHLO refused is not followed by HELO', async () => {
    const sink = await hop({ ehlo: '500 what\r\n' });
    const it = bench();
    expect(await it.send([`lmtp:${sink.target}`])).toMatchObject({
      kind: 'refused',
      stage: 'helo',
      code: 500,
    });
    await nothingLeft(it, sink);
    expect(sink.commands).toEqual([`LHLO ${HELO}`, 'QUIT']);
  });

  it('over a socket nothing is encrypted, whatever smtp-forward-tls says, and nobody logs in', async () => {
    const sink = await hop({ ehlo: '250-sink\r\n250 STARTTLS\r\n' }, `${socket}2`);
    const it = bench({
      ...{ 'smtp-forward-tls': 'must', 'smtp-forward-user': 'u', 'smtp-forward-password-file': '/none' },
    });
    expect((await it.send([`lmtp:${socket}2`], { ownHosts: true })).kind).toBe('delivered');
    await nothingLeft(it, sink);
  });

  it('a socket that is not there is named', async () => {
    const it = bench();
    expect(await it.send([`lmtp:${directory}/none`])).toMatchObject({
      ...{ kind: 'failed', stage: 'connect', error: 'ENOENT' },
    });
    expect(it.client.places).toBe(0);
  });
});
