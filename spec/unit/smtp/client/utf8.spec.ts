// Messages with SMTPUTF8, and with bytes above 127, towards next hops that take them and such that do not (RFC 6531 section 3.2, RFC 6152).
import { afterEach, describe, expect, it } from 'vitest';
import { type HopScript, NextHop } from '../../../../src/bench/ports/next-hop.ts';
import type { Delivery } from '../../../../src/delivery/port/delivery.ts';
import type { Opened } from '../../../../src/delivery/port/held.ts';
import { bench, type OptionTexts, source, to } from './support.ts';

const octets = (text: string): string => Buffer.from(text).toString('latin1');
const U_LOCAL = octets('bücher@example.com');
const U_DOMAIN = octets('b@exämple.com');
const A_DOMAIN = 'b@xn--exmple-cua.com';
const ASCII = 'a@example.com';
const HEADER = source(octets('Subject: ü\r\n\r\nx\r\n'));
const WITH: HopScript = { ehlo: '250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n' };
const WITHOUT: HopScript = { ehlo: '250-sink\r\n250 8BITMIME\r\n' };

const hops: NextHop[] = [];
afterEach(async () => {
  for (const hop of hops.splice(0)) await hop.close();
});
async function start(script: HopScript): Promise<NextHop> {
  const hop = await NextHop.start(script);
  hops.push(hop);
  return hop;
}

const said = (hop: NextHop): readonly string[] =>
  hop.commands.filter((line) => /^(MAIL|RCPT|DATA)/.test(line));

interface Sent {
  readonly sender?: string;
  readonly rcpts?: readonly string[];
  readonly header?: boolean;
  readonly utf8?: boolean;
  readonly all?: boolean;
}

/** Sends, and tells the kind of the outcome with its code, and what the next hops were told. */
async function send(
  scripts: readonly HopScript[],
  { all = true, header = false, rcpts = [ASCII], sender = ASCII, utf8 = true }: Sent,
  options: OptionTexts = {},
): Promise<readonly [string, ...(readonly string[])[]]> {
  const it_ = bench(options);
  const all_ = await Promise.all(scripts.map(start));
  const changes: Partial<Delivery> = {
    sender,
    recipients: to(...rcpts),
    parameters: utf8 ? { SMTPUTF8: true } : undefined,
    allRecipients: all,
    ...(header ? { message: HEADER, eightBit: true, utf8Headers: true } : {}),
  };
  const outcome = await it_.send(
    all_.map((hop) => hop.target),
    changes,
  );
  it_.client.close();
  expect(outcome.rcpts.map(({ recipient }) => recipient)).toEqual(changes.recipients);
  const replies = outcome.rcpts.map(({ code }) => code).join(' ');
  return [`${outcome.kind} ${outcome.kind === 'failed' ? '' : outcome.code} [${replies}]`, ...all_.map(said)];
}

const mail = (sender: string, parameters: string, ...rcpts: readonly string[]): readonly string[] => [
  `MAIL FROM:<${sender}>${parameters}`,
  ...rcpts.map((address) => `RCPT TO:<${address}>`),
  'DATA',
];

describe('a message with SMTPUTF8', () => {
  it('to a next hop that offers it: passed on where it is needed, with BODY=8BITMIME', async () => {
    const need = ' BODY=8BITMIME SMTPUTF8';
    expect(await send([WITH], { sender: U_LOCAL })).toEqual([
      'delivered 250 [250]',
      mail(U_LOCAL, need, ASCII),
    ]);
    expect(await send([WITH], { rcpts: [U_DOMAIN] })).toEqual([
      'delivered 250 [250]',
      mail(ASCII, need, U_DOMAIN),
    ]);
    expect(await send([WITH], { header: true })).toEqual(['delivered 250 [250]', mail(ASCII, need, ASCII)]);
    expect(await send([WITH], {})).toEqual(['delivered 250 [250]', mail(ASCII, '', ASCII)]);
    // The client has not said it: the header goes as it always did.
    expect(await send([WITH], { header: true, utf8: false })).toEqual([
      'delivered 250 [250]',
      mail(ASCII, ' BODY=8BITMIME', ASCII),
    ]);
  });

  it('to one that does not: domains in A-labels, and nothing else is changed', async () => {
    expect(await send([WITHOUT], { sender: U_DOMAIN, rcpts: [U_DOMAIN, ASCII] })).toEqual([
      'delivered 250 [250 250]',
      mail(A_DOMAIN, '', A_DOMAIN, ASCII),
    ]);
    expect(await send([WITHOUT], { sender: U_LOCAL })).toEqual(['refused 554 [0]', []]);
    expect(await send([WITHOUT], { header: true })).toEqual(['refused 554 [0]', []]);
    expect(await send([WITHOUT], { sender: U_DOMAIN, header: true })).toEqual(['refused 554 [0]', []]);
    expect(await send([WITHOUT], { rcpts: [U_LOCAL] })).toEqual(['refused 554 [0]', []]);
    expect(await send([WITHOUT], {})).toEqual(['delivered 250 [250]', mail(ASCII, '', ASCII)]);
  });

  it('recipients that cannot be said are refused with 553: nothing is sent, or to the others where that may be', async () => {
    const rcpts = [ASCII, U_LOCAL, U_DOMAIN];
    expect(await send([WITHOUT], { rcpts })).toEqual(['refused 553 [0 553 0]', []]);
    expect(await send([WITHOUT], { rcpts, all: false })).toEqual([
      'delivered 250 [250 553 250]',
      mail(ASCII, '', ASCII, A_DOMAIN),
    ]);
  });

  it('another of several next hops that offers it gets it first', async () => {
    expect(await send([WITHOUT, WITH], { sender: U_LOCAL })).toEqual([
      'delivered 250 [250]',
      [],
      mail(U_LOCAL, ' BODY=8BITMIME SMTPUTF8', ASCII),
    ]);
    expect(await send([WITHOUT, WITHOUT], { sender: U_LOCAL })).toEqual(['refused 554 [0]', [], []]);
    // One that is not there may offer it: there is hope.
    const down: HopScript = { banner: '421 4.3.2 later\r\n' };
    expect((await send([down, WITHOUT], { sender: U_LOCAL }))[0]).toBe('refused 421 [0]');
  });

  it('tells of it once, and keeps the connection', async () => {
    const it_ = bench();
    const hop = await start(WITHOUT);
    const changes = { sender: U_LOCAL, parameters: { SMTPUTF8: true } as const };
    for (let i = 0; i < 2; i++) {
      const outcome = await it_.send([hop.target], changes);
      expect(outcome).toMatchObject({ kind: 'refused', stage: 'mail', lacks: 'SMTPUTF8' });
    }
    expect(hop.connections.length).toBe(1);
    expect(it_.log.lines.filter(({ message }) => message === 'next hop cannot have the message').length).toBe(
      2,
    );
    expect((await it_.send([hop.target])).kind).toBe('delivered');
    expect(hop.connections.length).toBe(1);
    it_.client.close();
  });

  it('an address in UTF-8 without it is none', async () => {
    expect(await send([WITH], { sender: U_LOCAL, utf8: false })).toEqual(['failed  [0]', []]);
  });

  it('remembers what a next hop has offered', async () => {
    const it_ = bench();
    const hop = await start(WITH);
    const place = { host: '127.0.0.1', port: hop.port };
    expect(it_.offers.of(place)).toBeUndefined();
    await it_.send([hop.target]);
    expect([it_.offers.of(place)?.has('SMTPUTF8'), it_.offers.of(place)?.has('DSN')]).toEqual([true, false]);
    it_.client.close();
  });
});

describe('a held transaction with SMTPUTF8', () => {
  const signal = new AbortController().signal;
  const limits = { until: Number.MAX_SAFE_INTEGER, signal };

  async function open(script: HopScript, sender: string): Promise<readonly [NextHop, Opened, () => void]> {
    const it_ = bench();
    const hop = await start(script);
    const parameters = { SMTPUTF8: true } as const;
    const opened = await it_.client.open({ hosts: [hop.target], sender, parameters, id: 'T1' }, signal);
    return [hop, opened, () => it_.client.close()];
  }

  it('says it at MAIL where it is offered, as headers may need it', async () => {
    const [hop, opened, close] = await open(WITH, ASCII);
    if (opened.kind !== 'held') throw new Error(opened.kind);
    const recipients = to(U_LOCAL);
    expect((await opened.held.rcpt(recipients[0] ?? expect.fail(), limits)).kind).toBe('yes');
    const content = { message: HEADER, eightBit: true, utf8Headers: true, recipients };
    expect(opened.held.fits(content)).toBe(true);
    expect((await opened.held.content(content, limits)).kind).toBe('delivered');
    expect(said(hop)).toEqual(mail(ASCII, ' BODY=8BITMIME SMTPUTF8', U_LOCAL));
    close();
  });

  it('goes in ASCII where it is not, as far as that goes', async () => {
    const [hop, opened, close] = await open(WITHOUT, U_DOMAIN);
    if (opened.kind !== 'held') throw new Error(opened.kind);
    const [local = expect.fail(), domain = expect.fail()] = to(U_LOCAL, U_DOMAIN);
    expect(await opened.held.rcpt(local, limits)).toMatchObject({ kind: 'refused', code: 553 });
    expect(opened.held.alive).toBe(true);
    expect((await opened.held.rcpt(domain, limits)).kind).toBe('yes');
    const content = { message: source('A: 1\r\n\r\n'), eightBit: false, recipients: [domain] };
    expect(opened.held.fits({ ...content, eightBit: true, utf8Headers: true })).toBe(false);
    expect(opened.held.fits(content)).toBe(true);
    const outcome = await opened.held.content(content, limits);
    expect([outcome.kind, outcome.rcpts.map(({ recipient }) => recipient)]).toEqual(['delivered', [domain]]);
    expect(said(hop)).toEqual(mail(A_DOMAIN, '', A_DOMAIN));
    close();
    const [other, refused, end] = await open(WITHOUT, U_LOCAL);
    expect(refused).toMatchObject({ kind: 'refused', code: 554, lacks: 'SMTPUTF8' });
    expect(said(other)).toEqual([]);
    end();
  });
});

describe('bytes above 127 and a next hop without 8BITMIME', () => {
  const PLAIN: HopScript = { ehlo: '250 sink\r\n' };
  const eight = { utf8: false, header: true } as const;

  it('go as they are, or are refused by smtp-eight-bit=refuse', async () => {
    expect(await send([PLAIN], eight)).toEqual(['delivered 250 [250]', mail(ASCII, '', ASCII)]);
    const refuse = { 'smtp-eight-bit': 'refuse' };
    expect(await send([PLAIN], eight, refuse)).toEqual(['refused 554 [0]', []]);
    expect(await send([PLAIN], { utf8: false }, refuse)).toEqual([
      'delivered 250 [250]',
      mail(ASCII, '', ASCII),
    ]);
    for (const [word, fits] of [
      ['pass', true],
      ['refuse', false],
    ] as const) {
      const it_ = bench({ 'smtp-eight-bit': word });
      const hop = await start(PLAIN);
      const opened = await it_.client.open(
        { hosts: [hop.target], sender: ASCII, id: 'T1' },
        new AbortController().signal,
      );
      if (opened.kind !== 'held') throw new Error(opened.kind);
      expect(opened.held.fits({ message: HEADER, eightBit: true, recipients: [] })).toBe(fits);
      it_.client.close();
    }
    expect(await send([PLAIN, WITHOUT], eight, refuse)).toEqual([
      'delivered 250 [250]',
      [],
      mail(ASCII, ' BODY=8BITMIME', ASCII),
    ]);
  });
});
