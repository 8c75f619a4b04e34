// How many connections to a next hop there are at once, and who waits for one: options smtp-forward-parallel and the budget of a delivery.
import { afterEach, describe, expect, it } from 'vitest';
import { NextHop } from '../../../../src/bench/ports/next-hop.ts';
import { type ScriptedServer, startScripted } from '../../../../src/bench/ports/scripted-server.ts';
import type { Held } from '../../../../src/delivery/port/held.ts';
import { createOptions } from '../../../../src/options/option-set.ts';
import { recipientOf } from '../../../../src/smtp/protocol/recipient.ts';
import { type Bench, bench, pass, turns } from './support.ts';

/** A next hop that says nothing to a final dot until it is told to; takes `most` connections at once, says 421 to more. */
class SlowHop {
  readonly senders: string[] = [];
  readonly #waiting: (() => void)[] = [];
  #wake: (() => void) | undefined;
  most = Number.POSITIVE_INFINITY;
  turnedAway = 0;
  /** Connections at once, at most. */
  peak = 0;
  #open = 0;

  static async start(): Promise<{ readonly hop: SlowHop; readonly server: ScriptedServer }> {
    const hop = new SlowHop();
    const server = await startScripted(async (connection) => {
      if (hop.#open >= hop.most) {
        hop.turnedAway++;
        await connection.send('421 4.7.0 too many connections\r\n');
        connection.end();
        return;
      }
      hop.#open++;
      hop.peak = Math.max(hop.peak, hop.#open);
      void connection.closed.then(() => hop.#open--);
      await connection.send('220 slow\r\n');
      let seen = 0;
      let content = false;
      for (;;) {
        const bytes = await connection.until((all) => all.indexOf('\n', seen) >= 0);
        const end = bytes.indexOf('\n', seen);
        if (end < 0) return;
        const line = bytes.toString('latin1', seen, end).trimEnd();
        seen = end + 1;
        if (content) {
          if (line !== '.') continue;
          content = false;
          await new Promise<void>((resolve) => {
            hop.#waiting.push(resolve);
            hop.#wake?.();
          });
          await connection.send('250 queued\r\n');
        } else if (line === 'QUIT') {
          connection.end();
          return;
        } else {
          if (line.startsWith('MAIL')) hop.senders.push(line.slice(11, -1));
          content = line === 'DATA';
          await connection.send(content ? '354 go\r\n' : '250 ok\r\n');
        }
      }
    });
    return { hop, server };
  }

  /** Resolves when so many messages wait for a reply to their dot. */
  async waiting(count: number): Promise<void> {
    while (this.#waiting.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Answers the one that waits longest. */
  async answer(): Promise<void> {
    await this.waiting(1);
    this.#waiting.shift()?.();
  }
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function slowHop(): Promise<{ readonly hop: SlowHop; readonly host: string; server: ScriptedServer }> {
  const { hop, server } = await SlowHop.start();
  closing.push(() => server.close());
  return { hop, server, host: server.host };
}

async function nothingLeft({ client, clock }: Bench, server: ScriptedServer): Promise<void> {
  client.close();
  while (server.open > 0) await turns(1);
  expect(client.idleConnections).toBe(0);
  expect(client.places).toBe(0);
  expect(clock.pending).toBe(0);
}

const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `s${i}@x.example`);

describe('smtp-forward-parallel', () => {
  it('is never exceeded; who waits longest goes first, over the connection that is given back', async () => {
    const { hop, host, server } = await slowHop();
    const it = bench({ 'smtp-forward-parallel': '2' });
    const sent = names(7).map((sender) => it.send([host], { sender }));
    for (let i = 0; i < 7; i++) {
      await hop.waiting(Math.min(2, 7 - i));
      expect(hop.senders).toEqual(expect.arrayContaining(names(Math.min(7, i + 2)) as string[]));
      expect(hop.senders).toHaveLength(Math.min(7, i + 2));
      await hop.answer();
    }
    for (const outcome of await Promise.all(sent)) expect(outcome.kind).toBe('delivered');
    expect(server.connections).toHaveLength(2);
    expect(it.client.idleConnections).toBe(2);
    await nothingLeft(it, server);
  });

  it('counts for each next hop by itself', async () => {
    const one = await slowHop();
    const other = await slowHop();
    const it = bench({ 'smtp-forward-parallel': '1' });
    const sent = [one, other].map(({ host }) => it.send([host]));
    await one.hop.answer();
    await other.hop.answer();
    for (const outcome of await Promise.all(sent)) expect(outcome.kind).toBe('delivered');
    await nothingLeft(it, one.server);
    await nothingLeft(it, other.server);
  });

  it('ends the wait with the budget of the delivery, and the next host is asked only within it', async () => {
    const { hop, host, server } = await slowHop();
    const it = bench({ 'smtp-forward-parallel': '1', 'smtp-dot-timeout': '600' });
    const first = it.send([host]);
    await hop.waiting(1);
    const until = it.clock.monotonic() + 20_000;
    const { value, seconds } = await pass(it.send([host], { until }), it.clock);
    expect(value).toMatchObject({
      ...{ kind: 'failed', stage: 'connect', code: 120 },
      error: 'none of 1 connections (smtp-forward-parallel) became free in time',
    });
    expect(seconds).toBeLessThan(25);
    await hop.answer();
    expect((await first).kind).toBe('delivered');
    await nothingLeft(it, server);
  });

  it('is not waited for by who gives up', async () => {
    const { hop, host, server } = await slowHop();
    const it = bench({ 'smtp-forward-parallel': '1' });
    const first = it.send([host]);
    await hop.waiting(1);
    const abort = new AbortController();
    const second = it.send([host], { sender: 'gone@x.example' }, abort.signal);
    const third = it.send([host], { sender: 'third@x.example' });
    await turns();
    abort.abort();
    expect(await second).toMatchObject({ kind: 'failed', error: 'given up' });
    await hop.answer();
    await hop.answer();
    expect((await first).kind).toBe('delivered');
    expect((await third).kind).toBe('delivered');
    expect(hop.senders).not.toContain('gone@x.example');
    await nothingLeft(it, server);
  });

  it('makes room for whom the connections there are do not serve', async () => {
    const { hop, host, server } = await slowHop();
    const it = bench({ 'smtp-forward-parallel': '1' });
    const options = createOptions({ 'smtp-forward-tls': 'may', 'smtp-forward-parallel': '1' });
    // Idle: ended for it.
    const first = it.send([host]);
    await hop.answer();
    await first;
    const second = it.send([host], { options });
    await hop.waiting(1);
    expect(server.connections).toHaveLength(2);
    // In use: ended when it is given back.
    const third = it.send([host]);
    await turns();
    await hop.answer();
    await hop.answer();
    expect((await second).kind).toBe('delivered');
    expect((await third).kind).toBe('delivered');
    expect(server.connections).toHaveLength(3);
    await nothingLeft(it, server);
  });

  it('is free again when a connection is lost', async () => {
    const sink = await NextHop.start({ dot: [null, '250 ok\r\n'] });
    closing.push(() => sink.close());
    const it = bench({ 'smtp-forward-parallel': '1' });
    const sent = [it.send([sink.target]), it.send([sink.target])];
    const kinds = (await Promise.all(sent)).map(({ kind }) => kind);
    expect(kinds).toEqual(['failed', 'delivered']);
    it.client.close();
    await sink.allClosed(2);
    expect(it.client.places).toBe(0);
    expect(it.clock.pending).toBe(0);
  });

  it('is free again when nobody can be reached', async () => {
    const it = bench({ 'smtp-forward-parallel': '1' });
    for (let i = 0; i < 3; i++)
      expect(await it.send(['127.0.0.1:1'])).toMatchObject({ kind: 'failed', stage: 'connect' });
    expect(it.client.places).toBe(0);
  });
});

describe('a connection that is held for a client who says nothing', () => {
  const open = async (it: Bench, host: string, until: number): Promise<Held> => {
    const signal = new AbortController().signal;
    const opened = await it.client.open({ hosts: [host], sender: 'a@x.example', id: 'H', until }, signal);
    if (opened.kind !== 'held') throw new Error(opened.kind);
    return opened.held;
  };

  it('is given back after a second when somebody waits, in order, and not otherwise', async () => {
    const sink = await NextHop.start();
    closing.push(() => sink.close());
    const it = bench({ 'smtp-forward-parallel': '2' });
    const until = it.clock.monotonic() + 600_000;
    const held = [await open(it, sink.target, until)];
    it.clock.advance(500);
    held.push(await open(it, sink.target, until));
    it.clock.advance(20_000);
    expect(held.map(({ alive }) => alive)).toEqual([true, true]);
    const waiting = it.send([sink.target]);
    await turns();
    it.clock.advance(1);
    expect((await waiting).kind).toBe('delivered');
    expect(held.map(({ alive }) => alive)).toEqual([false, true]);
    expect(sink.connections).toHaveLength(2);
    held[1]?.giveBack();
    await turns();
    it.client.close();
    await sink.allClosed(2);
    expect(it.client.places).toBe(0);
    expect(it.clock.pending).toBe(0);
  });

  it('is not taken from a client at work', async () => {
    const sink = await NextHop.start();
    closing.push(() => sink.close());
    const it = bench({ 'smtp-forward-parallel': '1' });
    const until = it.clock.monotonic() + 600_000;
    const held = await open(it, sink.target, until);
    const waiting = it.send([sink.target]);
    const limits = { until, signal: new AbortController().signal };
    for (let i = 0; i < 5; i++) {
      it.clock.advance(900);
      await turns();
      expect(await held.rcpt(recipientOf(`r${i}@x.example`), limits)).toMatchObject({ kind: 'yes' });
    }
    const { value } = await pass(waiting, it.clock);
    expect(value.kind).toBe('delivered');
    expect(held.alive).toBe(false);
    it.client.close();
    await sink.allClosed(1);
    expect(it.clock.pending).toBe(0);
  });

  it('and lost leaves nothing behind', async () => {
    const sink = await NextHop.start();
    closing.push(() => sink.close());
    const it = bench({ 'smtp-forward-parallel': '1' });
    const held = await open(it, sink.target, it.clock.monotonic() + 600_000);
    const waiting = it.send([sink.target]);
    await turns();
    sink.hangUp();
    expect((await waiting).kind).toBe('delivered');
    expect(held.alive).toBe(false);
    it.client.close();
    await sink.allClosed(2);
    expect(it.client.places).toBe(0);
    expect(it.clock.pending).toBe(0);
  });
});

describe('a next hop that says 421 to a new connection', () => {
  it('while others stand is waited for, and asked for no more for a minute', async () => {
    const { hop, host, server } = await slowHop();
    hop.most = 2;
    const it = bench({ 'smtp-forward-idle': '3600' });
    const sent = names(6).map((sender) => it.send([host], { sender }));
    for (let i = 0; i < 6; i++) await hop.answer();
    for (const outcome of await Promise.all(sent)) expect(outcome.kind).toBe('delivered');
    expect(hop.peak).toBe(2);
    const turnedAway = hop.turnedAway;
    expect(turnedAway).toBeLessThanOrEqual(4);
    expect(new Set(it.log.short)).toEqual(
      new Set(['info next hop takes no more connections, waiting for one of those there are']),
    );
    const again = names(4).map((sender) => it.send([host], { sender }));
    for (let i = 0; i < 4; i++) await hop.answer();
    for (const outcome of await Promise.all(again)) expect(outcome.kind).toBe('delivered');
    expect(hop.turnedAway).toBe(turnedAway);
    await nothingLeft(it, server);
  });

  it('alone is as it was: the next host gets the message, else it is refused', async () => {
    const { hop, host, server } = await slowHop();
    hop.most = 0;
    const sink = await NextHop.start();
    closing.push(() => sink.close());
    const it = bench();
    expect(await it.send([host, sink.target])).toMatchObject({ kind: 'delivered', host: sink.target });
    expect(await it.send([host])).toMatchObject({ kind: 'refused', stage: 'banner', code: 421 });
    await nothingLeft(it, server);
  });

  it('is heard when no connection becomes free in time', async () => {
    const { hop, host, server } = await slowHop();
    hop.most = 1;
    const it = bench();
    const first = it.send([host]);
    await hop.waiting(1);
    const until = it.clock.monotonic() + 10_000;
    const { value } = await pass(it.send([host], { until }), it.clock);
    expect(value).toMatchObject({ kind: 'refused', stage: 'banner', code: 421 });
    await hop.answer();
    await first;
    await nothingLeft(it, server);
  });
});

describe('a refusal that belongs to a connection that was used', () => {
  const RETRIED = '250 ok\r\n';
  it.each([
    ['452 to MAIL', { mail: [RETRIED, '452 4.5.3 too many messages on this connection\r\n', RETRIED] }],
    ['503 to MAIL', { mail: [RETRIED, '503 5.5.1 sender already given\r\n', RETRIED] }],
    ['500 to MAIL', { mail: [RETRIED, '500 what\r\n', RETRIED] }],
    ['550 to MAIL', { mail: [RETRIED, '550 5.1.8 no\r\n', RETRIED] }],
    ['503 to RSET', { rset: '503 no\r\n' }],
    ['451 to RSET', { rset: '451 no\r\n' }],
  ] as const)('%s is tried once over a new one', async (_, script) => {
    for (const ehlo of ['250-sink\r\n250 SIZE\r\n', '250-sink\r\n250 PIPELINING\r\n']) {
      const sink = await NextHop.start({ ehlo, ...script });
      closing.push(() => sink.close());
      const it = bench();
      for (let i = 0; i < 2; i++) expect((await it.send([sink.target])).kind).toBe('delivered');
      expect(sink.connections.map((one) => one.contents.length)).toEqual([1, 1]);
      expect(it.log.short).toEqual(['info kept connection to next hop was closed']);
      it.client.close();
      await sink.allClosed(2);
      expect(it.clock.pending).toBe(0);
    }
  });

  it('is believed when the new one says so too', async () => {
    const sink = await NextHop.start({ mail: [RETRIED, '550 5.1.8 no\r\n'] });
    closing.push(() => sink.close());
    const it = bench();
    await it.send([sink.target]);
    expect(await it.send([sink.target])).toMatchObject({ kind: 'refused', stage: 'mail', code: 550 });
    expect(sink.connections).toHaveLength(2);
    it.client.close();
    await sink.allClosed(2);
  });

  it('a dead one costs 10 s, whatever smtp-command-timeout is', async () => {
    const sink = await NextHop.start({ rset: { end: 'hang' } });
    closing.push(() => sink.close());
    const it = bench({ 'smtp-command-timeout': '300' });
    await it.send([sink.target]);
    const { value, seconds } = await pass(it.send([sink.target]), it.clock);
    expect(value.kind).toBe('delivered');
    expect(seconds).toBeGreaterThanOrEqual(10);
    expect(seconds).toBeLessThan(30);
    it.client.close();
    await sink.allClosed(2);
    expect(it.clock.pending).toBe(0);
  });
});

describe('the budget of a delivery', () => {
  it.each(['banner', 'ehlo', 'mail', 'rcpt', 'data', 'dot'] as const)(
    'ends what hangs at %s',
    async (stage) => {
      const sink = await NextHop.start({ [stage]: { end: 'hang' } });
      closing.push(() => sink.close());
      const it = bench();
      const until = it.clock.monotonic() + 20_000;
      const { value, seconds } = await pass(it.send([sink.target, sink.target], { until }), it.clock);
      expect(value).toMatchObject({ kind: 'failed', code: 120 });
      expect(seconds).toBeGreaterThanOrEqual(20);
      expect(seconds).toBeLessThan(30);
      it.client.close();
      await sink.allClosed();
      expect(it.clock.pending).toBe(0);
    },
  );
});
