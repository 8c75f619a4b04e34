// Connections kept for the next message: when one is used again, when it is not, and that nothing is left of them.

import { afterEach, describe, expect, it } from 'vitest';
import type { Clock, Timer } from '../../../../src/base/clock.ts';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import { type HopScript, NextHop } from '../../../../src/bench/ports/next-hop.ts';
import { RecordLog } from '../../../../src/bench/ports/record-log.ts';
import { FakeResolver } from '../../../../src/bench/ports/resolver.ts';
import { createOptions } from '../../../../src/options/option-set.ts';
import { createSmtpClient } from '../../../../src/smtp/client/smtp-client.ts';
import { type Bench, bench, delivery, HELO, MESSAGE, turns } from './support.ts';

const hops: NextHop[] = [];
async function hop(script: HopScript = {}): Promise<NextHop> {
  const started = await NextHop.start(script);
  hops.push(started);
  return started;
}
afterEach(async () => {
  for (const one of hops.splice(0)) await one.close();
});

async function nothingLeft({ client, clock }: Bench, ...sinks: readonly NextHop[]): Promise<void> {
  client.close();
  for (const sink of sinks) await sink.allClosed();
  expect(client.idleConnections).toBe(0);
  expect(clock.pending).toBe(0);
}

const pipelined: HopScript = { ehlo: '250-sink\r\n250 PIPELINING\r\n' };
const ENVELOPE = ['MAIL FROM:<alice@example.com>', 'RCPT TO:<bob@example.org>', 'DATA'];
const count = (sink: NextHop, command: string): number =>
  sink.commands.filter((line) => line.startsWith(command)).length;

describe('a connection is used again', () => {
  it('after RSET, which is pipelined with the next envelope', async () => {
    const sink = await hop(pipelined);
    const it = bench();
    for (let i = 0; i < 3; i++) expect((await it.send([sink.target])).kind).toBe('delivered');
    expect(sink.connections).toHaveLength(1);
    expect(sink.connections[0]?.reads).toEqual([
      `EHLO ${HELO}\r\n`,
      `${ENVELOPE.slice(0, -1).join('\r\n')}\r\n`,
      'DATA\r\n',
      ...[1, 2].flatMap(() => [`${['RSET', ...ENVELOPE.slice(0, -1)].join('\r\n')}\r\n`, 'DATA\r\n']),
    ]);
    expect(sink.connections[0]?.contents.map(String)).toEqual([MESSAGE, MESSAGE, MESSAGE]);
    await nothingLeft(it, sink);
    expect(sink.commands.at(-1)).toBe('QUIT');
  });

  it('in lock step where pipelining is not offered', async () => {
    const sink = await hop({ ehlo: '250 sink\r\n' });
    const it = bench();
    await it.send([sink.target]);
    await it.send([sink.target]);
    expect(sink.commands).toEqual([`EHLO ${HELO}`, ...ENVELOPE, 'RSET', ...ENVELOPE]);
    await nothingLeft(it, sink);
  });

  it.each([
    ['MAIL', { mail: ['550 no\r\n', '250 ok\r\n'] }],
    ['all recipients', { rcpt: ['550 no\r\n', '250 ok\r\n'] }],
    ['DATA', { data: ['451 no\r\n', '354 go\r\n'] }],
    ['the message', { dot: ['550 spam\r\n', '250 ok\r\n'] }],
  ] as const)('after a refusal of %s', async (_, script) => {
    for (const base of [{}, pipelined]) {
      const sink = await hop({ ...base, ...script });
      const it = bench();
      expect((await it.send([sink.target])).kind).toBe('refused');
      expect((await it.send([sink.target])).kind).toBe('delivered');
      expect(sink.connections).toHaveLength(1);
      await nothingLeft(it, sink);
    }
  });

  it('after a call-ahead', async () => {
    const sink = await hop();
    const it = bench();
    expect((await it.send([sink.target], { message: undefined })).kind).toBe('verified');
    expect((await it.send([sink.target])).kind).toBe('delivered');
    expect(sink.connections).toHaveLength(1);
    await nothingLeft(it, sink);
  });

  it('by the same name and port only, without asking DNS again', async () => {
    const sink = await hop();
    const it = bench({}, { a: ['127.0.0.1'], b: ['127.0.0.1'] });
    await it.send([`a:${sink.port}`]);
    await it.send([`A:${sink.port}`]);
    await it.send([`b:${sink.port}`]);
    expect(it.resolver.asked).toEqual(['a', 'b']);
    expect(sink.connections).toHaveLength(2);
    await nothingLeft(it, sink);
  });

  it('by one message at a time', async () => {
    const sink = await hop(pipelined);
    const it = bench();
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => it.send([sink.target])));
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(Array.from({ length: 5 }, () => 'delivered'));
    expect(sink.connections).toHaveLength(5);
    expect(it.client.idleConnections).toBe(5);
    await nothingLeft(it, sink);
  });
});

describe('limits', () => {
  it('smtp-forward-connections=0 ends every connection with QUIT', async () => {
    const sink = await hop();
    const it = bench({ 'smtp-forward-connections': '0' });
    await it.send([sink.target]);
    await it.send([sink.target]);
    await sink.allClosed(2);
    expect(count(sink, 'QUIT')).toBe(2);
    expect(count(sink, 'RSET')).toBe(0);
    await nothingLeft(it, sink);
  });

  it('smtp-forward-connections ends the one that is idle longest', async () => {
    const [first, second, third] = [await hop(), await hop(), await hop()];
    const it = bench({ 'smtp-forward-connections': '2' });
    for (const sink of [first, second, third]) await it.send([sink.target]);
    expect(it.client.idleConnections).toBe(2);
    await first.allClosed();
    expect(first.commands.at(-1)).toBe('QUIT');
    await it.send([second.target]);
    expect(second.connections).toHaveLength(1);
    await nothingLeft(it, first, second, third);
  });

  it('smtp-forward-messages ends a connection that has carried so many', async () => {
    const sink = await hop();
    const it = bench({ 'smtp-forward-messages': '2' });
    for (let i = 0; i < 5; i++) await it.send([sink.target]);
    expect(sink.connections.map((one) => one.contents.length)).toEqual([2, 2, 1]);
    await nothingLeft(it, sink);
  });

  it('smtp-forward-idle ends a connection nobody has used', async () => {
    const sink = await hop();
    const it = bench({ 'smtp-forward-idle': '30' });
    await it.send([sink.target]);
    it.clock.advance(29_999);
    expect(it.client.idleConnections).toBe(1);
    it.clock.advance(1);
    expect(it.client.idleConnections).toBe(0);
    await sink.allClosed();
    expect(sink.commands.at(-1)).toBe('QUIT');
    await nothingLeft(it, sink);
  });

  it('close ends idle connections at once, and those in use when they are done', async () => {
    const sink = await hop();
    const it = bench();
    await it.send([sink.target]);
    const running = it.send([sink.target]);
    it.client.close();
    expect((await running).kind).toBe('delivered');
    await nothingLeft(it, sink);
  });
});

describe('a kept connection that the next hop gave up', () => {
  it('is forgotten as soon as it is closed', async () => {
    const sink = await hop();
    const it = bench();
    await it.send([sink.target]);
    sink.hangUp();
    while (it.client.idleConnections > 0) await turns(1);
    expect((await it.send([sink.target])).kind).toBe('delivered');
    expect(sink.connections).toHaveLength(2);
    expect(it.log.lines).toEqual([]);
    await nothingLeft(it, sink);
  });

  it.each([['421 4.4.2 idle too long\r\n'], ['250 ok\r\n'], ['nonsense\r\n'], ['x'.repeat(5000)]])(
    'is forgotten when it says %j',
    async (text) => {
      const sink = await hop();
      const it = bench();
      await it.send([sink.target]);
      sink.say(text);
      while (it.client.idleConnections > 0) await turns(1);
      expect((await it.send([sink.target])).kind).toBe('delivered');
      await nothingLeft(it, sink);
    },
  );

  it('is not used when half a line lies there', async () => {
    const sink = await hop();
    const it = bench();
    await it.send([sink.target]);
    sink.say('250 o');
    await turns(20);
    expect((await it.send([sink.target])).kind).toBe('delivered');
    expect(sink.connections).toHaveLength(2);
    await nothingLeft(it, sink);
  });

  it.each([
    ['closes at RSET', { rset: null }],
    ['resets at RSET', { rset: { end: 'reset' } }],
    ['refuses RSET', { rset: '500 what\r\n' }],
    ['says 421 to RSET', { rset: { reply: '421 4.4.2 timeout\r\n', end: 'close' } }],
    ['closes at MAIL', { mail: ['250 ok\r\n', null, '250 ok\r\n'] }],
    ['says 421 to MAIL', { mail: ['250 ok\r\n', '421 4.7.0 enough\r\n', '250 ok\r\n'] }],
    ['closes at DATA', { data: ['354 go\r\n', null, '354 go\r\n'] }],
  ] as const)('%s: the message goes over a new one, without the sender noticing', async (_, script) => {
    for (const base of [{}, pipelined]) {
      const sink = await hop({ ...base, ...script });
      const other = await hop();
      const it = bench();
      await it.send([sink.target, other.target]);
      expect(await it.send([sink.target, other.target])).toMatchObject({
        kind: 'delivered',
        host: sink.target,
      });
      expect(sink.connections.map((one) => one.contents.length)).toEqual([1, 1]);
      expect(other.connections).toHaveLength(0);
      await nothingLeft(it, sink);
    }
  });

  it('is replaced once only', async () => {
    const sink = await hop({ mail: ['250 ok\r\n', null] });
    const it = bench();
    await it.send([sink.target]);
    expect(await it.send([sink.target])).toMatchObject({ kind: 'failed', stage: 'mail', code: 130 });
    expect(sink.connections).toHaveLength(2);
    expect(it.log.short).toEqual(['info kept connection to next hop was closed', 'warning next hop failed']);
    await nothingLeft(it, sink);
  });

  it('after the dot is not replaced: the message may have been taken', async () => {
    const sink = await hop({ dot: ['250 ok\r\n', null] });
    const it = bench();
    await it.send([sink.target]);
    expect(await it.send([sink.target])).toMatchObject({ kind: 'failed', stage: 'dot', code: 130 });
    expect(sink.connections).toHaveLength(1);
    await nothingLeft(it, sink);
  });

  it('with a silent next hop is replaced when the deadline has passed', async () => {
    const sink = await hop({ rset: { end: 'hang' } });
    const it = bench({ 'smtp-command-timeout': '20' });
    await it.send([sink.target]);
    const outcome = it.send([sink.target]);
    await sink.saw('RSET');
    it.clock.advance(20_000);
    expect((await outcome).kind).toBe('delivered');
    expect(sink.connections).toHaveLength(2);
    await nothingLeft(it, sink);
  });
});

it('connections given up while in use are not kept', async () => {
  const sink = await hop({ data: { end: 'hang' } });
  const it = bench();
  const abort = new AbortController();
  const outcome = it.send([sink.target], {}, abort.signal);
  await sink.saw('DATA');
  abort.abort();
  await outcome;
  expect(it.client.idleConnections).toBe(0);
  await nothingLeft(it, sink);
});

it('keeps no process alive with an idle connection or its timer, and is alive again in use', async () => {
  const sink = await hop({ rset: { end: 'hang' } });
  const sockets = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  // Timers that keep a process alive.
  const holding = new Set<Timer>();
  const fake = new FakeClock();
  const clock: Clock = {
    now: () => fake.now(),
    monotonic: () => fake.monotonic(),
    after: (ms, fire) => {
      const made = fake.after(ms, fire);
      const timer: Timer = {
        restart: () => made.restart(),
        cancel: () => {
          holding.delete(timer);
          made.cancel();
        },
        unref: () => {
          holding.delete(timer);
        },
      };
      holding.add(timer);
      return timer;
    },
  };
  const client = createSmtpClient({
    options: createOptions({ 'smtp-forward-tls': 'off' }),
    ...{ resolver: new FakeResolver(), clock, log: new RecordLog(), helo: HELO },
  });
  const before = sockets();
  await client.deliver(delivery([sink.target]), new AbortController().signal);
  expect(client.idleConnections).toBe(1);
  // That of the next hop, which is in this process too.
  expect(sockets()).toBe(before + 1);
  expect(fake.pending).toBe(1);
  expect(holding.size).toBe(0);
  const abort = new AbortController();
  const outcome = client.deliver(delivery([sink.target]), abort.signal);
  await sink.saw('RSET');
  expect(sockets()).toBe(before + 2);
  abort.abort();
  await outcome;
  await sink.allClosed();
  expect(fake.pending).toBe(0);
});

it('makes no timer and adds no listener for each message over a connection that is kept', async () => {
  const sink = await hop();
  const fake = new FakeClock();
  let timers = 0;
  const clock: Clock = {
    now: () => fake.now(),
    monotonic: () => fake.monotonic(),
    after: (ms, fire) => {
      timers++;
      return fake.after(ms, fire);
    },
  };
  const client = createSmtpClient({
    options: createOptions({ 'smtp-forward-tls': 'off' }),
    ...{ resolver: new FakeResolver(), clock, log: new RecordLog(), helo: HELO },
  });
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  signal.addEventListener = ((...given: Parameters<typeof add>) => {
    listeners++;
    add(...given);
  }) as typeof add;
  for (let i = 0; i < 3; i++) await client.deliver(delivery([sink.target]), signal);
  const before = { timers, listeners };
  for (let i = 0; i < 20; i++) {
    expect((await client.deliver(delivery([sink.target]), signal)).kind).toBe('delivered');
  }
  expect({ timers, listeners }).toEqual(before);
  client.close();
  await sink.allClosed();
  expect(fake.pending).toBe(0);
});
