// A transaction that is held open: what is said when, what its answers mean, and that nothing of it is left.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HopScript, NextHop } from '../../../../src/bench/ports/next-hop.ts';
import type { Held, HeldContent, Opened } from '../../../../src/delivery/port/held.ts';
import { type Bench, bench, delivery, MESSAGE, source, to, turns } from './support.ts';

const hops: NextHop[] = [];
const benches: Bench[] = [];
afterEach(async () => {
  for (const one of benches.splice(0)) one.client.close();
  for (const hop of hops.splice(0)) await hop.close();
});

const PIPELINING = { ehlo: '250-sink\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 PIPELINING\r\n' };
const [bob, eve] = to('bob@example.org', 'eve@example.org');
// One for each test: a client has a listener at each signal, for as long as that lives.
let { signal } = new AbortController();
beforeEach(() => {
  ({ signal } = new AbortController());
});

async function start(script: HopScript = {}): Promise<{ hop: NextHop; made: Bench }> {
  const hop = await NextHop.start(script);
  const made = bench();
  hops.push(hop);
  benches.push(made);
  return { hop, made };
}

const limits = (made: Bench) => ({ until: made.clock.monotonic() + 60_000, signal });

function open(made: Bench, hosts: readonly string[], parameters = {}): Promise<Opened> {
  const { id, sender } = delivery(hosts);
  return made.client.open({ hosts, id, sender, parameters, until: limits(made).until }, signal);
}

async function held(made: Bench, hop: NextHop, parameters = {}): Promise<Held> {
  const opened = await open(made, [hop.target], parameters);
  if (opened.kind !== 'held') throw new Error(JSON.stringify(opened));
  return opened.held;
}

const content = (changes: Partial<HeldContent> = {}): HeldContent => ({
  message: source(MESSAGE),
  eightBit: false,
  recipients: [bob ?? never()],
  ...changes,
});

function never(): never {
  throw new Error('there is one');
}

describe('a held transaction', () => {
  it('says MAIL, RCPT and the content when it is told to, over one connection that is kept', async () => {
    const { hop, made } = await start(PIPELINING);
    for (let i = 0; i < 2; i++) {
      const one = await held(made, hop, { SIZE: 500 });
      expect(await one.rcpt(bob ?? never(), limits(made))).toMatchObject({ kind: 'yes', code: 250 });
      expect(one.fits(content())).toBe(true);
      expect(await one.content(content(), limits(made))).toMatchObject({
        kind: 'delivered',
        text: '250 queued',
        rcpts: [{ recipient: bob, code: 250 }],
      });
    }
    expect(hop.connections).toHaveLength(1);
    expect(hop.commands).toEqual([
      'EHLO mx.client.example',
      'MAIL FROM:<alice@example.com> SIZE=500',
      'RCPT TO:<bob@example.org>',
      'DATA',
      'RSET',
      'MAIL FROM:<alice@example.com> SIZE=500',
      'RCPT TO:<bob@example.org>',
      'DATA',
    ]);
    expect(made.client.idleConnections).toBe(1);
    expect(made.clock.pending).toBe(1);
  });

  it('asks about no more recipients than the next hop takes of a message', async () => {
    const { hop, made } = await start({ ehlo: '250-sink\r\n250 LIMITS RCPTMAX=1\r\n' });
    const one = await held(made, hop);
    await one.rcpt(bob ?? never(), limits(made));
    expect(await one.rcpt(eve ?? never(), limits(made))).toMatchObject({
      ...{ kind: 'refused', stage: 'rcpt', code: 452 },
      text: '452 4.5.3 the next hop takes 1 recipients of a message',
    });
    expect(hop.commands.filter((line) => line.startsWith('RCPT'))).toHaveLength(1);
    expect(await one.content(content(), limits(made))).toMatchObject({ kind: 'delivered' });
  });

  it.each([
    ['the message is larger than MAIL said', { SIZE: 10 }, {}],
    ['it is larger than the next hop takes', {}, { message: source('x'.repeat(1001)) }],
    ['it has bytes above 127, and MAIL did not say so', {}, { eightBit: true }],
    ['another recipient was added', {}, { recipients: [bob ?? never(), eve ?? never()] }],
    ['a recipient was taken away', {}, { recipients: [] }],
  ])('does not fit when %s', async (_, parameters, changes) => {
    const { hop, made } = await start(PIPELINING);
    const one = await held(made, hop, parameters);
    await one.rcpt(bob ?? never(), limits(made));
    expect(one.fits(content(changes))).toBe(false);
    one.giveBack();
  });

  it('given back, it takes nothing from whoever has the connection now', async () => {
    const { hop, made } = await start();
    const one = await held(made, hop);
    await one.rcpt(bob ?? never(), limits(made));
    one.giveBack();
    while (made.client.idleConnections === 0) await turns(1);
    const two = await held(made, hop);
    const asked = two.rcpt(bob ?? never(), limits(made));
    expect(await one.content(content(), limits(made))).toMatchObject({ kind: 'failed', stage: 'data' });
    one.giveBack();
    one.handOver();
    expect(await asked).toMatchObject({ kind: 'yes' });
    two.giveBack();
    expect(hop.connections).toHaveLength(1);
  });

  it('a refused recipient leaves the others as they are', async () => {
    const { hop, made } = await start({ rcpt: ['550 5.1.1 no\r\n', '250 ok\r\n'] });
    const one = await held(made, hop);
    expect(await one.rcpt(eve ?? never(), limits(made))).toMatchObject({
      ...{ kind: 'refused', stage: 'rcpt', code: 550, text: '550 5.1.1 no' },
      rcpts: [{ recipient: eve, code: 550 }],
    });
    expect(await one.rcpt(bob ?? never(), limits(made))).toMatchObject({ kind: 'yes' });
    expect(await one.content(content(), limits(made))).toMatchObject({ kind: 'delivered' });
    expect(hop.connections[0]?.contents).toHaveLength(1);
  });

  it('given back: RSET, and the connection serves the next one', async () => {
    const { hop, made } = await start();
    const one = await held(made, hop);
    await one.rcpt(bob ?? never(), limits(made));
    one.giveBack();
    one.giveBack();
    await hop.saw('RSET');
    while (made.client.idleConnections === 0) await turns();
    expect(one.alive).toBe(false);
    await (await held(made, hop)).content(content({ recipients: [] }), limits(made));
    expect(hop.connections).toHaveLength(1);
  });

  it('a client that says nothing for smtp-forward-idle loses it', async () => {
    const { hop, made } = await start();
    const one = await held(made, hop);
    made.clock.advance(30_000);
    await hop.saw('RSET');
    while (made.client.idleConnections === 0) await turns();
    expect(one.alive).toBe(false);
    expect(await one.rcpt(bob ?? never(), limits(made))).toMatchObject({ kind: 'failed', stage: 'rcpt' });
  });

  it('a client that says nothing loses it in two seconds when somebody waits for it', async () => {
    const hop = await NextHop.start();
    const made = bench({ 'smtp-forward-parallel': '1' });
    hops.push(hop);
    benches.push(made);
    const one = await held(made, hop);
    const waiting = held(made, hop);
    await turns();
    expect(one.alive).toBe(true);
    made.clock.advance(2000);
    const other = await waiting;
    expect([one.alive, other.alive]).toEqual([false, true]);
    // Nobody waits now: it keeps it for all of smtp-forward-idle.
    made.clock.advance(28_000);
    expect(other.alive).toBe(true);
    other.giveBack();
    await turns(20);
    expect(hop.connections).toHaveLength(1);
  });

  it.each([
    ['closes', (hop: NextHop) => hop.hangUp()],
    ['says 421', (hop: NextHop) => hop.say('421 4.3.2 bye\r\n')],
    ['says 250', (hop: NextHop) => hop.say('250 ok\r\n')],
    ['says half a line', (hop: NextHop) => hop.say('250')],
  ])('is over when the next hop %s although nobody asked', async (_, act) => {
    const { hop, made } = await start();
    const one = await held(made, hop);
    await one.rcpt(bob ?? never(), limits(made));
    act(hop);
    while (one.alive) await turns();
    expect(await one.content(content(), limits(made))).toMatchObject({ kind: 'failed', stage: 'data' });
    expect(hop.commands).not.toContain('DATA');
    await hop.allClosed();
    expect(made.clock.pending).toBe(0);
  });

  it.each([
    ['4xx', '451 4.7.1 later\r\n', { kind: 'refused', stage: 'mail', code: 451 }],
    ['5xx', '550 5.7.1 no\r\n', { kind: 'refused', stage: 'mail', code: 550 }],
    ['421', '421 4.3.2 bye\r\n', { kind: 'refused', stage: 'mail', code: 421 }],
    ['354', '354 go\r\n', { kind: 'refused', stage: 'mail', code: 354 }],
    ['garbage', 'what?\r\n', { kind: 'failed', stage: 'mail' }],
    ['nothing, and closes', null, { kind: 'failed', stage: 'mail' }],
  ])('MAIL answered with %s is not held', async (_, mail, outcome) => {
    const { hop, made } = await start({ mail });
    expect(await open(made, [hop.target])).toMatchObject(outcome);
    made.client.close();
    await hop.allClosed();
    expect(made.clock.pending).toBe(0);
  });

  it('421 at MAIL: the next host is asked', async () => {
    const { hop } = await start({ mail: '421 4.3.2 bye\r\n' });
    const { hop: other, made } = await start();
    const opened = await open(made, [hop.target, other.target]);
    expect(opened).toMatchObject({ kind: 'held', held: { host: other.target, alive: true } });
  });

  it('hangs no longer than it may', async () => {
    const { hop, made } = await start({ rcpt: { end: 'hang' } });
    const one = await held(made, hop);
    const asked = one.rcpt(bob ?? never(), { until: made.clock.monotonic() + 5000, signal });
    await hop.saw('RCPT');
    made.clock.advance(5000);
    expect(await asked).toMatchObject({ kind: 'failed', code: 120 });
    await hop.allClosed();
    expect(made.clock.pending).toBe(0);
  });
});
